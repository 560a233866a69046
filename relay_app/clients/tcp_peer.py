"""The process of a cluster that holds long-lived TCP connections: opens those that start there, answers the others.

A connection that breaks is counted and opened again. Keep-alive probes (RFC 9293 §3.8.4) find a dead peer after 10 s of
silence, unacknowledged data after 30 s (RFC 5482); neither ends a connection in a blip of a few seconds.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from time import monotonic_ns

import numpy as np

from hostio.control import Ready, Stop, Stopped, message_queue, tell
from hostio.files import write_array
from hostio.timing import MS, S
from relay_app.messages import MediaWindow
from relay_app.ports import CONNECTION_PORT
from relay_app.records import EXCHANGE, ExchangeOutcome
from relay_app.streams import KINDS, TcpConnection

_REQUEST = struct.Struct("!IHH")
"""Number, length of the request and length of the answer, bytes."""
_ANSWER = struct.Struct("!I")

_DIAL_WITHIN_S = 5.0
_REDIAL_S = 0.5
_OPTIONS = (
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 5),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 5),
    (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 30_000),
)


@dataclass(frozen=True, slots=True)
class TcpPeerConfig:
    """`connections` are those opened from here, `hosts` the addresses by cluster. Records: EXCHANGE[n], as .npy."""

    address: str
    hosts: Mapping[str, str]
    connections: tuple[TcpConnection, ...]
    records_path: Path


class DialledConnection:
    """A connection as its initiator sees it: its requests, and the outcome of each."""

    def __init__(self, connection: TcpConnection, host: str) -> None:
        self._connection = connection
        self._kind = KINDS[connection.group.kind]
        self._host = host
        self._sent_ns: list[int] = []
        self._answered_ns: dict[int, int] = {}
        self._lost: set[int] = set()
        self.breaks = 0

    async def hold(self, order: MediaWindow) -> None:
        """Send requests at their times during the media, over a new connection whenever the last one has broken."""
        step_ns = self._kind.interval_ns
        start_ns = order.start_ns + self._connection.number * 37 * MS % step_ns
        while monotonic_ns() < order.end_ns:
            try:
                dialling = asyncio.open_connection(self._host, CONNECTION_PORT)
                reader, writer = await asyncio.wait_for(dialling, _DIAL_WITHIN_S)
            except (OSError, asyncio.TimeoutError):
                self._broken()
                await asyncio.sleep(_REDIAL_S)
                continue
            prepare(writer)
            listening = asyncio.create_task(self._listen(reader))
            asking = asyncio.create_task(self._ask(writer, start_ns, order.end_ns))
            try:
                await asyncio.wait((listening, asking), return_when=asyncio.FIRST_COMPLETED)
                if listening.done():
                    self._broken()
            finally:
                asking.cancel()
                listening.cancel()
                writer.close()

    def _broken(self) -> None:
        self.breaks += 1
        self._lost |= set(range(len(self._sent_ns))) - self._answered_ns.keys()

    async def _ask(self, writer: asyncio.StreamWriter, start_ns: int, end_ns: int) -> None:
        """Send every request at its time, except those due while there was no connection; then wait for answers."""
        kind = self._kind
        due_ns = start_ns
        while due_ns < end_ns:
            if due_ns > monotonic_ns() - kind.interval_ns:
                await asyncio.sleep(max(due_ns - monotonic_ns(), 0) / S)
                number = len(self._sent_ns)
                self._sent_ns.append(monotonic_ns())
                header = _REQUEST.pack(number, kind.request_bytes, kind.answer_bytes)
                writer.write(header.ljust(kind.request_bytes, b"\0"))
            due_ns += kind.interval_ns
        await asyncio.sleep(max(end_ns + S - monotonic_ns(), 0) / S)

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            while True:
                answer = await reader.readexactly(self._kind.answer_bytes)
                self._answered_ns[_ANSWER.unpack_from(answer)[0]] = monotonic_ns()

    def rows(self) -> list[tuple[int, int, int, int]]:
        """EXCHANGE."""
        return [
            (self._connection.number, sent_ns, self._answered_ns.get(number, 0), self._outcome(number))
            for number, sent_ns in enumerate(self._sent_ns)
        ]

    def _outcome(self, number: int) -> int:
        if number in self._answered_ns:
            return ExchangeOutcome.ANSWERED
        return ExchangeOutcome.LOST if number in self._lost else ExchangeOutcome.UNANSWERED


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer every request of one connection until it ends."""
    prepare(writer)
    with suppress(OSError, asyncio.IncompleteReadError):
        while True:
            number, length, answer_bytes = _REQUEST.unpack(await reader.readexactly(_REQUEST.size))
            await reader.readexactly(length - _REQUEST.size)
            writer.write(_ANSWER.pack(number).ljust(answer_bytes, b"\0"))
    writer.close()


def prepare(writer: asyncio.StreamWriter) -> None:
    """Set keep-alive, TCP_NODELAY and the user timeout."""
    endpoint: socket.socket = writer.get_extra_info("socket")
    for level, option, value in _OPTIONS:
        endpoint.setsockopt(level, option, value)


def serve(config: TcpPeerConfig, control: Connection) -> None:
    """Answer Ready, use the connections during MediaWindow, answer others all the time; on Stop write the records."""
    asyncio.run(_serve(config, control))


async def _serve(config: TcpPeerConfig, control: Connection) -> None:
    server = await asyncio.start_server(answer, config.address, CONNECTION_PORT)
    queue = message_queue(control)
    tell(control, Ready())
    dialled = [DialledConnection(connection, config.hosts[connection.group.b]) for connection in config.connections]
    held: list[asyncio.Task[None]] = []
    while not isinstance(message := await queue.get(), Stop):
        if isinstance(message, MediaWindow):
            held += [asyncio.create_task(each.hold(message)) for each in dialled]
    for task in held:
        task.cancel()
    await asyncio.gather(*held, return_exceptions=True)
    server.close()
    write_array(config.records_path, np.array([row for each in dialled for row in each.rows()], EXCHANGE))
    tell(control, Stopped({}, {"broken_connections": sum(each.breaks for each in dialled)}))
