"""The proxy of the session directory, where a scenario makes it slow or has it die: TCP in front, Redis behind.

It hands bytes on as they come, and answers by some time later, each byte by the same: a longer way, no slower server.
What follows does not wait for what is under way, so bandwidth stays. Bytes keep their order when the time gets shorter.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from time import monotonic_ns

from hostio.control import Ready, Stop, Stopped, tell
from hostio.realtime import set_realtime_priority
from hostio.timing import S
from relay_app.messages import AnswersDelayed, DelayAnswers, StandingBy, TakeOver
from relay_app.sessions.directory import DIRECTORY_PORT

_CHUNK_BYTES = 1 << 16
_MOST_CHUNKS = 1 << 10
"""Under way on one connection, 64 MiB; what comes then waits outside."""


@dataclass(frozen=True, slots=True)
class DirectoryProxyConfig:
    """Listens at `address`, on the directory's port; `backend` is the Unix socket of the Redis behind."""

    address: str
    backend: Path


class DirectoryProxy:
    """Every connection gets one of its own to the Redis behind. `extra_ns`: by how much later answers go out."""

    def __init__(self, config: DirectoryProxyConfig) -> None:
        self._config = config
        self._server: asyncio.Server | None = None
        self.extra_ns = 0

    async def open(self) -> None:
        """Listen from now on; OSError if the address is taken."""
        self._server = await asyncio.start_server(self._admit, self._config.address, DIRECTORY_PORT)

    def close(self) -> None:
        """Listen no more."""
        if self._server:
            self._server.close()

    async def _admit(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Until either side ends, and what was under way then has arrived."""
        try:
            behind_reader, behind_writer = await asyncio.open_unix_connection(str(self._config.backend))
        except OSError:
            writer.transport.abort()
            return
        requests = asyncio.create_task(_forward_delayed(reader, behind_writer, lambda: 0))
        answers = asyncio.create_task(_forward_delayed(behind_reader, writer, lambda: self.extra_ns))
        try:
            await asyncio.wait((requests, answers), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (requests, answers):
                task.cancel()
            for end in (writer, behind_writer):
                end.close()


async def _forward_delayed(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, extra_ns: Callable[[], int]
) -> None:
    """All bytes of one direction, each when it is due, until the reader ends or a side breaks."""
    under_way: asyncio.Queue[tuple[int, bytes]] = asyncio.Queue(_MOST_CHUNKS)
    leaving = asyncio.create_task(_write_when_due(under_way, writer))
    try:
        due_ns = 0
        with suppress(OSError):
            while chunk := await reader.read(_CHUNK_BYTES):
                due_ns = max(due_ns, monotonic_ns() + extra_ns())
                await under_way.put((due_ns, chunk))
        await under_way.put((due_ns, b""))
        await leaving
    finally:
        leaving.cancel()


async def _write_when_due(under_way: asyncio.Queue[tuple[int, bytes]], writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while True:
            due_ns, chunk = await under_way.get()
            await asyncio.sleep(max(0, due_ns - monotonic_ns()) / S)
            if not chunk:
                return
            writer.write(chunk)
            await writer.drain()


def serve(config: DirectoryProxyConfig, control: Connection) -> None:
    """Open at once, say Ready, answer DelayAnswers, and on Stop say Stopped."""
    asyncio.run(_serve(config, control, standing_by=False))


def stand_by(config: DirectoryProxyConfig, control: Connection) -> None:
    """Say StandingBy; from TakeOver on as `serve`."""
    asyncio.run(_serve(config, control, standing_by=True))


async def _serve(config: DirectoryProxyConfig, control: Connection, *, standing_by: bool) -> None:
    set_realtime_priority()
    proxy, orders = DirectoryProxy(config), _orders(control)
    if standing_by:
        tell(control, StandingBy())
    else:
        await proxy.open()
        tell(control, Ready())
    while not isinstance(order := await orders.get(), Stop):
        if isinstance(order, TakeOver):
            await proxy.open()
            tell(control, Ready())
        if isinstance(order, DelayAnswers):
            proxy.extra_ns = order.extra_ns
            tell(control, AnswersDelayed(proxy.extra_ns))
    proxy.close()
    tell(control, Stopped({}))


def _orders(control: Connection) -> asyncio.Queue[object]:
    orders: asyncio.Queue[object] = asyncio.Queue()
    asyncio.get_running_loop().add_reader(control.fileno(), lambda: orders.put_nowait(_received(control)))
    return orders


def _received(control: Connection) -> object:
    """The next message; the end of the pipe means Stop."""
    try:
        return control.recv()
    except EOFError:
        return Stop()
