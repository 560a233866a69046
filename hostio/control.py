"""The pipe between the runner and one of its processes: what every process says and obeys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing import connection
from multiprocessing.connection import Connection

from hostio.histogram import Lateness


@dataclass(frozen=True, slots=True)
class Ready:
    """The process has opened its sockets and serves."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Finish: write the records and say Stopped. Closing the pipe means the same."""


@dataclass(frozen=True, slots=True)
class Stopped:
    """The records are written. Datagrams lost in each socket's receive buffer; other counts of things gone wrong; by
    how much the wake-ups of each thread that keeps time were late."""

    socket_drops: Mapping[str, int]
    counters: Mapping[str, int] = field(default_factory=dict)
    lateness: Mapping[str, Lateness] = field(default_factory=dict)


def messages(control: Connection, alarm: int) -> Iterator[object]:
    """What arrives until Stop, end of file, or until the descriptor `alarm` becomes readable."""
    while alarm not in connection.wait([control, alarm]):
        try:
            message = control.recv()
        except EOFError:
            return
        if isinstance(message, Stop):
            return
        yield message


def tell(control: Connection, message: object) -> None:
    """Send; a runner that has gone away needs no telling."""
    with suppress(BrokenPipeError, ConnectionResetError):
        control.send(message)
