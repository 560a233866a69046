"""The results of a sweep as one table, a row for each run. Pure but for the writing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from results.run_files.records import write_columns
from results.sweeps.result import SweepResult
from results.sweeps.steps import Number, value_text

_METRIC_PARTS = ("value", "low", "high")


def write_table(target: Path, results: Sequence[SweepResult], number: Number) -> None:
    """Write the table as Parquet. OSError."""
    write_columns(target, columns(results, number))


def columns(results: Sequence[SweepResult], number: Number) -> Mapping[str, Sequence[object]]:
    """The columns: the run; `axis.<name>` as text, and `axis.<name>.number` where all values are numbers; every metric,
    and with `.low` and `.high` the bounds within which the machine's doings can have moved it. Null: unknown, or no
    bound."""
    found: dict[str, Sequence[object]] = {
        "key": [each.key for each in results],
        "verdict": [each.verdict for each in results],
        "reason": [next(iter(each.played.reasons), "") for each in results],
        "failed_to_end": [each.played.failed for each in results],
        "scenario": [each.played.scenario for each in results],
        "seed": [each.played.seed for each in results],
        "repeat": [each.repeat for each in results],
        "attempts": [each.attempts for each in results],
        "machine": [each.machine for each in results],
        "seconds": [each.seconds for each in results],
        "run": [each.played.run for each in results],
    }
    for name in dict.fromkeys(name for each in results for name in each.point):
        values = [each.point.get(name) for each in results]
        numbers = [None if value is None else number(value) for value in values]
        found[f"axis.{name}"] = [None if value is None else value_text(value) for value in values]
        if all(one is not None for one, value in zip(numbers, values, strict=True) if value is not None):
            found[f"axis.{name}.number"] = [None if one is None else float(one) for one in numbers]
    for metric in dict.fromkeys(metric for each in results for metric in each.played.values):
        measured = [each.played.values.get(metric) for each in results]
        for part in _METRIC_PARTS:
            name = metric if part == "value" else f"{metric}.{part}"
            found[name] = [None if one is None else _float(getattr(one, part)) for one in measured]
    return found


def _float(value: float | None) -> float | None:
    return None if value is None else float(value)
