"""Results of sweeps, made by hand."""

from __future__ import annotations

from results.comparison.values import Measured, RunValues
from results.sweeps.result import AxisValue, SweepResult
from results.verdict.summary import Verdict


def values(verdict: Verdict, longest_ms: float | None = 0.0, run: str = "runs/a/b") -> RunValues:
    measured = Measured(longest_ms, longest_ms, longest_ms, "lower")
    reasons = [f"it is {verdict}"]
    return RunValues(run, "one-blip", 1, verdict, reasons, False, [], {"media.interruption_ms.max": measured})


def result(
    point: dict[str, AxisValue], verdict: Verdict, longest_ms: float | None = 0.0, key: str = "", repeat: int = 0
) -> SweepResult:
    name = key or f"{'-'.join(map(str, point.values()))}-{repeat}"
    return SweepResult(name, point, repeat, 1, "here", 1.0, values(verdict, longest_ms, f"runs/{name}"))
