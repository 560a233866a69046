"""The packet path of a relay as an object: its lane sockets, its thread's loop, and what the loop tells of itself."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from struct import Struct
from time import monotonic_ns
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from hostio.histogram import Lateness, lateness_of
from hostio.lateness_compiled import watch
from hostio.realtime import set_realtime_priority
from hostio.sockets import receive_stamped, udp_drops, udp_socket, waiting_bytes
from relay_app.locks.mutex_compiled import LockPlace
from relay_app.locks.report import PACKET_PATH
from relay_app.records import UNREAD, DropReason
from relay_app.relay.fate_log import FateLog
from relay_app.relay.forwarding_loop import ForwardingMemory, PathRules, forward
from relay_app.sessions.session_table import SessionTable
from relay_app.streams import LANE_PORT, LANES

LANE_BUFFER_BYTES = 212_992 // 2
"""Of a lane's receive buffer: what a stock kernel grants who asks for nothing, some 270 packets (it doubles it)."""

_SNAPSHOT_TRIES = 100
_HEADER = Struct("!2xH4xI")
"""Sequence number and SSRC at their places in RTP (RFC 3550 §5.1)."""

_DATAGRAM_BYTES = 2048


@dataclass(frozen=True, slots=True)
class PathConfig:
    """The relay of cluster `ordinal` listens on the lanes of `address`; under load it wakes once per `tick_ns`.

    `fates`: the file of its FateLog, if that is to outlive it.
    """

    ordinal: int
    address: str
    tick_ns: int
    rules: PathRules
    fates: Path | None = None


class PacketPath(Protocol):
    """What carries packets in a relay."""

    @property
    def queued(self) -> int:
        """Packets that it keeps back."""

    @property
    def stopped(self) -> bool:
        """Whether `stop` has been called."""

    def open(self) -> None:
        """Listen on the lanes, before `run`."""

    def run(self) -> None:
        """Forward until stopped."""

    def wait_for_misses(self) -> npt.NDArray[np.uint32]:
        """Block until packets found no session, then the SSRCs of all that did; none once stopped."""

    def stop(self) -> None:
        """End `run`, and whoever waits for misses."""

    def counts(self) -> npt.NDArray[Any]:
        """RELAY_COUNTERS."""

    def last_round_ns(self) -> int:
        """When it last looked for packets, CLOCK_MONOTONIC ns: tens of milliseconds ago at most, unless it is stuck."""

    def waiting_bytes(self) -> int:
        """Memory that waiting datagrams take in the lanes' receive buffers."""

    def lost_misses(self) -> int:
        """Misses that were not passed on."""

    def drops(self) -> dict[str, int]:
        """Datagrams lost because a lane's receive buffer was full, by lane."""

    def log_undelivered(self) -> None:
        """Note down every packet that is still in the relay, once `run` has ended or never will."""

    def watch(self, from_ns: int, until_ns: int) -> None:
        """How late it wakes counts from then until then, CLOCK_MONOTONIC ns."""

    def lateness(self) -> Lateness:
        """Of its timed wake-ups while it was watched."""

    def close(self) -> None:
        """Close the sockets, once `run` has ended."""


class Forwarder:
    """The compiled packet path: `run` in a thread of its own."""

    def __init__(self, config: PathConfig, table: SessionTable) -> None:
        self._config = config
        self._lanes: list[socket.socket] = []
        self._missed = os.eventfd(0)
        self._log = FateLog.create(config.fates)
        self._memory = ForwardingMemory.allocate(LANES, table.cache.view, table.unknown.view, self._log)
        self._place = _lock_place(config.rules, table)

    def open(self) -> None:
        """Listen on the lanes, before `run`."""
        self._lanes = open_lanes(self._config.address)
        self._memory.sockets["fd"] = [lane.fileno() for lane in self._lanes]

    def run(self) -> None:
        """Forward until stopped."""
        set_realtime_priority()
        config = self._config
        forward(self._memory, self._place, config.rules, config.ordinal, self._missed, config.tick_ns)

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
    def queued(self) -> int:
        """It keeps no packet back."""
        return 0

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

    def last_round_ns(self) -> int:
        """When the loop last looked for packets, CLOCK_MONOTONIC ns; 0 before it has."""
        return int(self._memory.state["woken_ns"][0])

    def waiting_bytes(self) -> int:
        """Memory that waiting datagrams take in the lanes' receive buffers."""
        return sum(map(waiting_bytes, self._lanes))

    def lost_misses(self) -> int:
        """Misses that found the ring to the control side full."""
        return int(self._memory.state["lost_misses"][0])

    def watch(self, from_ns: int, until_ns: int) -> None:
        """How late the loop wakes counts from then until then, CLOCK_MONOTONIC ns."""
        watch(self._memory.lateness, from_ns, until_ns)

    def lateness(self) -> Lateness:
        """Of the loop's timed wake-ups while it was watched; packets wake it without a deadline."""
        return lateness_of(self._memory.lateness)

    def drops(self) -> dict[str, int]:
        """Datagrams lost because a lane's receive buffer was full, by lane."""
        return {f"lane {number}": udp_drops(lane) for number, lane in enumerate(self._lanes)}

    def log_undelivered(self) -> None:
        """Note down what the receive buffers hold."""
        self._log.append(unread(self._lanes))

    def close(self) -> None:
        """Close the sockets."""
        for lane in self._lanes:
            lane.close()
        os.close(self._missed)


def unread(lanes: Iterable[socket.socket], reason: int = UNREAD) -> Iterator[tuple[int, int, int, int]]:
    """Empty these lanes: (ssrc, seq, reason, now) of every packet that waits there."""
    for lane in lanes:
        while (arrival := receive_stamped(lane, _DATAGRAM_BYTES)) is not None:
            yield fate_of(arrival.datagram, reason)


def fate_of(datagram: bytes, reason: int) -> tuple[int, int, int, int]:
    """A row of RELAY_FATE for a packet, now.

    Without the compiled readers: whoever calls this must not wait for a compiler.
    """
    if reason == DropReason.MALFORMED or len(datagram) < _HEADER.size:
        return (0, 0, reason, monotonic_ns())
    seq, ssrc = _HEADER.unpack_from(datagram)
    return (ssrc, seq, reason, monotonic_ns())


def open_lanes(address: str) -> list[socket.socket]:
    """The sockets of all lanes, in order."""
    return [udp_socket(address, LANE_PORT + lane, LANE_BUFFER_BYTES) for lane in range(LANES)]


def _lock_place(rules: PathRules, table: SessionTable) -> LockPlace:
    """Where the loop takes the cache's lock; one that never does is none of the lock's places."""
    return table.lock.place(PACKET_PATH) if rules.locked else LockPlace.at(table.lock.mutex)
