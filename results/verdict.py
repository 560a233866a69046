"""Pass, fail or inconclusive, and why. Pure.

A run whose testbed was not faithful, or whose records are not whole, is inconclusive: neither passed nor failed.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, fields, is_dataclass
from types import MappingProxyType
from typing import Any, get_type_hints

from results.plan import Comparison, Expectation
from results.summary import Check, ExpectationRow, Findings, Media, Summary, Verdict, conclude

COMPARE: Mapping[Comparison, Callable[[float, float], bool]] = MappingProxyType(
    {"<": operator.lt, "<=": operator.le, "==": operator.eq, "!=": operator.ne, ">=": operator.ge, ">": operator.gt}
)

NO_INTERRUPTION: Mapping[Comparison, bool] = MappingProxyType({"<": True, "<=": True, ">=": False, ">": False})
"""How an expectation on the length of interruptions ends where media was measured and nothing was interrupted."""


def judge(findings: Findings, expectations: Sequence[Expectation]) -> Summary:
    """The findings with their verdict: doubt first, then failure, then pass."""
    rows = [evaluate(expectation, findings) for expectation in expectations]
    verdict, reasons = _verdict(findings, rows)
    return conclude(findings, verdict, reasons, rows)


def evaluate(expectation: Expectation, findings: Findings) -> ExpectationRow:
    """Compare the metric with the expectation; a list counts as its length."""
    value = _lookup(asdict(findings), expectation.metric)
    ok = (
        _undecided(expectation, findings)
        if value is None
        else COMPARE[expectation.comparison](value, expectation.value)
    )
    metric, comparison, limit = expectation.metric, expectation.comparison, expectation.value
    return ExpectationRow(expectation.text, metric, comparison, limit, value, ok)


def metric_units() -> dict[str, str]:
    """Every metric of the media that an expectation may name, with its unit: `ms`, `%` or none."""
    return {f"media.{name}": _unit(name) for name in _leaves(Media)} | {"reroutes": ""}


def _verdict(findings: Findings, rows: Sequence[ExpectationRow]) -> tuple[Verdict, list[str]]:
    doubts = [
        *findings.problems,
        *(_broken(check) for check in findings.fidelity if not check.ok),
        *(f"{row.metric} is unknown, so “{row.text}” cannot be decided" for row in rows if row.ok is None),
    ]
    if doubts:
        return "inconclusive", doubts
    failures = [f"expected {row.text}, found {_said(row.value)}" for row in rows if not row.ok]
    if failures:
        return "fail", failures
    return "pass", [f"expectations met: {len(rows)}; fidelity checks passed: {len(findings.fidelity)}"]


def _broken(check: Check) -> str:
    if check.value is None:
        return f"{check.check}: unknown"
    unit = f" {check.unit}" if check.unit else ""
    return f"{check.check}: {check.value:g}{unit}, at most {check.limit:g}{unit} allowed"


def _said(value: float | None) -> str:
    return "no interruption" if value is None else f"{value:g}"


def _undecided(expectation: Expectation, findings: Findings) -> bool | None:
    lengths = expectation.metric.startswith("media.interruption_ms.")
    return NO_INTERRUPTION.get(expectation.comparison) if lengths and findings.media.sent else None


def _lookup(document: Any, metric: str) -> float | None:
    value = document
    for key in metric.split("."):
        if isinstance(value, list) and key.isdecimal():
            value = value[int(key)] if int(key) < len(value) else None
        else:
            value = value.get(key) if isinstance(value, dict) else None
    if isinstance(value, list):
        return len(value)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _leaves(of: type) -> Iterator[str]:
    hints = get_type_hints(of)
    for field in fields(of):
        if is_dataclass(hints[field.name]):
            yield from (f"{field.name}.{leaf}" for leaf in _leaves(hints[field.name]))
        else:
            yield field.name


def _unit(name: str) -> str:
    stem = name.split(".", maxsplit=1)[0]
    return "ms" if stem.endswith("_ms") else "%" if stem.endswith("_percent") else ""
