"""A run, on the host's side of its sandbox: writes the plan, runs the sandbox, collects the records, reports.

The plan is on disk before anything starts, so that a run that fails can still be judged against it.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from hostio.ownership import give, owner_beside_root
from relay_app.streams import streams_of
from results.report.report import make_report
from results.run_files.documents import dump
from results.run_files.plan import Plan
from results.run_files.records import collect, write_sessions
from results.run_files.run_dir import RunDir
from results.verdict.summary import Summary
from scenarios.paths import PROJECT
from topologies.sandbox import Sandbox

_IN_SANDBOX = "import sys; from scenarios.run.in_sandbox import main; main(sys.argv[1])"
"""Not `-m scenarios.run.in_sandbox`: multiprocessing imports a main module that has a name again in each process."""

_POLL_S = 0.1
_STOP_WITHIN_S = 20.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """A run's result; `interrupted`: the user ended it early."""

    summary: Summary
    interrupted: bool


class Watcher(Protocol):
    """Shows a run to the user while it lasts."""

    def look(self) -> None:
        """Show what is new; called ten times a second."""

    def stopping(self) -> None:
        """Show that the run was interrupted and is ending; called once."""


def run_plan(plan: Plan, run: RunDir, sandbox: Sandbox, watcher: Watcher) -> Outcome:
    """Run a plan that has its environment, and report on it.

    KeyboardInterrupt is caught: it ends the run early, and what was recorded up to then is reported.
    """
    run.plan.write_text(dump(plan))
    with run.log("runner").open("wb") as log:
        process = subprocess.Popen(
            sandbox.command([sys.executable, "-c", _IN_SANDBOX, str(run.root)]),
            cwd=PROJECT,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        interrupted = not _wait_for_end(process, watcher)
    write_sessions(run, streams_of(plan.sessions, plan.seed))
    clusters = [cluster.name for cluster in plan.topology.clusters]
    collect(
        run.staging, run, clusters, connected=bool(plan.connections), frames_noted=plan.link_capabilities.notes_frames
    )
    shutil.rmtree(run.staging)
    summary = make_report(run)
    _give_to_invoker(run.root)
    return Outcome(summary, interrupted)


def _give_to_invoker(root: Path) -> None:
    """Make the owner of the run directory, if root works for somebody else, the owner of all in it."""
    if owner := owner_beside_root(root):
        give(root, owner)


def _wait_for_end(process: subprocess.Popen[bytes], watcher: Watcher) -> bool:
    """Wait for the run to end, and show its progress; False if it was interrupted."""
    try:
        while _alive_after(process, _POLL_S):
            watcher.look()
    except KeyboardInterrupt:
        watcher.stopping()
        _ask_to_stop(process)
        return False
    watcher.look()
    return True


def _ask_to_stop(process: subprocess.Popen[bytes]) -> None:
    """End the run: close its standard input, which has it write its records and exit, and kill it after 20 s.

    A second interrupt kills it at once; records that were still in memory are lost then.
    """
    if process.stdin:
        process.stdin.close()
    try:
        if _alive_after(process, _STOP_WITHIN_S):
            process.kill()
    except KeyboardInterrupt:
        process.kill()
    process.wait()


def _alive_after(process: subprocess.Popen[bytes], seconds: float) -> bool:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return True
    return False
