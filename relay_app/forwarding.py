"""The packet path of a relay as an object: its lane sockets, its thread's loop, and what the loop tells of itself."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import numpy.typing as npt

from hostio.realtime import prefer_punctuality
from hostio.sockets import udp_drops, udp_socket
from relay_app.cache import CacheView, UnknownView
from relay_app.forwarding_loop import ForwardingMemory, forward
from relay_app.sessions import LANE_PORT, LANES

_SNAPSHOT_TRIES = 100


class Forwarder:
    """Forwards as cluster `ordinal` whatever arrives on the lanes of `address`; `run` in a thread of its own."""

    def __init__(self, ordinal: int, address: str, cache: CacheView, unknown: UnknownView, tick_ns: int) -> None:
        self._ordinal = ordinal
        self._tick_ns = tick_ns
        self._lanes = [udp_socket(address, LANE_PORT + lane) for lane in range(LANES)]
        self._missed = os.eventfd(0)
        self._memory = ForwardingMemory.allocate([lane.fileno() for lane in self._lanes], cache, unknown)

    def run(self) -> None:
        """Forward until stopped."""
        prefer_punctuality()
        forward(self._memory, self._ordinal, self._missed, self._tick_ns)

    def wait_for_misses(self) -> npt.NDArray[np.uint32]:
        """Block until packets found no session, then the SSRCs of all that did; none once stopped."""
        os.eventfd_read(self._missed)
        state = self._memory.state[0]
        first, end = int(state["taken"]), int(state["announced"])
        places = np.arange(first, end) & (len(self._memory.misses) - 1)
        ssrcs: npt.NDArray[np.uint32] = self._memory.misses[places]
        state["taken"] = end
        return ssrcs

    @property
    def stopped(self) -> bool:
        """Whether `stop` has been called."""
        return bool(self._memory.state["stop"][0])

    def stop(self) -> None:
        """End the loop, and whoever waits for misses."""
        self._memory.state["stop"] = 1
        os.eventfd_write(self._missed, 1)

    def counts(self) -> npt.NDArray[Any]:
        """RELAY_COUNTERS between two rounds of the loop, so that received = forwarded + drops.

        The loop may be publishing at that very moment; then they do not add up, and are read again.
        """
        for _ in range(_SNAPSHOT_TRIES):
            counts = self._memory.published.copy()
            if counts[0] == counts[1:].sum():
                break
        return counts

    def lost_misses(self) -> int:
        """Misses that found the ring to the control side full."""
        return int(self._memory.state["lost_misses"][0])

    def drops(self) -> dict[str, int]:
        """Datagrams lost because a lane's receive buffer was full, by lane."""
        return {f"lane {number}": udp_drops(lane) for number, lane in enumerate(self._lanes)}

    def close(self) -> None:
        """Close the sockets."""
        for lane in self._lanes:
            lane.close()
        os.close(self._missed)
