"""The run's own processes: forked from one warm server, each in its host's network namespace.

A process is a function `serve(config, control)`. It says Ready, obeys what is sent over its control pipe, and answers
Stop with Stopped, its final report. Pipes are Unix sockets: no emulated link, hence no fault, can touch them.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.forkserver import ensure_running
from pathlib import Path
from time import monotonic
from typing import Any

from hostio.control import Ready, Stop, Stopped
from hostio.network import join_network_of
from hostio.process_handle import ProcessHandle
from relay_app.messages import StandingBy, TakeOver

Serve = Callable[[Any, Connection], None]

START_WITHIN_S = 10.0
"""For a process that was made while media flow to be ready, or one that stands by to serve."""

_context = get_context("forkserver")


class ProcessError(Exception):
    """A process of the run ended, failed, or did not answer in time; says which, and where its log is."""


@dataclass(frozen=True, slots=True)
class RunProcess:
    """A life of a forked process, its control pipe and its log. Held by a pidfd: its signals reach no other."""

    name: str
    control: Connection
    log: Path
    handle: ProcessHandle

    def send(self, message: object) -> None:
        """Send a message; ProcessError if the process is gone."""
        try:
            self.control.send(message)
        except OSError as error:
            raise ProcessError(f"{self.name} has ended; its log is {self.log}") from error

    def answer(self, timeout_s: float) -> Any:
        """The next message from the process; ProcessError if it ended or took too long."""
        if not self.control.poll(timeout_s):
            raise ProcessError(f"{self.name} did not answer within {timeout_s:g} s; its log is {self.log}")
        try:
            return self.control.recv()
        except EOFError as error:
            raise ProcessError(f"{self.name} has ended; its log is {self.log}") from error

    def expect(self, message: object, timeout_s: float) -> None:
        """Wait for this message; ProcessError if there is another, or none."""
        answer = self.answer(timeout_s)
        if answer != message:
            raise ProcessError(f"{self.name} said {answer!r} in place of {message!r}; its log is {self.log}")

    def await_ready(self, timeout_s: float) -> None:
        """Wait until it serves."""
        self.expect(Ready(), timeout_s)

    def await_standing_by(self, timeout_s: float) -> None:
        """Wait until it stands by."""
        self.expect(StandingBy(), timeout_s)

    def take_over(self) -> None:
        """Have one that stands by serve; it does on return."""
        self.send(TakeOver())
        self.expect(Ready(), START_WITHIN_S)

    def ask_to_stop(self) -> None:
        """Tell it to end; does not wait."""
        self.send(Stop())

    def final_report(self, timeout_s: float) -> Stopped | None:
        """What it reports once told to stop; None if nothing comes in that time."""
        return final_reports([self], timeout_s).get(self.name)

    def intact(self) -> bool:
        """Whether it has not ended."""
        return not self.handle.gone(0)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal; a process that is gone needs none."""
        self.handle.send(number)

    def gone(self, timeout_s: float) -> bool:
        """Wait until it has ended, at most so long; whether it has."""
        return self.handle.gone(timeout_s)

    def states(self) -> set[str]:
        """The letters of proc_pid_stat(5) for its threads."""
        return self.handle.states()

    def close(self) -> None:
        """Let go of it; one that still runs takes the end of its pipe for Stop."""
        self.control.close()
        self.handle.close()


def start_fork_server(preload: Iterable[str]) -> None:
    """Start the fork server, which imports these modules once for all processes to come; does not wait for it."""
    _context.set_forkserver_preload(list(preload))
    ensure_running()


def spawn(name: str, serve: Serve, config: Any, log: Path, network_of: int | None = None) -> RunProcess:
    """Start a process, in the network namespace of the process `network_of` if given; it may not be ready yet."""
    ours, theirs = _context.Pipe()
    process = _context.Process(target=_work, args=(name, serve, config, theirs, log, network_of), name=name)
    process.start()
    theirs.close()
    if process.pid is None:
        raise ProcessError(f"{name} did not start")
    try:
        handle = ProcessHandle(process.pid)
    except ProcessLookupError as error:
        raise ProcessError(f"{name} has ended; its log is {log}") from error
    return RunProcess(name, ours, log, handle)


def await_ready(processes: Iterable[RunProcess], timeout_s: float) -> None:
    """Wait until every one of these processes is ready."""
    deadline = monotonic() + timeout_s
    for process in processes:
        process.await_ready(max(0.0, deadline - monotonic()))


def request_all(processes: Sequence[RunProcess], order: object, answer: object, timeout_s: float) -> None:
    """Give these processes an order and wait for their answers, together; those that are gone give none."""
    waiting = [process for process in processes if _sent(process, order)]
    deadline = monotonic() + timeout_s
    for process in waiting:
        with suppress(ProcessError):
            given = process.answer(max(0.0, deadline - monotonic()))
            if given != answer:
                raise ProcessError(f"{process.name} answered {given!r}")


def stop_all(processes: Iterable[RunProcess], timeout_s: float) -> dict[str, Stopped]:
    """Stop these processes together and collect their final reports, by name; those that are gone have none."""
    return final_reports([process for process in processes if _sent(process, Stop())], timeout_s)


def final_reports(processes: Iterable[RunProcess], timeout_s: float) -> dict[str, Stopped]:
    """The final reports of processes that were told to stop, by name; those that are gone by then have none."""
    found = {}
    waiting: dict[Any, RunProcess] = {process.control: process for process in processes}
    deadline = monotonic() + timeout_s
    while waiting and (answered := wait(list(waiting), max(0.0, deadline - monotonic()))):
        for control in answered:
            process = waiting[control]
            try:
                message = process.control.recv()
            except (EOFError, OSError):
                del waiting[control]
                continue
            if isinstance(message, Stopped):
                found[process.name] = message
                del waiting[control]
    return found


def _sent(process: RunProcess, order: object) -> bool:
    try:
        process.control.send(order)
    except OSError:
        return False
    return True


def _work(name: str, serve: Serve, config: Any, control: Connection, log: Path, network_of: int | None) -> None:
    Path("/proc/self/comm").write_text(name)  # as top and ps show it, cut to 15 characters
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.close(descriptor)
    if network_of is not None:
        join_network_of(network_of)
    serve(config, control)
