"""A TCP proxy between the switches and the controller, at which a scenario delays their messages, either way.

It listens where the switches look for the controller, which listens at another port then. A connection that the
controller does not take is closed, as it would be without the proxy.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from multiprocessing.connection import Connection

from hostio.control import Ready, Stop, Stopped, message_queue, tell
from hostio.delayed_streams import pass_between
from hostio.realtime import set_realtime_priority
from relay_app.messages import AnswersDelayed, DelayAnswers


@dataclass(frozen=True, slots=True)
class OpenFlowProxyConfig:
    """Listens at `address` and `port`; the controller at `behind` of `behind_address`."""

    address: str
    port: int
    behind_address: str
    behind: int


class OpenFlowProxy:
    """Opens a connection to the controller for each one it accepts. `extra_ns`: the delay of messages from now on."""

    def __init__(self, config: OpenFlowProxyConfig) -> None:
        self._config = config
        self._server: asyncio.Server | None = None
        self.extra_ns = 0

    async def open(self) -> None:
        """Listen; OSError if the address is taken."""
        self._server = await asyncio.start_server(self._admit, self._config.address, self._config.port)

    def close(self) -> None:
        """Stop listening."""
        if self._server:
            self._server.close()

    async def _admit(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            behind = await asyncio.open_connection(self._config.behind_address, self._config.behind)
        except OSError:
            writer.transport.abort()
            return
        await pass_between((reader, writer), behind, lambda: self.extra_ns, lambda: self.extra_ns)


def serve(config: OpenFlowProxyConfig, control: Connection) -> None:
    """Listen, answer Ready and DelayAnswers, and Stopped on Stop."""
    asyncio.run(_serve(config, control))


async def _serve(config: OpenFlowProxyConfig, control: Connection) -> None:
    set_realtime_priority()
    proxy, queue = OpenFlowProxy(config), message_queue(control)
    await proxy.open()
    tell(control, Ready())
    while not isinstance(message := await queue.get(), Stop):
        if isinstance(message, DelayAnswers):
            proxy.extra_ns = message.extra_ns
            tell(control, AnswersDelayed(proxy.extra_ns))
    proxy.close()
    tell(control, Stopped({}))
