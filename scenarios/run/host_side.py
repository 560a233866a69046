"""A run, on the host's side of its sandbox: writes the plan, runs the sandbox, collects the records, reports.

The plan is on disk before anything starts, so that a run that fails can still be judged against it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic_ns
from typing import BinaryIO

from hostio.files import write_whole
from hostio.ownership import give, owner_beside_root
from hostio.storage import lock, sentence
from relay_app.streams import streams_of
from results.page.writing import write_page, write_remains
from results.report.report import UnwrittenError, make_report
from results.run_files.collecting import collect
from results.run_files.document_error import DocumentError
from results.run_files.documents import dump, dump_line, load_events, read_events
from results.run_files.events import End
from results.run_files.plan import Plan
from results.run_files.plan_formats import read_plan
from results.run_files.records import write_sessions
from results.run_files.run_dir import RunDir
from results.verdict.summary import RUN_FAILED, Summary
from scenarios.errors import RunSpoiltError
from scenarios.paths import PROJECT, unusable
from scenarios.run.limits import Allowances, allowances
from scenarios.run.supervisor import Supervisor, Watcher
from topologies.sandbox import Sandbox

_IN_SANDBOX = "import sys; from scenarios.run.sandbox_entry import main; main(sys.argv[1], int(sys.argv[2]))"
"""Not `-m scenarios.run.sandbox_entry`: multiprocessing imports a main module that has a name again in each process."""

_END_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class Outcome:
    """A run's result. `interrupted`: the user ended it early. `failure`: why it failed, if it did. `unwritten`: what of
    its records or reports could not be written, and what to do. `bug`: Blipnet was wrong; see `logs/runner.log`."""

    summary: Summary
    interrupted: bool
    failure: str | None
    unwritten: str | None
    bug: bool = False
    cannot_start: bool = False
    """A program that the user gave could not be started: that is the failure."""


def run_plan(plan: Plan, run: RunDir, sandbox: Sandbox, watcher: Watcher, allowed: Allowances | None = None) -> Outcome:
    """Run a plan that has its environment, and report on it. `allowed`: in place of the plan's own allowances.

    KeyboardInterrupt is caught: it ends the run early, and what was recorded up to then is reported. OutputError if
    the run directory does not take the plan: nothing was started. RunSpoiltError if the run cannot be reported on.
    """
    with _before_start(run):
        run.plan.write_text(dump(plan))
        log = run.log("runner").open("wb")
    with log:
        lock(log)
        supervisor, end = _supervised(plan, run, sandbox, log, watcher, allowed or allowances(plan))
        unwritten = None
        try:
            summary = report_whole(run, end)
        except UnwrittenError as error:
            summary, unwritten = error.summary, _unwritten(error, run)
        except DocumentError as error:
            raise RunSpoiltError(f"{RUN_FAILED}{end.failure if end and end.failure else error}") from error
        _give_to_user(run.root)
    failure, cannot_start = (end.failure, end.cannot_start) if end else (None, False)
    return Outcome(summary, supervisor.interrupted, failure, unwritten, supervisor.bug, cannot_start)


def report_again(run: RunDir) -> Summary:
    """As `report_whole`; of a run that still lasts make the report alone, of what there is.

    DocumentError if the plan cannot be read: a page then says so, and what there is. OSError if a file cannot be
    written.
    """
    try:
        return report_whole(run) if _is_over(run) else make_report(run, None, write_page)
    except DocumentError as error:
        if run.begun:
            write_remains(run, str(error))
        raise
    except UnwrittenError as error:
        raise error.error from error


def _is_over(run: RunDir) -> bool:
    try:
        with run.log("runner").open("rb") as log:
            return lock(log)
    except OSError:
        return True


def report_whole(run: RunDir, end: End | None = None) -> Summary:
    """Collect what processes left, where that was not done yet, and make the report.

    `end` is taken in place of the one recorded. UnwrittenError, with the summary, if a file cannot be written;
    DocumentError if the plan cannot be read.
    """
    failed = None
    try:
        _collect(run, end)
    except OSError as error:
        failed = error
    summary = make_report(run, end, write_page)
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


@contextmanager
def _before_start(run: RunDir) -> Iterator[None]:
    """Turn an OSError into an OutputError, and leave no run directory."""
    try:
        yield
    except OSError as error:
        shutil.rmtree(run.root, ignore_errors=True)
        raise unusable(run.root, error) from error


def _supervised(
    plan: Plan, run: RunDir, sandbox: Sandbox, log: BinaryIO, watcher: Watcher, allowed: Allowances
) -> tuple[Supervisor, End | None]:
    """Run the sandbox to its end; how that was, None if nobody can say."""
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb", buffering=0) as told:
        os.set_blocking(reading, False)
        process = subprocess.Popen(
            sandbox.command([sys.executable, "-c", _IN_SANDBOX, str(run.root), str(writing)]),
            cwd=PROJECT,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            pass_fds=(writing,),
            start_new_session=True,
        )
        os.close(writing)
        supervisor = Supervisor(process, run, allowed)
        ended_for = supervisor.wait(watcher)
        said = load_events(told.read(_END_BYTES) or b"", "the run").records
    end = next((event for event in said if isinstance(event, End)), None)
    if ended_for is None:
        return supervisor, end
    return supervisor, replace(end or _cut_off(plan, supervisor), interrupted=False, failure=ended_for)


def _cut_off(plan: Plan, supervisor: Supervisor) -> End:
    """The end of a run that could not say its own: media ended with it, or before as planned."""
    now_ns = monotonic_ns()
    start_ns = supervisor.media_start_ns
    return End(now_ns, now_ns if start_ns is None else min(now_ns, start_ns + plan.duration_ns), interrupted=False)


def _unwritten(error: UnwrittenError, run: RunDir) -> str:
    what = sentence(error.error, run.root)
    return f"{run.root}: {what}; make room, and have the reports made by: run_scenario.py report {run.root}"


def _give_to_user(root: Path) -> None:
    """Make the owner of the run directory, if root works for somebody else, the owner of all in it."""
    with suppress(OSError):  # a directory that takes nothing has been told of
        if owner := owner_beside_root(root):
            give(root, owner)
