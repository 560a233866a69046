"""Watches a run from outside its sandbox: which step it is in, whether that may last any longer, and how it ends."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable
from contextlib import suppress
from time import monotonic
from typing import Protocol

from hostio.files import Tail
from hostio.process_handle import ProcessHandle
from hostio.stacks import STACKS_SIGNAL, catches, first_process, members, what_it_waits_for
from hostio.timing import wait_until
from results.run_files.document_error import DocumentError
from results.run_files.documents import load_events
from results.run_files.events import Begun, MediaStart, Stage
from results.run_files.run_dir import RunDir
from scenarios.run.limits import Allowances

_POLL_S = 0.1
_LONGEST_POLL_S = 0.5
"""What one turn of waiting counts at most: where this process was not run either, as on a machine that was paused or is
short of processors, the run is not to blame."""

_STACKS_WITHIN_S = 0.5
_KILLED_WITHIN_S = 10.0


class Watcher(Protocol):
    """Shows a run to the user while it lasts."""

    def look(self) -> None:
        """Show what is new; called ten times a second."""

    def stopping(self) -> None:
        """Show that the run was interrupted and is ending; called once."""


class Supervisor:
    """Waits for the end of a run's sandbox. `process`: its unshare(1), whose standard input has the run stop early when
    it ends.

    `collecting`: called once records are collected. `interrupted`: the user ended it. `media_start_ns`: as recorded.
    """

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        run: RunDir,
        allowed: Allowances,
        clock: Callable[[], float] = monotonic,
        collecting: Callable[[], object] = lambda: None,
    ) -> None:
        self._clock = clock
        self._collecting = collecting
        self._process = process
        self._run = run
        self._allowed = allowed
        self._events = Tail(run.events)
        self._stage: Stage = "set-up"
        self._step = "starting the sandbox"
        self._stage_s = 0.0
        self._step_s = 0.0
        self._directory = run.root.stat()
        self._looked_s = clock()
        self.interrupted = False
        self.media_start_ns: int | None = None

    @property
    def bug(self) -> bool:
        """Whether the run, which has ended, said that it met an error that nobody expected."""
        return self._process.returncode == os.EX_SOFTWARE

    def wait(self, watcher: Watcher) -> str | None:
        """Wait for the end, and end a run that exceeds its allowance or whose directory has vanished. Why, or None.

        KeyboardInterrupt is caught: it has the run stop early, and a second one ends it at once.
        """
        try:
            return self._wait(watcher)
        except KeyboardInterrupt:
            self.interrupted = True
            watcher.stopping()
            return self._interrupt()

    def _wait(self, watcher: Watcher) -> str | None:
        while not self._ended_within(_POLL_S):
            if why := self._look(watcher):
                self._end()
                return why
        self._follow()
        _show(watcher)
        return None

    def _look(self, watcher: Watcher) -> str | None:
        """Show what is new; why the run has to be ended, or None."""
        if lost := self._lost():
            return lost
        self._follow()
        _show(watcher)
        if self._stage_s <= self._allowed.of(self._stage):
            return None
        why = self._overrun()
        self._describe(why)
        return why

    def _lost(self) -> str | None:
        """What became of the run directory, if it is not there any more."""
        try:
            found = self._run.root.stat()
        except FileNotFoundError:
            return f"{self._run.root} was removed while it lasted"
        except OSError as error:
            return f"{self._run.root} cannot be read any more: {error.strerror}"
        return None if os.path.samestat(found, self._directory) else f"{self._run.root} was replaced while it lasted"

    def _follow(self) -> None:
        """Take in new events, and let time pass."""
        now_s = self._clock()
        passed_s = min(now_s - self._looked_s, _LONGEST_POLL_S)
        self._looked_s = now_s
        self._stage_s += passed_s
        self._step_s += passed_s
        with suppress(OSError, DocumentError):
            for event in load_events(self._events.new_lines(), "events.jsonl").records:
                if isinstance(event, Begun):
                    self._enter(event.stage, event.step)
                if isinstance(event, MediaStart):
                    self.media_start_ns = event.at_ns
                    self._enter("media", "playing the timeline")

    def _enter(self, stage: Stage, step: str) -> None:
        if stage != self._stage:
            self._stage, self._stage_s = stage, 0.0
            if stage == "collection":
                self._collecting()
        self._step, self._step_s = step, 0.0

    def _overrun(self) -> str:
        return f"its {self._stage} was not done within {self._allowed.of(self._stage):g} s, {self._where()}"

    def _where(self) -> str:
        hung = self._run.hung.relative_to(self._run.root)
        return f"and hung for {self._step_s:.0f} s in: {self._step}; {hung} says what every process waited for"

    def _interrupt(self) -> str | None:
        """Have the run stop early; why it had to be ended, or None."""
        try:
            if self._stops_in_order():
                return None
            self._follow()
            why = f"it did not stop within {self._allowed.stopping_s:g} s of the interrupt, {self._where()}"
            self._describe(why)
            self._save()
        except KeyboardInterrupt:
            why = "it was interrupted again while it stopped"
        self._kill()
        return why

    def _end(self) -> None:
        """End the run: in order if it still can, else have its processes write their records, and kill it."""
        try:
            if not self._stops_in_order():
                self._save()
        except KeyboardInterrupt:
            self.interrupted = True
        self._kill()

    def _stops_in_order(self) -> bool:
        """Close its standard input, which has it write its records and exit, and wait; whether it has ended."""
        if self._process.stdin:
            self._process.stdin.close()
        return self._ended_within(self._allowed.stopping_s)

    def _save(self) -> None:
        """Ask all but the first process, which hangs, to end, and wait for those that do so in order."""
        pids = members(self._process.pid)
        first = first_process(pids)
        asked = []
        for pid in pids:
            if pid != first and catches(pid, signal.SIGTERM):
                with suppress(ProcessLookupError):
                    asked.append(ProcessHandle(pid))
                    asked[-1].send(signal.SIGTERM)
        wait_until(lambda: all(handle.gone(0) for handle in asked), self._allowed.saving_s, _POLL_S)
        for handle in asked:
            handle.close()

    def _kill(self) -> None:
        """Kill the sandbox's first process, and with it all others; unshare ends when all are gone."""
        first = first_process(members(self._process.pid))
        if first is not None:
            with suppress(ProcessLookupError):
                os.kill(first, signal.SIGKILL)
        if first is None or not self._ended_within(_KILLED_WITHIN_S):
            self._process.kill()
            self._ended_within(_KILLED_WITHIN_S)

    def _describe(self, why: str) -> None:
        """Write what every process waits for, and have those that can add their Python stacks to their logs."""
        pids = members(self._process.pid)
        with suppress(OSError):
            self._run.hung.write_text("\n".join((why, "", *map(what_it_waits_for, pids))), encoding="utf-8")
        asked = [pid for pid in pids if catches(pid, STACKS_SIGNAL)]
        for pid in asked:
            with suppress(ProcessLookupError):
                os.kill(pid, STACKS_SIGNAL)
        if asked:
            self._ended_within(_STACKS_WITHIN_S)

    def _ended_within(self, seconds: float) -> bool:
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True


def _show(watcher: Watcher) -> None:
    """Show what is new. Who watches may miss a line; what an unreadable file means for the run is found elsewhere."""
    try:
        watcher.look()
    except BrokenPipeError:  # nobody is left to show it to
        raise
    except (OSError, DocumentError):
        pass
