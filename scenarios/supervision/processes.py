"""The run's own processes: forked from one server (multiprocessing's forkserver), each in its host's network namespace.

The server has imported their code and loaded the compiled loops, once for all: a process starts without these seconds
of CPU time, also one that succeeds another while media flow, and all share that memory. The server has a single thread
and none of the run's descriptors, so forking it is safe.

A process is a function `serve(config, control)`. It sends Ready, handles the messages of its control pipe, and answers
Stop with Stopped, its final report. Pipes are Unix sockets, which no fault on a link can affect.
"""

from __future__ import annotations

import gc
import os
import signal
import socket
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.forkserver import ensure_running
from pathlib import Path
from time import monotonic
from typing import Any

from hostio.control import Failed, Ready, Stop, Stopped, tell
from hostio.process_handle import ProcessHandle
from hostio.stacks import write_stacks_on_signal
from hostio.storage import is_of_storage, sentence
from relay_app.messages import StandingBy, TakeOver
from scenarios.supervision.place import Place

Serve = Callable[[Any, Connection], None]

START_WITHIN_S = 10.0
"""Limit for a successor to be ready, and for one that stands by to serve, seconds."""

BUG = "a bug in Blipnet itself; the traceback is in"

_context = get_context("forkserver")


class ProcessError(Exception):
    """A process ended, failed, or did not answer in time; the message names it and its log."""


class CannotStartError(ProcessError):
    """A program that the user gave cannot be started, or does not become ready."""


class ProcessBugError(ProcessError):
    """A process of ours ended for an error that nobody expected; its log has the traceback."""


@dataclass(frozen=True, slots=True)
class RunProcess:
    """A life of a forked process. `handle` is a pidfd: a signal cannot reach a later process of the same number.

    `failures`: why it said that it ended, once read from its pipe.
    """

    name: str
    control: Connection
    log: Path
    handle: ProcessHandle
    failures: list[Failed] = field(default_factory=list)

    def send(self, message: object) -> None:
        """Send a message; ProcessError if the process has ended."""
        try:
            self.control.send(message)
        except OSError as error:
            raise ProcessError(f"{self.name} has ended; its log is {self.log}") from error

    def answer(self, timeout_s: float) -> Any:
        """The next message from the process; ProcessError if it ended, or after `timeout_s`."""
        if not self.control.poll(timeout_s):
            raise ProcessError(f"{self.name} did not answer within {timeout_s:g} s; its log is {self.log}")
        return self.received()

    def received(self) -> Any:
        """The next message from the process, without limit of time; ProcessError if it ended or failed."""
        try:
            message = self.control.recv()
        except (EOFError, OSError) as error:
            raise ProcessError(f"{self.name} has ended; its log is {self.log}") from error
        if isinstance(message, Failed):
            self.failures.append(message)
            raise (ProcessBugError if message.bug else ProcessError)(f"{self.name}: {message.why}")
        return message

    def expect(self, message: object, timeout_s: float) -> None:
        """Wait for this message; ProcessError if another comes, or none in `timeout_s`."""
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
        """Have a process that stands by serve; it serves on return."""
        self.send(TakeOver())
        self.expect(Ready(), START_WITHIN_S)

    def ask_to_stop(self) -> None:
        """Ask it to end; does not wait."""
        self.send(Stop())

    def final_report(self, timeout_s: float) -> Stopped | None:
        """Its answer to Stop; None if none comes in `timeout_s`."""
        return final_reports([self], timeout_s).get(self.name)

    def intact(self) -> bool:
        """Whether it is running."""
        return not self.handle.gone(0)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal; nothing if it has ended."""
        self.handle.send(number)

    def gone(self, timeout_s: float) -> bool:
        """Wait until it has ended, at most `timeout_s`; whether it has."""
        return self.handle.gone(timeout_s)

    def states(self) -> set[str]:
        """State letters (proc_pid_stat(5)) of its threads."""
        return self.handle.states()

    def close(self) -> None:
        """Close pipe and pidfd; a process that still runs takes the end of its pipe for Stop."""
        self.control.close()
        self.handle.close()


def start_fork_server(preload: Iterable[str]) -> None:
    """Start the fork server, which imports these modules; does not wait for it."""
    _context.set_forkserver_preload(list(preload))
    ensure_running()


def spawn(name: str, serve: Serve, config: Any, log: Path, place: Place | None = None) -> RunProcess:
    """Start a process, confined to `place`; does not wait until it is ready. ProcessError if it has ended at once."""
    ours, theirs = _context.Pipe()
    process = _context.Process(target=_work, args=(name, serve, config, theirs, log, place), name=name)
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
    """Wait until all these processes are ready, `timeout_s` in all; ProcessError."""
    deadline = monotonic() + timeout_s
    for process in processes:
        process.await_ready(max(0.0, deadline - monotonic()))


def request_all(processes: Sequence[RunProcess], order: object, answer: object, timeout_s: float) -> None:
    """Send `order` to all these processes, then wait for `answer` from each, `timeout_s` in all.

    Processes that have ended, or that answer otherwise, are passed over.
    """
    waiting = [process for process in processes if _sent(process, order)]
    deadline = monotonic() + timeout_s
    for process in waiting:
        with suppress(ProcessError):
            given = process.answer(max(0.0, deadline - monotonic()))
            if given != answer:
                raise ProcessError(f"{process.name} answered {given!r}")


def stop_all(processes: Iterable[RunProcess], timeout_s: float) -> dict[str, Stopped]:
    """Send Stop to all these processes and collect their final reports, by name; those that have ended have none.

    Of these too what is left in the pipe is read, for their `failures`.
    """
    told = list(processes)
    for process in told:
        _sent(process, Stop())
    return final_reports(told, timeout_s)


def final_reports(processes: Iterable[RunProcess], timeout_s: float) -> dict[str, Stopped]:
    """Final reports, by name, of processes that were sent Stop; those that end or time out without one have none."""
    found = {}
    waiting: dict[Any, RunProcess] = {process.control: process for process in processes}
    deadline = monotonic() + timeout_s
    while waiting and (answered := wait(list(waiting), max(0.0, deadline - monotonic()))):
        for control in answered:
            process = waiting[control]
            try:
                message = process.received()
            except ProcessError:
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


def _work(name: str, serve: Serve, config: Any, control: Connection, log: Path, place: Place | None) -> None:
    Path("/proc/self/comm").write_text(name)  # as top and ps show it, cut to 15 characters
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: _end_input(control))
    # A collection of garbage in all that the server imported takes tens of ms, at real-time priority in most processes,
    # and in all probers at once, as they do the same.
    gc.freeze()
    try:
        _write_to(log)
        if place is not None:
            place.enter()
        serve(config, control)
    except Exception as error:
        if isinstance(error, OSError) and is_of_storage(error, log.parent.parent):
            tell(control, Failed(sentence(error, log.parent.parent)))
        else:
            tell(control, Failed(f"{BUG} {log.parent.name}/{log.name}", bug=True))
            raise


def _write_to(log: Path) -> None:
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.close(descriptor)
    write_stacks_on_signal()


def _end_input(control: Connection) -> None:
    """Have the pipe end for this process, which takes that for Stop: so its records are kept when the runner hangs."""
    with socket.socket(fileno=os.dup(control.fileno())) as pipe:
        pipe.shutdown(socket.SHUT_RD)
