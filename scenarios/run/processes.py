"""The long-lived processes of a run: forked from one warm server, each in its host's network namespace.

A process is a function `serve(config, control)`. It says that it is ready, obeys what comes over its control pipe,
and answers a stop with its last words. Pipes are Unix sockets: no emulated link, hence no fault, can touch them.
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

Serve = Callable[[Any, Connection], None]

_context = get_context("forkserver")


class ProcessError(Exception):
    """A process of the run ended, or did not answer in time; says which, and where its log is."""


@dataclass(frozen=True, slots=True)
class RunProcess:
    """A process of the run, its control pipe and its log."""

    name: str
    pid: int
    control: Connection
    log: Path

    def tell(self, message: Any) -> None:
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
    return RunProcess(name, process.pid, ours, log)


def await_ready(members: Iterable[RunProcess], timeout_s: float) -> None:
    """Wait until every one of these processes is ready."""
    deadline = monotonic() + timeout_s
    for member in members:
        answer = member.answer(max(0.0, deadline - monotonic()))
        if not isinstance(answer, Ready):
            raise ProcessError(f"{member.name} said {answer!r} before it was ready")


def request_all(members: Sequence[RunProcess], order: object, answer: object, timeout_s: float) -> None:
    """Give these processes an order and wait for their answers, together; those that are gone give none."""
    waiting = [member for member in members if _told(member, order)]
    deadline = monotonic() + timeout_s
    for member in waiting:
        with suppress(ProcessError):
            given = member.answer(max(0.0, deadline - monotonic()))
            if given != answer:
                raise ProcessError(f"{member.name} answered {given!r}")


def stop_all(members: Iterable[RunProcess], timeout_s: float) -> dict[str, Stopped]:
    """Stop these processes together and collect their last words, by name; those that are gone have none."""
    return final_reports([member for member in members if _told(member, Stop())], timeout_s)


def final_reports(members: Iterable[RunProcess], timeout_s: float) -> dict[str, Stopped]:
    """What these processes, told to stop, say in the end, by name; those that are gone by then have none."""
    found = {}
    waiting = {member.control: member for member in members}
    deadline = monotonic() + timeout_s
    while waiting:
        answered = wait(list(waiting), max(0.0, deadline - monotonic()))
        if not answered:
            break
        for control in answered:
            member = waiting[control]  # type: ignore[index] # wait() gives back what it was given
            try:
                message = member.control.recv()
            except (EOFError, OSError):
                del waiting[member.control]
                continue
            if isinstance(message, Stopped):
                found[member.name] = message
                del waiting[member.control]
    return found


def _told(member: RunProcess, order: object) -> bool:
    try:
        member.control.send(order)
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
