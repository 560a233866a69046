"""Computes the findings of a run: every figure of the summary, times rounded to 1 µs. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields

import numpy as np

from controller.decisions import Review
from relay_app.streams import Stream
from results.bounds.all_bounds import Measured, all_bounds
from results.bounds.hold_up_rows import hold_up_rows
from results.fidelity.all_checks import fidelity_checks
from results.fidelity.losses import ledger_check
from results.ledger.reconcile import Ledger, ledger_figures
from results.metrics.analysis import Analysis, Evidence
from results.metrics.convergence import convergence_rows
from results.metrics.figures import GroupRow, Media, PairRow
from results.metrics.frame_figures import frame_figures
from results.metrics.group_figures import connection_figures, group_rows
from results.metrics.link_use import link_rows
from results.metrics.machine_figures import machine_figures
from results.metrics.matching import Flags
from results.metrics.media_figures import directions_of, lengths_of, losses_of, media_figures, quantiles_ms
from results.metrics.network_figures import FaultRow, RerouteRow
from results.metrics.order import order_figures
from results.metrics.program_figures import program_figures
from results.metrics.quality_figures import burst_figures, concealment_figures, loss_derived_ms, speech_quality
from results.metrics.relay_figures import relay_figures
from results.metrics.reroutes import reroute_rows
from results.metrics.streams import counts, latencies
from results.metrics.webrtc_figures import webrtc_figures
from results.metrics.witness import witness_rows
from results.oracle.compare import oracle_figures
from results.run_files.captured import CaptureEnd
from results.run_files.events import LogFull, ProgramEnd, WatchdogMissed
from results.run_files.faults import Fault
from results.verdict.diagnosis import ProgramEvent, diagnose, diagnose_captures, diagnose_clients, diagnose_program
from results.verdict.part_values import part_values
from results.verdict.summary import RUN_FAILED, Backend, Findings


def find(evidence: Evidence, analysis: Analysis, ledger: Ledger) -> Findings:
    """All of the summary except the verdict.

    The ledger is checked only if the records are complete, because packets whose record is missing are unexplained.
    """
    plan, environment = evidence.plan, evidence.plan.environment
    groups = list(group_rows(evidence, analysis))
    reroutes = reroute_rows(evidence, analysis)
    measured = Measured(
        media=_media(evidence, analysis, groups, reroutes),
        pairs=[_pair(analysis, *pair) for pair in pairs(analysis.matched.streams)],
        groups=groups,
        connections=connection_figures(evidence),
        webrtc=webrtc_figures(evidence, analysis),
        relay=relay_figures(evidence, analysis),
        programs=program_figures(evidence, analysis),
        reroutes=reroutes,
        oracle=oracle_figures(evidence, analysis),
        ledger=ledger_figures(ledger),
    )
    fidelity = [*fidelity_checks(evidence, analysis), *([] if record_problems(evidence) else [ledger_check(ledger)])]
    bounds = all_bounds(evidence, analysis, measured, fidelity)
    return Findings(
        scenario=plan.scenario,
        seed=plan.seed,
        backend=Backend(environment.link_backend, environment.datapath) if environment else Backend(None, None),
        **{field.name: getattr(measured, field.name) for field in fields(measured)},
        witnesses=list(witness_rows(evidence, analysis)),
        links=list(link_rows(evidence, analysis)),
        faults=[_fault(evidence, analysis, number, fault) for number, fault in enumerate(plan.faults)],
        convergence=convergence_rows(evidence, analysis),
        machine=machine_figures(evidence, analysis),
        fidelity=fidelity,
        bounds=dict(bounds.intervals) if bounds else None,
        parts=part_values(evidence, analysis),
        doubt=bounds.doubt.why if bounds and bounds.doubt else None,
        hold_ups=hold_up_rows(evidence, analysis, evidence.hold_ups) if evidence.hold_ups else [],
        diagnosis=list(_diagnoses(evidence, measured, analysis.start_ns)),
    )


def _diagnoses(evidence: Evidence, measured: Measured, start_ns: int) -> Iterator[str]:
    yield from diagnose_captures(evidence.of(CaptureEnd), start_ns)
    yield from diagnose_clients(measured.media)
    for relay, figures in measured.relay.items():
        checks = [check for check in evidence.of(Review) if relay in check.relays]
        yield from diagnose(relay, figures, evidence.locks.get(relay), checks)
    for relay, seen in measured.programs.items():
        told: list[ProgramEvent] = [
            *evidence.of(ProgramEnd),
            *evidence.of(WatchdogMissed),
            *evidence.of(LogFull),
        ]
        yield from diagnose_program(relay, seen, [each for each in told if each.cluster == relay], start_ns)


def pairs(streams: Sequence[Stream]) -> list[tuple[str, str]]:
    """Every pair of source and destination that has streams, in the order of the streams."""
    return list(dict.fromkeys((stream.source, stream.destination) for stream in streams))


def rows_of_pair(analysis: Analysis, source: str, destination: str) -> Flags:
    """Flags the packets from one cluster to another."""
    rows: Flags = _of_pair(analysis, source, destination)[analysis.matched.packets.stream]
    return rows


def _of_pair(analysis: Analysis, source: str, destination: str) -> Flags:
    """Flags the streams from one cluster to another."""
    streams = analysis.matched.streams
    return np.array([(stream.source, stream.destination) == (source, destination) for stream in streams], dtype=bool)


def _media(evidence: Evidence, analysis: Analysis, groups: Sequence[GroupRow], reroutes: Sequence[RerouteRow]) -> Media:
    return media_figures(
        evidence,
        analysis,
        sessions=sum(group.sessions for group in groups),
        directions=len(analysis.matched.streams),
        reroutes=sum(1 for row in reroutes if row.directions),
    )


def _pair(analysis: Analysis, source: str, destination: str) -> PairRow:
    packets, rows = analysis.matched.packets, rows_of_pair(analysis, source, destination)
    ends = (source, destination)
    streams = [each for each in analysis.matched.streams if (each.source, each.destination) == ends]
    interruptions = [each for each in analysis.interruptions if (each.stream.source, each.stream.destination) == ends]
    count = counts(packets, analysis.fate, rows)
    mine = _of_pair(analysis, source, destination)
    quality = analysis.quality.of_streams(mine)
    return PairRow(
        source=source,
        destination=destination,
        directions=len(streams),
        interrupted=directions_of(interruptions),
        still_interrupted=directions_of([each for each in interruptions if each.still]),
        interruption_ms=lengths_of(interruptions),
        loss_derived_ms=loss_derived_ms(losses_of(analysis, interruptions)),
        pauses=sum(1 for each in analysis.pauses if (each.stream.source, each.stream.destination) == ends),
        sent=count.sent,
        received=count.received,
        lost=count.lost,
        duplicates=count.duplicates,
        order=order_figures(analysis.order.of(rows)),
        frames=frame_figures(analysis.frames.of_streams(mine)),
        bursts=burst_figures(quality.bursts),
        concealment=concealment_figures(quality.concealment),
        quality=speech_quality(quality),
        one_way_ms=quantiles_ms(latencies(packets, rows)),
    )


def _fault(evidence: Evidence, analysis: Analysis, number: int, fault: Fault) -> FaultRow:
    start, end = (evidence.fault_edges.get((number, edge)) for edge in ("start", "end"))
    return FaultRow(
        what=fault.what,
        where=fault.where,
        planned_at=round(fault.at_ns / 1e9, 6),
        planned_until=round(fault.until_ns / 1e9, 6),
        applied_at=analysis.seconds(start.applied_first_ns) if start else None,
        applied_until=analysis.seconds(end.applied_last_ns) if end else None,
    )


def record_problems(evidence: Evidence) -> list[str]:
    """Why the records are incomplete, one sentence each. Of a failed run the failure alone: files are then missing as a
    consequence of it."""
    end = evidence.end
    if end is None:
        return ["the run never came to its end; logs/ may tell why", *evidence.problems]
    if end.failure:
        return [f"{RUN_FAILED}{end.failure}"]
    interrupted = ["the run was interrupted"] if end.interrupted else []
    gone = evidence.machine.ended_early if evidence.machine else ()
    return [*interrupted, *(f"{name} ended early; logs/{name}.log may tell why" for name in gone), *evidence.problems]
