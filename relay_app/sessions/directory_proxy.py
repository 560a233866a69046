"""A TCP proxy in front of the Redis of the session directory, at which a scenario delays answers or ends the service.

It forwards requests at once and every byte of an answer after the same delay, as a longer path would: the throughput
stays. Bytes keep their order when the delay gets shorter.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from hostio.control import Ready, Stop, Stopped, message_queue, tell
from hostio.delayed_streams import pass_between
from hostio.realtime import set_realtime_priority
from relay_app.messages import AnswersDelayed, DelayAnswers, StandingBy, TakeOver
from relay_app.ports import DIRECTORY_PORT


@dataclass(frozen=True, slots=True)
class DirectoryProxyConfig:
    """Listens at `address` on the directory's port; `backend` is the Unix socket of Redis."""

    address: str
    backend: Path


class DirectoryProxy:
    """Opens a connection to Redis for each one it accepts. `extra_ns`: the delay of answers that arrive from now on."""

    def __init__(self, config: DirectoryProxyConfig) -> None:
        self._config = config
        self._server: asyncio.Server | None = None
        self.extra_ns = 0

    async def open(self) -> None:
        """Listen; OSError if the address is taken."""
        self._server = await asyncio.start_server(self._admit, self._config.address, DIRECTORY_PORT)

    def close(self) -> None:
        """Stop listening."""
        if self._server:
            self._server.close()

    async def _admit(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve a connection until either side ends and what was held then is forwarded."""
        try:
            behind = await asyncio.open_unix_connection(str(self._config.backend))
        except OSError:
            writer.transport.abort()
            return
        await pass_between((reader, writer), behind, lambda: 0, lambda: self.extra_ns)


def serve(config: DirectoryProxyConfig, control: Connection) -> None:
    """Listen, answer Ready and DelayAnswers, and Stopped on Stop."""
    asyncio.run(_serve(config, control, standing_by=False))


def stand_by(config: DirectoryProxyConfig, control: Connection) -> None:
    """Answer StandingBy; from TakeOver on as `serve`."""
    asyncio.run(_serve(config, control, standing_by=True))


async def _serve(config: DirectoryProxyConfig, control: Connection, *, standing_by: bool) -> None:
    set_realtime_priority()
    proxy, queue = DirectoryProxy(config), message_queue(control)
    if standing_by:
        tell(control, StandingBy())
    else:
        await proxy.open()
        tell(control, Ready())
    while not isinstance(message := await queue.get(), Stop):
        if isinstance(message, TakeOver):
            await proxy.open()
            tell(control, Ready())
        if isinstance(message, DelayAnswers):
            proxy.extra_ns = message.extra_ns
            tell(control, AnswersDelayed(proxy.extra_ns))
    proxy.close()
    tell(control, Stopped({}))
