"""Pass, fail or inconclusive, and why. Pure.

A run whose testbed was not faithful, or whose records are not whole, is inconclusive: neither passed nor failed.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import asdict
from types import MappingProxyType
from typing import Any

from results.fidelity.checks import CheckId, FidelityCheck
from results.metrics.system_figures import MachineFigures
from results.run_files.plan import Comparison, Expectation
from results.verdict.summary import ExpectationRow, Findings, Summary, Verdict, conclude

MUCH_PERCENT = 20.0
"""Of the machine's processor time in a second: what other programs take beyond it is worth a word."""

STOLEN_PERCENT = 5.0
"""Of a core's second: 50 ms, in one piece, are."""

_CLOCK_STEP: CheckId = "clock-step"
_STEAL: Set[CheckId] = frozenset(("steal", "steal-second"))


def advice(broken: Sequence[FidelityCheck], machine: MachineFigures | None) -> Iterator[str]:
    """Sentences; none where a value is unknown."""
    measured = {check.id for check in broken if check.value is not None}
    if _CLOCK_STEP in measured:
        yield "somebody set the machine's clock: let nothing but a slewing time service set it while runs last"
    found_late = bool(measured - _STEAL - {_CLOCK_STEP})
    culprits = list(_culprits(machine)) if found_late and machine else []
    if measured & _STEAL and not culprits:
        yield "the machine's host kept the processor for others: run it again when the host is quieter"
    yield from culprits
    if found_late and not culprits:
        yield from _about_load(machine)


def _culprits(machine: MachineFigures) -> Iterator[str]:
    """Who took the processor from the run, if somebody did."""
    others, stolen = machine.others, machine.stolen
    if others.percent >= MUCH_PERCENT:
        took = f"other programs took {others.percent:g} % of the processor in the second after {others.at:.0f} s"
        yield f"{took}: end them, or run it again when the machine is quieter"
    if stolen.percent >= STOLEN_PERCENT:
        kept = (
            f"the machine's host kept {stolen.percent:g} % of a core for others in the second after {stolen.at:.0f} s"
        )
        yield f"{kept}: run it again when the host is quieter"


def _about_load(machine: MachineFigures | None) -> Iterator[str]:
    if machine:
        yield f"the busiest core was used to {machine.core.percent:g} % in the second after {machine.core.at:.0f} s"
    yield "if that happens again this machine cannot carry the load: lower sessions.*.count, or use voice-100ms"


COMPARE: Mapping[Comparison, Callable[[float, float], bool]] = MappingProxyType(
    {"<": operator.lt, "<=": operator.le, "==": operator.eq, "!=": operator.ne, ">=": operator.ge, ">": operator.gt}
)

NO_INTERRUPTION: Mapping[Comparison, bool] = MappingProxyType({"<": True, "<=": True, ">=": False, ">": False})
"""How an expectation on the length of interruptions ends where media was measured and nothing was interrupted."""


def judge(findings: Findings, problems: Sequence[str], expectations: Sequence[Expectation]) -> Summary:
    """The findings with their verdict: doubt first, then failure, then the undecided, then pass.

    `problems`: why the records are not whole, one sentence each; any is reason enough not to judge the media.
    """
    rows = [evaluate(expectation, findings) for expectation in expectations]
    verdict, reasons = _verdict(findings, problems, rows)
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


def _verdict(findings: Findings, problems: Sequence[str], rows: Sequence[ExpectationRow]) -> tuple[Verdict, list[str]]:
    if problems and not findings.media.sent:
        return "inconclusive", [*problems]
    doubts = [*problems, *(_broken(check) for check in findings.fidelity if not check.ok)]
    undecided = [f"{row.metric} is unknown, so “{row.text}” cannot be decided" for row in rows if row.ok is None]
    failures = [f"expected {row.text}, found {_said(row.value)}" for row in rows if row.ok is False]
    if doubts:
        broken = [check for check in findings.fidelity if not check.ok]
        return "inconclusive", [*doubts, *undecided, *advice(broken, findings.machine)]
    if failures:
        return "fail", [*failures, *undecided]
    if undecided:
        return "inconclusive", undecided
    return "pass", [f"expectations met: {len(rows)}; fidelity checks passed: {len(findings.fidelity)}"]


def _broken(check: FidelityCheck) -> str:
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
