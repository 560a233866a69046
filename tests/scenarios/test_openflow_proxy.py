"""The proxy between switches and controller: what either says comes later and in order, and a refusal stays one."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Coroutine
from contextlib import suppress
from time import monotonic_ns

from hostio.timing import MS
from scenarios.process_faults.openflow_proxy import OpenFlowProxy, OpenFlowProxyConfig

HOST = "127.0.0.1"
EXTRA_NS = 40 * MS


def free_port() -> int:
    with socket.create_server((HOST, 0)) as server:
        port: int = server.getsockname()[1]
        return port


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A controller that says what it is told."""
    while told := await reader.read(64):
        writer.write(told)
    writer.close()


def played(act: Callable[[OpenFlowProxy, int], Coroutine[None, None, None]], *, listening: bool = True) -> None:
    async def play() -> None:
        config = OpenFlowProxyConfig(HOST, free_port(), HOST, free_port())
        controller = await asyncio.start_server(echo, HOST, config.behind) if listening else None
        proxy = OpenFlowProxy(config)
        await proxy.open()
        await act(proxy, config.port)
        # Whatever was open is closed in tasks of its own, and these at the next turns of the loop.
        me = asyncio.current_task()
        await asyncio.gather(*(each for each in asyncio.all_tasks() if each is not me), return_exceptions=True)
        await asyncio.sleep(0.01)
        proxy.close()
        if controller:
            controller.close()

    asyncio.run(play())


def test_a_message_and_its_answer_come_later_by_the_delay_each_and_in_order() -> None:
    async def act(proxy: OpenFlowProxy, port: int) -> None:
        reader, writer = await asyncio.open_connection(HOST, port)
        writer.write(b"hello")
        assert await reader.readexactly(5) == b"hello"
        proxy.extra_ns = EXTRA_NS
        begun_ns = monotonic_ns()
        writer.write(b"slow ")
        await asyncio.sleep(EXTRA_NS / 4e9)
        proxy.extra_ns = 0
        writer.write(b"fast")
        assert await reader.readexactly(9) == b"slow fast"
        assert monotonic_ns() - begun_ns >= EXTRA_NS
        proxy.extra_ns = EXTRA_NS
        begun_ns = monotonic_ns()
        writer.write(b"both ways")
        assert await reader.readexactly(9) == b"both ways"
        assert monotonic_ns() - begun_ns >= 2 * EXTRA_NS
        writer.close()

    played(act)


def test_without_a_controller_behind_it_connections_break() -> None:
    async def act(_proxy: OpenFlowProxy, port: int) -> None:
        reader, writer = await asyncio.open_connection(HOST, port)
        with suppress(ConnectionError):
            assert await reader.read(1) == b""
        writer.close()

    played(act, listening=False)
