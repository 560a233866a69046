"""The report of a run on the host's side: records that processes left are collected, once, and reports are made."""

from __future__ import annotations

import shutil

from hostio.files import write_whole
from hostio.storage import lock
from relay_app.streams import streams_of
from results.page.writing import write_page, write_remains
from results.report.report import make_report
from results.report.steps import Step, untold
from results.run_files.collecting import collect
from results.run_files.document_error import DocumentError
from results.run_files.documents import dump_line, read_events
from results.run_files.events import End
from results.run_files.plan_formats import read_plan
from results.run_files.records import write_sessions
from results.run_files.run_dir import RunDir
from results.verdict.summary import Summary
from results.verdict.unwritten import UnwrittenError


def report_again(run: RunDir, told: Step = untold) -> Summary:
    """As `report_whole`; of a run that still lasts make the report alone, of what there is.

    DocumentError if the plan cannot be read: a page then says so, and what there is. OSError if a file cannot be
    written.
    """
    try:
        return report_whole(run, None, told) if is_over(run) else make_report(run, None, write_page, told)
    except DocumentError as error:
        if run.begun:
            write_remains(run, str(error))
        raise
    except UnwrittenError as error:
        raise error.error from error


def is_over(run: RunDir) -> bool:
    """Whether no run goes on in a directory."""
    try:
        with run.log("runner").open("rb") as log:
            return lock(log)
    except OSError:
        return True


def report_whole(run: RunDir, end: End | None = None, told: Step = untold) -> Summary:
    """Collect what processes left, where that was not done yet, and make the report.

    `end` is taken in place of the one recorded. UnwrittenError, with the summary, if a file cannot be written;
    DocumentError if the plan cannot be read.
    """
    failed = None
    told("collecting the records", 0.0)
    try:
        _collect(run, end)
    except OSError as error:
        failed = error
    summary = make_report(run, end, write_page, told)
    if failed:
        raise UnwrittenError(summary, failed) from failed
    return summary


def _collect(run: RunDir, end: End | None) -> None:
    if not run.staging.exists():
        return
    plan = read_plan(run.plan)
    clusters = [cluster.name for cluster in plan.topology.clusters]
    frames_noted = plan.link_capabilities.notes_frames
    try:
        write_sessions(run, streams_of(plan.sessions, plan.seed))
        recorded = plan.relays_of_ours
        collect(
            run.staging,
            run,
            clusters,
            recorded,
            calling=plan.webrtc_clusters,
            connected=bool(plan.connections),
            digested=plan.has_program_media,
            permitted=plan.permits,
            consented=plan.consents,
            frames_noted=frames_noted,
            bytes_counted=bool(plan.rated_directions),
        )
    finally:
        if end:
            _record(end, run)
    shutil.rmtree(run.staging)


def _record(end: End, run: RunDir) -> None:
    """Have the events end with this End; events that cannot be read stay as they are."""
    try:
        events = read_events(run.events).records if run.events.exists() else ()
    except DocumentError:
        return
    if end not in events:
        others = [event for event in events if not isinstance(event, End)]
        write_whole(run.events, "".join(map(dump_line, (*others, end))))
