"""Bytes passed on between two connections, each after a delay that may change, in the order in which they came."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from time import monotonic_ns
from typing import TypeAlias

from hostio.timing import S

_CHUNK_BYTES = 1 << 16
_MOST_CHUNKS = 1 << 10
"""Held for one direction, 64 MiB; more is not read until there is room."""

Connection: TypeAlias = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Delay: TypeAlias = Callable[[], int]
"""That of what arrives now, ns."""


async def pass_between(one: Connection, other: Connection, there: Delay, back: Delay) -> None:
    """Pass on what either connection brings, `there` from `one` to `other`, until one ends and what was held of it is
    written; then both are closed."""
    ways = (
        asyncio.create_task(_forward_delayed(one[0], other[1], there)),
        asyncio.create_task(_forward_delayed(other[0], one[1], back)),
    )
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for way in ways:
            way.cancel()
        for _, writer in (one, other):
            writer.close()


async def _forward_delayed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, extra_ns: Delay) -> None:
    """Forward one direction, each chunk when it is due, until the reader ends or a side breaks."""
    held: asyncio.Queue[tuple[int, bytes]] = asyncio.Queue(_MOST_CHUNKS)
    leaving = asyncio.create_task(_write_when_due(held, writer))
    try:
        due_ns = 0
        with suppress(OSError):
            while chunk := await reader.read(_CHUNK_BYTES):
                due_ns = max(due_ns, monotonic_ns() + extra_ns())  # never before the chunk ahead: order is kept
                await held.put((due_ns, chunk))
        await held.put((due_ns, b""))
        await leaving
    finally:
        leaving.cancel()


async def _write_when_due(held: asyncio.Queue[tuple[int, bytes]], writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while True:
            due_ns, chunk = await held.get()
            await asyncio.sleep(max(0, due_ns - monotonic_ns()) / S)
            if not chunk:
                return
            writer.write(chunk)
            await writer.drain()
