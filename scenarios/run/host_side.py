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
from importlib import import_module
from pathlib import Path
from threading import Thread
from time import monotonic_ns
from typing import BinaryIO

from hostio.ownership import give, owner_beside_root
from hostio.storage import lock, sentence
from results.report.steps import Step, untold
from results.run_files.document_error import DocumentError
from results.run_files.documents import dump, load_events
from results.run_files.events import End
from results.run_files.plan import Plan
from results.run_files.run_dir import RunDir
from results.verdict.summary import RUN_FAILED, Summary
from results.verdict.unwritten import UnwrittenError
from scenarios.errors import RunSpoiltError
from scenarios.paths import PROJECT, unusable
from scenarios.run.limits import Allowances, allowances
from scenarios.run.supervisor import Supervisor, Watcher
from topologies.sandbox import Sandbox

_IN_SANDBOX = "import sys; from scenarios.run.sandbox_entry import main; main(sys.argv[1], int(sys.argv[2]))"
"""Not `-m scenarios.run.sandbox_entry`: multiprocessing imports a main module that has a name again in each process."""

_END_BYTES = 1 << 16

_REPORTING = "scenarios.run.reporting"
"""Imported while processes write their records, and no sooner: with the libraries that draw it takes a processor for
longer than that, which media would notice."""


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


def run_plan(
    plan: Plan,
    run: RunDir,
    sandbox: Sandbox,
    watcher: Watcher,
    allowed: Allowances | None = None,
    held: tuple[int, ...] = (),
    told: Step = untold,
) -> Outcome:
    """Run a plan that has its environment, and report on it. `allowed`: in place of the plan's own allowances; `held`:
    descriptors that the sandbox keeps open to its end; `told`: is called at each step of the report.

    KeyboardInterrupt is caught: it ends the run early, and what was recorded up to then is reported. OutputError if
    the run directory does not take the plan: nothing was started. RunSpoiltError if the run cannot be reported on.
    """
    with _before_start(run):
        run.plan.write_text(dump(plan))
        log = run.log("runner").open("wb")
    with log:
        lock(log)
        supervisor, end = _supervised(plan, run, sandbox, log, watcher, allowed or allowances(plan), held)
        unwritten = None
        try:
            summary = _report(run, end, told)
        except UnwrittenError as error:
            summary, unwritten = error.summary, _unwritten(error, run)
        except DocumentError as error:
            raise RunSpoiltError(f"{RUN_FAILED}{end.failure if end and end.failure else error}") from error
        _give_to_user(run.root)
    failure, cannot_start = (end.failure, end.cannot_start) if end else (None, False)
    return Outcome(summary, supervisor.interrupted, failure, unwritten, supervisor.bug, cannot_start)


@contextmanager
def _before_start(run: RunDir) -> Iterator[None]:
    """Turn an OSError into an OutputError, and leave no run directory."""
    try:
        yield
    except OSError as error:
        shutil.rmtree(run.root, ignore_errors=True)
        raise unusable(run.root, error) from error


def _supervised(
    plan: Plan,
    run: RunDir,
    sandbox: Sandbox,
    log: BinaryIO,
    watcher: Watcher,
    allowed: Allowances,
    held: tuple[int, ...],
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
            pass_fds=(writing, *held),
            start_new_session=True,
        )
        os.close(writing)
        supervisor = Supervisor(process, run, allowed, collecting=Thread(target=_load_reporting).start)
        ended_for = supervisor.wait(watcher)
        said = load_events(told.read(_END_BYTES) or b"", "the run").records
    end = next((event for event in said if isinstance(event, End)), None)
    if ended_for is None:
        return supervisor, end
    return supervisor, replace(end or _cut_off(plan, supervisor), interrupted=False, failure=ended_for)


def _load_reporting() -> None:
    with suppress(Exception):  # who needs it meets the same
        import_module(_REPORTING)


def _report(run: RunDir, end: End | None, told: Step) -> Summary:
    """What `reporting.report_whole` does."""
    summary: Summary = import_module(_REPORTING).report_whole(run, end, told)
    return summary


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
