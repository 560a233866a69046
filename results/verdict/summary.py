"""The result of a run, figures and judgement: `summary.json`, whose schema is made of these types and docstrings."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Annotated, Literal

from results.fidelity.checks import FidelityCheck
from results.metrics.figures import ConnectionFigures, FaultRow, GroupRow, Media, PairRow, RerouteRow
from results.metrics.system_figures import LedgerFigures, MachineFigures, RelayFigures
from results.run_files.plan import Comparison
from results.run_files.validation import Field

Verdict = Literal["pass", "fail", "inconclusive"]


@dataclass(frozen=True, slots=True)
class Backend:
    """What the run was emulated with."""

    link: Literal["netem", "userspace"] | None
    """What delayed and dropped frames: the kernel's sch_netem or the userspace wire."""
    datapath: Literal["kernel", "user"] | None
    """Which Open vSwitch datapath switched them."""


@dataclass(frozen=True, slots=True)
class ExpectationRow:
    """An expectation of the scenario."""

    text: str
    """As the scenario states it."""
    metric: str
    """Path into this document; a list stands for its length."""
    comparison: Comparison
    """How the value found is compared with the limit."""
    limit: float
    """In the metric's own unit."""
    value: float | None
    """What was found; null: unknown, or nothing was interrupted."""
    ok: bool | None
    """Null: cannot be decided."""


@dataclass(frozen=True, slots=True)
class Findings:
    """What was measured, before it is judged."""

    scenario: str
    """The scenario's name."""
    seed: int
    """The seed of the run's randomness."""
    backend: Backend
    """What the run was emulated with."""
    media: Media
    """All measured streams together."""
    pairs: list[PairRow]
    """One entry per direction between two clusters."""
    groups: list[GroupRow]
    """Every group of sessions: who was hit, and who was not."""
    connections: dict[str, ConnectionFigures]
    """By group: the TCP connections beside the media."""
    relay: dict[str, RelayFigures]
    """By cluster: what its relay went through."""
    faults: list[FaultRow]
    """In the order of the plan."""
    reroutes: list[RerouteRow]
    """In the order of installation."""
    ledger: LedgerFigures
    """Where all media packets went."""
    machine: MachineFigures | None
    """The machine while media flowed, in its worst seconds; null if nobody watched it."""
    fidelity: list[FidelityCheck]
    """Every check, in a fixed order."""
    diagnosis: list[str]
    """What went wrong inside the relays, one sentence each."""


@dataclass(frozen=True)  # a second base with slots would be a conflict of layouts
class Judgement:
    """The verdict on a run."""

    scenario: str
    seed: int
    verdict: Verdict
    """inconclusive: the testbed was not faithful, or the records are not whole, so the media are not judged; fail: a
    stated expectation does not hold; pass: all hold."""
    reasons: Annotated[list[str], Field(min_length=1)]
    """Why, one sentence each."""


# The order of the bases is the order of the keys in `summary.json`: a dataclass has the fields of its last base first,
# and those that a base before it declares again keep their places.
@dataclass(frozen=True, slots=True)
class Summary(Findings, Judgement):
    """What a run measured, and the verdict. Times named *_at or *_until are seconds since the media start; null means
    unknown or nothing to measure. A direction is one RTP stream: one direction of one session."""

    expectations: list[ExpectationRow]
    """In the order of the scenario."""


def conclude(findings: Findings, verdict: Verdict, reasons: list[str], expectations: list[ExpectationRow]) -> Summary:
    """Findings and judgement as one document."""
    measured = {field.name: getattr(findings, field.name) for field in fields(findings)}
    return Summary(**measured, verdict=verdict, reasons=reasons, expectations=expectations)
