"""A relay as one would write it first: asyncio, a dictionary of sessions. What ours is compared with."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import cast

from relay_app.rtp import PATH_HOPS, PATH_OFFSET, PAYLOAD_OFFSET, SSRC_OFFSET

Address = tuple[str, int]


class Lane(asyncio.DatagramProtocol):
    """Logs itself in each packet of a known session, and sends it on."""

    def __init__(self, ordinal: int, next_hops: Mapping[bytes, Address]) -> None:
        self._ordinal = ordinal
        self._next_hops = next_hops
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Asyncio's way to hand over the socket."""
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, _addr: object) -> None:
        """Relay one packet."""
        next_hop = self._next_hops.get(data[SSRC_OFFSET : SSRC_OFFSET + 4])
        free = data.find(0, PATH_OFFSET, PATH_OFFSET + PATH_HOPS)
        if len(data) < PAYLOAD_OFFSET or next_hop is None or free < 0 or self._transport is None:
            return
        packet = bytearray(data)
        packet[free] = self._ordinal
        self._transport.sendto(packet, next_hop)


async def relay(lanes: list[Address], next_hops: Mapping[bytes, Address], ready: Callable[[], None]) -> None:
    """Serve until cancelled; call `ready` when all lanes are open."""
    loop = asyncio.get_running_loop()
    for lane in lanes:
        await loop.create_datagram_endpoint(lambda: Lane(1, next_hops), local_addr=lane)
    ready()
    await asyncio.Event().wait()
