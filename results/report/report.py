"""Makes the reports of a run: its last step, repeatable from the run directory alone with the same result."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from hostio.files import write_whole
from relay_app.locks.report import LockReport
from relay_app.program_media import PROGRAM_MEDIA, gap_finder_name
from relay_app.streams import Stream
from relay_app.webrtc_calls import calls_of
from results.ledger.reconcile import Ledger, reconcile
from results.metrics.analysis import Analysis, Evidence, analyse
from results.report.latency_plot import plot_latency
from results.report.latency_series import latency_picture
from results.report.reroute_plot import plot_reroutes
from results.report.reroute_series import reroute_picture
from results.report.stall_plot import plot_stall
from results.report.stall_series import stall_picture
from results.report.steps import Step, untold
from results.report.tables import InterruptionRow, StreamRow, interruption_rows, stream_rows, table_csv
from results.run_files import documents
from results.run_files.decoder_log import DecodedMedia, decoded_media
from results.run_files.document_error import DocumentError
from results.run_files.documents import Lines
from results.run_files.events import End
from results.run_files.flow_tables import FlowTables
from results.run_files.machine_formats import read_machine_report
from results.run_files.peer_log import PeerRecord, peer_record
from results.run_files.plan import Plan
from results.run_files.plan_formats import read_plan
from results.run_files.program_records import read_program_samples
from results.run_files.records import (
    RecordsError,
    read_hold_ups,
    read_link_bytes,
    read_machine_samples,
    read_recording,
)
from results.run_files.relay_lives import merged_lock_reports
from results.run_files.run_dir import RunDir
from results.verdict.findings import find, record_problems
from results.verdict.summary import Summary
from results.verdict.unwritten import UnwrittenError
from results.verdict.verdict import judge

T = TypeVar("T")

_WITH_HOLD_UPS, _WITH_PROGRAMS, _WITH_LINK_BYTES = 3, 4, 5
"""The first formats of `machine.json` that say that these were recorded."""


Finish = Callable[[RunDir, Evidence, Analysis, Summary], None]
"""Adds to a run directory what others make of the same analysis."""


def make_report(run: RunDir, end: End | None = None, finish: Finish | None = None, told: Step = untold) -> Summary:
    """Write ledger, summary, tables and plots into a run directory, at last call `finish`; give the summary.

    `end` is taken in place of the one recorded; `told` is called at each step. Missing or broken files make the run
    inconclusive; only the plan must be complete. Raises DocumentError without it; UnwrittenError if a file cannot be
    written.
    """
    told("reading", 0.0)
    evidence = read_evidence(run)
    if end:
        others = (event for event in evidence.events if not isinstance(event, End))
        evidence = replace(evidence, events=(*others, end))
    told("matching packets", 0.05)
    analysis = analyse(evidence)
    told("ledger and figures", 0.25)
    ledger = reconcile(evidence, analysis)
    summary = summarise(evidence, analysis, ledger)
    told("tables", 0.55)
    try:
        # Plots last: they take longest, and if drawing fails or is interrupted, verdict and tables are on disk.
        write_whole(run.ledger, documents.dump(ledger))
        write_whole(run.summary, documents.dump(summary))
        write_whole(run.interruptions, table_csv(InterruptionRow, interruption_rows(analysis, evidence.plan)))
        write_whole(run.streams, table_csv(StreamRow, stream_rows(analysis)))
        told("plots", 0.65)
        _plot(run, evidence, analysis, summary)
        if finish:
            told("page", 0.8)
            finish(run, evidence, analysis, summary)
    except OSError as error:
        raise UnwrittenError(summary, error) from error
    return summary


def summarise(evidence: Evidence, analysis: Analysis, ledger: Ledger) -> Summary:
    """Findings and verdict of a run. Pure."""
    return judge(find(evidence, analysis, ledger), record_problems(evidence), evidence.plan.expectations)


def read_evidence(run: RunDir) -> Evidence:
    """Read all files of a run directory except reports. Raises DocumentError if the plan cannot be read."""
    plan = read_plan(run.plan)
    problems: list[str] = []
    events = _lines(run.events, documents.read_events, problems)
    decisions = _lines(run.decisions, documents.read_decisions, problems)
    machine = _attempt(lambda: read_machine_report(run.machine), problems)
    samples = _attempt(lambda: read_machine_samples(run), problems)
    hold_ups = _attempt(lambda: read_hold_ups(run), problems) if machine and machine.format >= _WITH_HOLD_UPS else None
    clusters = [cluster.name for cluster in plan.topology.clusters]
    foreign = {name: program for name in clusters if (program := plan.program_of(name))}
    seen = machine and machine.format >= _WITH_PROGRAMS and foreign
    programs = _attempt(lambda: read_program_samples(run, foreign), problems) if seen else None
    counted = machine and machine.format >= _WITH_LINK_BYTES and plan.rated_directions
    link_bytes = _attempt(lambda: read_link_bytes(run), problems) if counted else None
    tables = (
        _attempt(lambda: documents.read(FlowTables, run.flow_tables), problems) if run.flow_tables.exists() else None
    )
    recording = read_recording(
        run,
        clusters,
        plan.relays_of_ours,
        calling=plan.webrtc_clusters,
        consented=plan.consents,
        connected=bool(plan.connections),
        digested=plan.has_program_media,
        frames_noted=plan.link_capabilities.notes_frames,
    )
    locks = _lock_reports(run, plan.relays_of_ours, problems) if plan.relays.lock_audit else {}
    problems += recording.problems
    return Evidence(
        plan,
        events,
        decisions,
        machine,
        samples,
        recording,
        locks,
        tuple(problems),
        hold_ups,
        programs,
        _decoded(run, recording.streams),
        _peers(run, plan),
        link_bytes,
        tables,
    )


def _peers(run: RunDir, plan: Plan) -> dict[str, PeerRecord]:
    names = (call.peer_name(end) for call in calls_of(plan.webrtc) for end in (call.group.a, call.group.b))
    logs = {name: run.log(name) for name in names}
    return {name: peer_record(log.read_text(errors="replace")) for name, log in logs.items() if log.is_file()}


def _decoded(run: RunDir, streams: Sequence[Stream]) -> dict[int, DecodedMedia]:
    logs = {each.ssrc: run.log(gap_finder_name(each)) for each in streams if each.media in PROGRAM_MEDIA}
    return {ssrc: decoded_media(log.read_text(errors="replace")) for ssrc, log in logs.items() if log.is_file()}


def _lock_reports(run: RunDir, clusters: Sequence[str], problems: list[str]) -> dict[str, LockReport]:
    read = partial(documents.read, LockReport)
    reports = {
        cluster: [_attempt(partial(read, path), problems) for path in run.locks_of_all_lives(cluster)]
        for cluster in clusters
    }
    found = {cluster: [report for report in lives if report is not None] for cluster, lives in reports.items()}
    return {cluster: merged_lock_reports(lives) for cluster, lives in found.items() if lives}


def _lines(path: Path, read: Callable[[Path], Lines[T]], problems: list[str]) -> tuple[T, ...]:
    lines = _attempt(lambda: read(path), problems)
    if lines is None:
        return ()
    if lines.truncated:
        problems.append(f"the last line of {path.name} is cut short")
    return lines.records


def _attempt(read: Callable[[], T], problems: list[str]) -> T | None:
    """Turn an unreadable file into a problem and None, so that the report is made of the files that remain."""
    try:
        return read()
    except (DocumentError, RecordsError) as error:
        problems.append(str(error))
        return None


def _plot(run: RunDir, evidence: Evidence, analysis: Analysis, summary: Summary) -> None:
    plot_latency(latency_picture(evidence, analysis, summary), run.latency_plot)
    stall = stall_picture(evidence, analysis, summary)
    if stall is not None:
        plot_stall(stall, run.stall_plot)
    reroutes = reroute_picture(summary)
    if reroutes is not None:
        plot_reroutes(reroutes, run.reroute_plot)
