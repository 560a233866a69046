"""The verdict on a run (pass, fail or inconclusive), its reasons, and advice. Pure.

A run whose testbed was not faithful, or whose records are incomplete, is inconclusive: neither passed nor failed.
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
from results.verdict.summary import RUN_FAILED, ExpectationRow, Findings, Summary, Verdict, conclude

OTHERS_PERCENT = 20.0
"""Least share of all processor time in a second at which other programs are named as a cause of lateness."""

STOLEN_PERCENT = 5.0
"""Least steal of a core in a second to be named: 50 ms, which in one piece delays media by 2.5 packet intervals."""

_CLOCK_STEP: CheckId = "clock-step"
_STEAL: Set[CheckId] = frozenset(("steal", "steal-second"))


def advice(broken: Sequence[FidelityCheck], machine: MachineFigures | None) -> Iterator[str]:
    """Sentences on what to change so that a run becomes conclusive; none on checks whose value is unknown.

    `broken`: the checks that do not hold.
    """
    measured = {check.id for check in broken if check.value is not None}
    if _CLOCK_STEP in measured:
        yield "somebody set the machine's clock: let nothing but a slewing time service set it while runs last"
    found_late = bool(measured - _STEAL - {_CLOCK_STEP})
    competitors = list(_competitors(machine)) if found_late and machine else []
    if measured & _STEAL and not competitors:
        yield "the machine's host kept the processor for others: run it again when the host is quieter"
    yield from competitors
    if found_late and not competitors:
        yield from _about_load(machine)


def _competitors(machine: MachineFigures) -> Iterator[str]:
    """Sentences on who else used the processor: other programs, or the machine's host."""
    others, stolen = machine.others, machine.stolen
    if others.percent >= OTHERS_PERCENT:
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
"""Whether an expectation on the length of interruptions holds if media was measured and nothing was interrupted: any
upper bound does, no lower bound does; an equation is undecided."""


def judge(findings: Findings, problems: Sequence[str], expectations: Sequence[Expectation]) -> Summary:
    """Give findings their verdict. `problems`: why the records are incomplete, one sentence each.

    Doubts about testbed or records come before failures: a late sender or a missing file can cause an interruption as
    well as hide one, so that figures then support neither pass nor fail. Failures come before undecided expectations:
    one that does not hold suffices to fail.
    """
    rows = [evaluate(expectation, findings) for expectation in expectations]
    verdict, reasons = _verdict(findings, problems, rows)
    return conclude(findings, verdict, reasons, rows)


def evaluate(expectation: Expectation, findings: Findings) -> ExpectationRow:
    """Compare an expectation with the metric it names; a list stands for its length."""
    value = _lookup(asdict(findings), expectation.metric)
    ok = (
        _undecided(expectation, findings)
        if value is None
        else COMPARE[expectation.comparison](value, expectation.value)
    )
    metric, comparison, limit = expectation.metric, expectation.comparison, expectation.value
    return ExpectationRow(expectation.text, metric, comparison, limit, value, ok)


def _verdict(findings: Findings, problems: Sequence[str], rows: Sequence[ExpectationRow]) -> tuple[Verdict, list[str]]:
    if problems and (not findings.media.sent or problems[0].startswith(RUN_FAILED)):
        return "inconclusive", [*problems]
    broken = [check for check in findings.fidelity if not check.ok]
    doubts = [*problems, *map(_limit_sentence, broken)]
    undecided = [f"{row.metric} is unknown, so “{row.text}” cannot be decided" for row in rows if row.ok is None]
    failures = [f"expected {row.text}, found {_value_text(row.value)}" for row in rows if row.ok is False]
    if doubts:
        return "inconclusive", [*doubts, *undecided, *advice(broken, findings.machine)]
    if failures:
        return "fail", [*failures, *undecided]
    if undecided:
        return "inconclusive", undecided
    return "pass", [f"expectations met: {len(rows)}; fidelity checks passed: {len(findings.fidelity)}"]


def _limit_sentence(check: FidelityCheck) -> str:
    if check.value is None:
        return f"{check.check}: unknown"
    unit = f" {check.unit}" if check.unit else ""
    return f"{check.check}: {check.value:g}{unit}, at most {check.limit:g}{unit} allowed"


def _value_text(value: float | None) -> str:
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
