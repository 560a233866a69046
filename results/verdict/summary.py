"""The result of a run, figures and judgement: `summary.json`, which `summary.schema.json` describes field by field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from results.metrics.figures import (
    ConnectionFigures,
    FaultRow,
    GroupRow,
    LedgerFigures,
    MachineFigures,
    Media,
    PairRow,
    RelayFigures,
    RerouteRow,
)
from results.run_files.plan import Comparison

Verdict = Literal["pass", "fail", "inconclusive"]


@dataclass(frozen=True, slots=True)
class Backend:
    """What emulated the links, and what switched the packets."""

    link: Literal["netem", "userspace"] | None
    datapath: Literal["kernel", "user"] | None


@dataclass(frozen=True, slots=True)
class FidelityCheck:
    """A condition for believing the run: `value` is at most `limit`; unknown is not ok."""

    check: str
    value: float | None
    limit: float
    unit: str
    ok: bool


@dataclass(frozen=True, slots=True)
class ExpectationRow:
    """A stated expectation and the value found; `ok` is None where it cannot be decided."""

    text: str
    metric: str
    comparison: Comparison
    limit: float
    value: float | None
    ok: bool | None


@dataclass(frozen=True, slots=True)
class Findings:
    """What was measured, before it is judged.

    `diagnosis`: what went wrong inside the relays, in sentences. `problems`: each is reason enough not to judge.
    """

    scenario: str
    seed: int
    backend: Backend
    media: Media
    pairs: list[PairRow]
    groups: list[GroupRow]
    connections: dict[str, ConnectionFigures]
    relay: dict[str, RelayFigures]
    faults: list[FaultRow]
    reroutes: list[RerouteRow]
    ledger: LedgerFigures
    machine: MachineFigures | None
    fidelity: list[FidelityCheck]
    diagnosis: list[str]
    problems: list[str]


@dataclass(frozen=True, slots=True)
class Summary:
    """What was measured, and the verdict with its reasons."""

    scenario: str
    seed: int
    verdict: Verdict
    reasons: list[str]
    backend: Backend
    media: Media
    pairs: list[PairRow]
    groups: list[GroupRow]
    connections: dict[str, ConnectionFigures]
    relay: dict[str, RelayFigures]
    faults: list[FaultRow]
    reroutes: list[RerouteRow]
    ledger: LedgerFigures
    machine: MachineFigures | None
    fidelity: list[FidelityCheck]
    diagnosis: list[str]
    expectations: list[ExpectationRow]


def conclude(findings: Findings, verdict: Verdict, reasons: list[str], expectations: list[ExpectationRow]) -> Summary:
    """Findings and judgement as one document."""
    return Summary(
        scenario=findings.scenario,
        seed=findings.seed,
        verdict=verdict,
        reasons=reasons,
        backend=findings.backend,
        media=findings.media,
        pairs=findings.pairs,
        groups=findings.groups,
        connections=findings.connections,
        relay=findings.relay,
        faults=findings.faults,
        reroutes=findings.reroutes,
        ledger=findings.ledger,
        machine=findings.machine,
        fidelity=findings.fidelity,
        diagnosis=findings.diagnosis,
        expectations=expectations,
    )
