"""The types of `summary.json`; its schema is generated from them and their docstrings."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Annotated, Literal

from results.bounds.interval import Interval
from results.fidelity.checks import FidelityCheck
from results.metrics.beside_sessions import ConnectionFigures, WebrtcFigures
from results.metrics.figures import GroupRow, Media, PairRow, WitnessRow
from results.metrics.machine_summary import HoldUpRow, MachineFigures
from results.metrics.network_figures import ConvergenceRow, FaultRow, LinkRow, RerouteRow
from results.metrics.oracle_figures import OracleFigures
from results.metrics.system_figures import LedgerFigures, ProgramFigures, RelayFigures
from results.run_files.plan import Comparison
from results.run_files.validation import Field
from topologies.back_ends import BackendName

Verdict = Literal["pass", "fail", "inconclusive"]

RUN_FAILED = "the run failed: "
"""How the reason begins that stands alone: what else is missing or unknown follows from it."""


@dataclass(frozen=True, slots=True)
class Backend:
    """What the run was emulated with."""

    link: BackendName | None
    """What emulated the links: the kernel's sch_netem or the userspace wire."""
    datapath: Literal["kernel", "user"] | None
    """The datapath of Open vSwitch."""


@dataclass(frozen=True, slots=True)
class ExpectationRow:
    """An expectation of the scenario."""

    text: str
    """As the scenario states it."""
    metric: str
    """Path into this document, where a list stands for its length, or a name under `parts`."""
    comparison: Comparison
    """Operator between value and limit."""
    limit: float
    """Bound, in the metric's own unit."""
    value: float | None
    """Value found; null: unknown, or nothing was interrupted."""
    interval: Interval | None
    """Bounds of the value, from `bounds`; null: none are known."""
    ok: bool | None
    """Whether it holds for every value within the bounds; null: undecided, because it holds for some only, or not
    told."""
    not_told: bool = False
    """The relay is a program that does not tell this: the verdict goes without."""


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
    """One entry per group of sessions, hit or not."""
    witnesses: list[WitnessRow]
    """One entry per stream that another program publishes."""
    connections: dict[str, ConnectionFigures]
    """Figures of the TCP connections beside the media, by group."""
    webrtc: dict[str, WebrtcFigures]
    """Figures of the WebRTC calls beside the sessions, by group."""
    relay: dict[str, RelayFigures]
    """Figures of the relays, by cluster."""
    programs: dict[str, ProgramFigures]
    """Figures of the relays that are programs, by cluster; expectations name them as those of other relays."""
    links: list[LinkRow]
    """One entry per link direction that has a rate at some time."""
    faults: list[FaultRow]
    """In the order of the plan."""
    convergence: list[ConvergenceRow]
    """One entry per fault that was applied, in the order of the plan."""
    reroutes: list[RerouteRow]
    """In the order of installation."""
    oracle: OracleFigures | None
    """The run compared with the paths that a second opinion predicts (docs/oracle.md); null: of this policy, or without
    a controller's log, it predicts nothing."""
    ledger: LedgerFigures
    """Account of all media packets."""
    machine: MachineFigures | None
    """The machine while media flowed, in its worst seconds; null without samples."""
    fidelity: list[FidelityCheck]
    """Every check, in a fixed order."""
    bounds: dict[str, Interval] | None
    """By path into this document, the interval within which the machine's own doings can have moved a metric; null: the
    run was recorded without the times of hold-ups."""
    parts: dict[str, float | None]
    """Values of parts of the media, and of links, that expectations name, by the name that they give them."""
    doubt: str | None
    """Why metrics have no bounds from some time on; null: all that the machine did has bounds."""
    hold_ups: list[HoldUpRow]
    """What the machine held up while media flowed, longest total first."""
    diagnosis: list[str]
    """Faults found inside the relays, one sentence each."""


@dataclass(frozen=True)  # a second base with slots would be a conflict of layouts
class Judgement:
    """The verdict on a run."""

    scenario: str
    seed: int
    verdict: Verdict
    """inconclusive: the records are not whole, or an expectation is undecided and none fails; fail: an expectation does
    not hold whatever the machine did; pass: all hold so."""
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
    """Join findings and judgement to a summary."""
    measured = {field.name: getattr(findings, field.name) for field in fields(findings)}
    return Summary(**measured, verdict=verdict, reasons=reasons, expectations=expectations)
