"""The verdict on a run (pass, fail or inconclusive), its reasons, and advice. Pure."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import asdict
from types import MappingProxyType
from typing import Any

from results.bounds.interval import UNBOUNDED, Interval, decided
from results.fidelity.checks import CheckId, FidelityCheck
from results.metrics.machine_summary import MachineFigures, WorstSecond
from results.run_files.plan import Comparison, Expectation
from results.verdict.part_values import no_length
from results.verdict.summary import RUN_FAILED, ExpectationRow, Findings, Summary, Verdict, conclude
from results.verdict.summary_names import MEASURED_OF_THE_MACHINE, NAMED_BY, ROWS
from results.verdict.value_text import found_text, number_text

OTHERS_PERCENT = 20.0
"""Least share of all processor time in a second at which other programs are named as a cause of lateness."""

STOLEN_PERCENT = 5.0
"""Least steal of a core in a second to be named: 50 ms, which in one piece delays media by 2.5 packet intervals."""

RECORDS: Set[CheckId] = frozenset(
    (
        "unmatched-packets",
        "directions-without-records",
        "client-errors",
        "event-missing",
        "event-unverified",
        "ledger-unexplained",
    )
)
"""Checks without which the records do not show what the plan says: no bounds can make up for that."""

_MOST_HOLD_UPS = 3
"""How many of the parts that were held up longest are named."""

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
        took = f"other programs took {others.percent:g} % of the processor {_when(others)}"
        yield f"{took}: end them, or run it again when the machine is quieter"
    if stolen.percent >= STOLEN_PERCENT:
        kept = f"the machine's host kept {stolen.percent:g} % of a core for others {_when(stolen)}"
        yield f"{kept}: run it again when the host is quieter"


def _when(second: WorstSecond) -> str:
    """The worst second in words. It may begin before the media, and a rounded start has no sign if it is zero."""
    start = round(second.at)
    return f"in the second after {start} s" if start >= 0 else f"in the second that began {-start} s before the media"


def _about_load(machine: MachineFigures | None) -> Iterator[str]:
    if machine:
        yield f"the busiest core was used to {machine.core.percent:g} % {_when(machine.core)}"
    yield "if that happens again this machine cannot carry the load: lower sessions.*.count, or use voice-100ms"


COMPARE: Mapping[Comparison, Callable[[float, float], bool]] = MappingProxyType(
    {"<": operator.lt, "<=": operator.le, "==": operator.eq, "!=": operator.ne, ">=": operator.ge, ">": operator.gt}
)

NO_INTERRUPTION: Mapping[Comparison, bool] = MappingProxyType({"<": True, "<=": True, ">=": False, ">": False})
"""Whether an expectation on the length of interruptions holds if media was measured and nothing was interrupted: any
upper bound does, no lower bound does; an equation is undecided. The same of packets out of
order, and of freezes, if there was none."""

LENGTHS = (
    "media.interruption_ms.",
    "media.loss_derived_ms.",
    "media.order.extent.",
    "media.order.late_ms.",
    "media.frames.freeze_ms.",
)
"""How metrics begin that are null if what they are lengths of did not happen."""


def judge(findings: Findings, problems: Sequence[str], expectations: Sequence[Expectation]) -> Summary:
    """Give findings their verdict. `problems`: why the records are incomplete, one sentence each.

    A missing file can hide an interruption as well as look like one, so that figures then support neither pass nor
    fail. Otherwise an expectation is decided if it holds, or fails, for every value within the bounds of its metric:
    one that decidedly fails suffices to fail, all must decidedly hold to pass. Where the times of hold-ups were not
    recorded, metrics have no bounds, and every doubt about the testbed makes the run inconclusive.
    """
    rows = [evaluate(expectation, findings) for expectation in expectations]
    verdict, reasons = _verdict(findings, problems, rows)
    return conclude(findings, verdict, reasons, rows)


def evaluate(expectation: Expectation, findings: Findings) -> ExpectationRow:
    """Compare an expectation with the metric it names, within its bounds; a list stands for its length."""
    metric, comparison, limit = expectation.metric, expectation.comparison, expectation.value
    value = findings.parts[metric] if metric in findings.parts else number_at(document_of(findings), metric)
    interval = interval_of(findings, metric)
    if interval is not None and interval != UNBOUNDED:
        ok = decided(interval, comparison, limit)
    elif value is None or interval is not None:
        ok = _without_interruption(expectation, findings) if value is None else None
    else:
        ok = COMPARE[comparison](value, limit)
    not_told = value is None and ok is None and _of_program(metric, findings)
    return ExpectationRow(expectation.text, metric, comparison, limit, value, interval, ok, not_told)


def interval_of(findings: Findings, metric: str) -> Interval | None:
    """The bounds of a metric; None: the run has none, or the metric is of the machine itself.

    What else the summary says has no bounds of its own: it is known only if the machine held up nothing.
    """
    if findings.bounds is None or metric.startswith(MEASURED_OF_THE_MACHINE):
        return None
    undisturbed = not findings.hold_ups and findings.doubt is None
    return findings.bounds.get(metric, None if undisturbed or not metric.startswith(tuple(ROWS)) else UNBOUNDED)


def _verdict(findings: Findings, problems: Sequence[str], rows: Sequence[ExpectationRow]) -> tuple[Verdict, list[str]]:
    if problems and (not findings.media.sent or problems[0].startswith(RUN_FAILED)):
        return "inconclusive", [*problems]
    broken = [check for check in findings.fidelity if not check.ok]
    undecided = [_undecided_sentence(row) for row in rows if row.ok is None and not row.not_told]
    not_told = [row for row in rows if row.not_told]
    failures = [f"expected {row.text}, found {found_text(row)}" for row in rows if row.ok is False]
    doubts = [*problems, *map(_limit_sentence, _deciding(broken, findings))]
    if doubts:
        return "inconclusive", [*doubts, *undecided, *advice(broken, findings.machine)]
    if failures:
        return "fail", [*failures, *undecided]
    if undecided:
        return "inconclusive", [*undecided, *_causes(findings, broken), *advice(broken, findings.machine)]
    if not_told and len(not_told) == len(rows):
        return "inconclusive", ["the relay is a program, and tells none of what is expected"]
    met = f"expectations met: {len(rows) - len(not_told)}"
    silent = f"; not told by the relay's program: {len(not_told)}" if not_told else ""
    return "pass", [f"{met}{silent}; {_checks_sentence(findings, broken)}"]


def _deciding(broken: Sequence[FidelityCheck], findings: Findings) -> list[FidelityCheck]:
    """The broken checks that bounds do not make up for: all of them if there are no bounds."""
    if findings.bounds is None:
        return list(broken)
    return [check for check in broken if check.id in RECORDS or check.value is None]


def _undecided_sentence(row: ExpectationRow) -> str:
    if row.value is None and row.interval in (None, UNBOUNDED):
        return f"{row.metric} is unknown, so “{row.text}” cannot be decided"
    return f"“{row.text}” is undecided: found {found_text(row)}"


def _causes(findings: Findings, broken: Sequence[FidelityCheck]) -> Iterator[str]:
    """Sentences on why the bounds are as wide as they are."""
    if findings.doubt:
        yield findings.doubt
    yield from map(_limit_sentence, broken)
    for row in findings.hold_ups[:_MOST_HOLD_UPS]:
        yield (
            f"held up: {row.what} for {number_text(row.total_ms)} ms in all, longest {number_text(row.longest_ms)} ms "
            f"at {row.at:.3f} s"
        )


def _checks_sentence(findings: Findings, broken: Sequence[FidelityCheck]) -> str:
    held = f"fidelity checks passed: {len(findings.fidelity) - len(broken)}"
    return f"{held} of {len(findings.fidelity)}, the others without bearing on this" if broken else held


def _limit_sentence(check: FidelityCheck) -> str:
    if check.value is None:
        return f"{check.check}: unknown"
    unit = f" {check.unit}" if check.unit else ""
    return f"{check.check}: {check.value:g}{unit}, at most {check.limit:g}{unit} allowed"


def document_of(findings: Findings) -> Mapping[str, Any]:
    """The findings as expectations name them: relays that are programs beside the others."""
    document = asdict(findings)
    return {**document, "relay": {**document["relay"], **document["programs"]}}


def _of_program(metric: str, findings: Findings) -> bool:
    of, _, rest = metric.partition(".")
    return of == "relay" and rest.partition(".")[0] in findings.programs


def _without_interruption(expectation: Expectation, findings: Findings) -> bool | None:
    lengths = expectation.metric.startswith(LENGTHS) or no_length(expectation.part)
    return NO_INTERRUPTION.get(expectation.comparison) if lengths and findings.media.sent else None


def _child(of: Any, key: str) -> Any:
    """A value of a mapping by its key, or a row by its number or by what it is called; None if there is none."""
    if not isinstance(of, list):
        return of.get(key) if isinstance(of, dict) else None
    if key.isdecimal():
        return of[int(key)] if int(key) < len(of) else None
    return next((row for row in of if any(row.get(name) == key for name in NAMED_BY)), None)


def number_at(document: Any, metric: str) -> float | None:
    """The number in a `document_of` findings at a path; of a list its length; None if there is none."""
    value, rest = document, metric
    while rest:
        if isinstance(value, dict) and rest in value:  # names of samples may have dots
            value = value[rest]
            break
        key, _, rest = rest.partition(".")
        value = _child(value, key)
    if isinstance(value, list):
        return len(value)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None
