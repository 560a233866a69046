"""A run, from outside its sandbox: plan on disk first, then the sandboxed run, then records and report."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from relay_app.streams import streams_of
from results.report.report import make_report
from results.run_files.documents import dump
from results.run_files.plan import Plan
from results.run_files.records import collect, write_sessions
from results.run_files.run_dir import RunDir
from results.verdict.summary import Summary
from scenarios.paths import PROJECT
from topologies.sandbox import Sandbox

_INSIDE = "import sys; from scenarios.run.in_sandbox import main; main(sys.argv[1])"
"""Not `-m scenarios.run.in_sandbox`: every process forked for the run would import a main module of that name again."""

_POLL_S = 0.1
_STOP_WITHIN_S = 20.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """A run's result; `interrupted` if somebody ended it early."""

    summary: Summary
    interrupted: bool


class Watcher(Protocol):
    """Somebody who wants to see a run go by."""

    def look(self) -> None:
        """Called several times a second while the run lasts."""

    def stopping(self) -> None:
        """Called when an interrupt asked the run to stop."""


def run_plan(plan: Plan, run: RunDir, sandbox: Sandbox, watcher: Watcher) -> Outcome:
    """Run a plan that has its environment, and report on it.

    An interrupt (KeyboardInterrupt) ends the run early and keeps what it recorded.
    """
    run.plan.write_text(dump(plan))
    with run.log("runner").open("wb") as log:
        process = subprocess.Popen(
            sandbox.command([sys.executable, "-c", _INSIDE, str(run.root)]),
            cwd=PROJECT,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        interrupted = not _see_through(process, watcher)
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
    """What a run under sudo wrote belongs to whoever typed sudo."""
    if os.geteuid() == 0 and "SUDO_UID" in os.environ:
        owner, group = int(os.environ["SUDO_UID"]), int(os.environ["SUDO_GID"])
        for path in (root.parent, root, *root.rglob("*")):
            os.chown(path, owner, group)


def _see_through(process: subprocess.Popen[bytes], watcher: Watcher) -> bool:
    """Watch the run to its end; False if it was interrupted."""
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
    """Closing the run's standard input asks it to stop and keep its records; killing it loses what is in memory."""
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
