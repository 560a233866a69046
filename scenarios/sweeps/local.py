"""Plays the jobs of a sweep on this machine, one after the other: nothing listens, and nothing outlives the sweep."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

from scenarios.sweeps.child import ChildRun, Say
from scenarios.sweeps.execution import Ended, Played
from scenarios.sweeps.jobs import Job


class LocalExecutor:
    """`command`: plays a plan (`ChildRun`); `runs`: where run directories go; `say`: tells the user something."""

    in_flight = 1

    def __init__(self, command: Sequence[str], runs: Path, say: Say) -> None:
        self._command = command
        self._runs = runs
        self._say = say
        self._job: Job | None = None
        self._child: ChildRun | None = None

    def submit(self, job: Job, avoid: Collection[str]) -> None:  # noqa: ARG002 - there is one machine
        """Take a job, which is played when its end is waited for."""
        self._job = job

    def next_ended(self) -> Ended:
        """Play the job. MachineError."""
        if self._job is None:
            raise ValueError("no job is there to be waited for")
        self._child = ChildRun(self._command, self._job.key, self._job.plan, self._runs)
        ended = self._child.wait(lambda: False, self._say)
        self._job = self._child = None
        if ended is None:
            raise ValueError("a job ended by a cancellation that nobody asked for")
        return within(ended, self._runs.parent)

    def stop(self) -> None:
        """End the run that lasts, if one does."""
        if self._child:
            self._child.stop()


def within(ended: Ended, folder: Path) -> Ended:
    """How a run ended, with its directory from a folder on, if it is in there."""
    if not isinstance(ended, Played) or not Path(ended.values.run).is_relative_to(folder):
        return ended
    return replace(ended, values=replace(ended.values, run=str(Path(ended.values.run).relative_to(folder))))
