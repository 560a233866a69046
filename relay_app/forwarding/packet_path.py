"""The packet path of a relay for its control side: lane sockets, the compiled loop, counters, misses."""

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

from hostio.histogram import lateness_of
from hostio.lateness import Lateness, Spans
from hostio.lateness_compiled import hold_ups_of, watch
from hostio.realtime import set_realtime_priority
from hostio.sockets import receive_stamped, udp_drops, udp_socket, waiting_bytes
from relay_app.drop_reasons import DropReason
from relay_app.forwarding.fate_log import FateLog
from relay_app.forwarding.forwarding_loop import ForwardingMemory, PathRules, forward
from relay_app.locks.mutex_compiled import LockPlace
from relay_app.locks.report import PACKET_PATH
from relay_app.ports import LANE_PORT, LANES
from relay_app.records import UNREAD
from relay_app.sessions.session_table import SessionTable

LANE_BUFFER_BYTES = 212_992 // 2
"""Of a lane's receive buffer. The kernel doubles it to 212 992, a stock kernel's net.core.rmem_default, which holds
some 270 packets of voice. With deeper buffers a relay that stands still would lose nothing and only be late; on a stock
machine it loses packets, and that is what is to be seen."""

_SNAPSHOT_TRIES = 100
_HEADER = Struct("!2xH4xI")
"""Sequence number and SSRC at their places in RTP (RFC 3550 §5.1)."""

_DATAGRAM_BYTES = 2048


@dataclass(frozen=True, slots=True)
class PathConfig:
    """The relay of cluster `ordinal` listens on the lanes of `address`; under load it wakes once per `tick_ns`.

    `fates`: the file of its FateLog; None: in memory.
    """

    ordinal: int
    address: str
    tick_ns: int
    rules: PathRules
    fates: Path | None = None


class PacketPath(Protocol):
    """Interface of a relay's packet path to its control side."""

    @property
    def queued(self) -> int:
        """Packets that it keeps until their session is known."""

    @property
    def stopped(self) -> bool:
        """Whether `stop` has been called."""

    def open(self) -> None:
        """Listen on the lanes, before `run`."""

    def run(self) -> None:
        """Forward until stopped."""

    def wait_for_misses(self) -> npt.NDArray[np.uint32]:
        """Wait for packets without a cached session; the SSRCs of all since the last call, with repetitions, or none
        once stopped."""

    def stop(self) -> None:
        """Have `run` and `wait_for_misses` return."""

    def counts(self) -> npt.NDArray[Any]:
        """RELAY_COUNTERS."""

    def last_round_ns(self) -> int:
        """When it last looked for packets, CLOCK_MONOTONIC ns; 0 before. Not longer than some 50 ms ago unless
        stuck."""

    def waiting_bytes(self) -> int:
        """Memory that waiting datagrams take in the lanes' receive buffers."""

    def lost_misses(self) -> int:
        """Misses that `wait_for_misses` did not return, because there was no room for them."""

    def drops(self) -> dict[str, int]:
        """Datagrams lost because a lane's receive buffer was full, by lane."""

    def log_undelivered(self) -> None:
        """Log every packet that is still in the relay, once `run` has ended or is known to be stuck."""

    def watch(self, from_ns: int, until_ns: int) -> None:
        """Count how late it wakes from `from_ns` until `until_ns`, CLOCK_MONOTONIC."""

    def lateness(self) -> Lateness:
        """Lateness of its timed wake-ups while it was watched."""

    def hold_ups(self) -> Spans:
        """When its timed wake-ups were held up while it was watched."""

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
        """Wait for packets without a cached session; the SSRCs of all since the last call, with repetitions, or none
        once stopped."""
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
        """Have `run` and `wait_for_misses` return."""
        self._memory.state["stop"] = 1
        os.eventfd_write(self._missed, 1)

    def counts(self) -> npt.NDArray[Any]:
        """RELAY_COUNTERS between two rounds of the loop, so that received = forwarded + drops.

        A copy taken while the loop writes does not add up, and is taken again.
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
        """Misses for which the ring to the control side had no room."""
        return int(self._memory.state["lost_misses"][0])

    def watch(self, from_ns: int, until_ns: int) -> None:
        """Count how late the loop wakes from `from_ns` until `until_ns`, CLOCK_MONOTONIC."""
        watch(self._memory.lateness, from_ns, until_ns)

    def lateness(self) -> Lateness:
        """Lateness of the loop's timed wake-ups while it was watched; one that a packet causes has no deadline."""
        return lateness_of(self._memory.lateness)

    def hold_ups(self) -> Spans:
        """When the loop's timed wake-ups were held up while it was watched."""
        return hold_ups_of(self._memory.lateness)

    def drops(self) -> dict[str, int]:
        """Datagrams lost because a lane's receive buffer was full, by lane."""
        return {f"lane {number}": udp_drops(lane) for number, lane in enumerate(self._lanes)}

    def log_undelivered(self) -> None:
        """Log the packets in the receive buffers as UNREAD."""
        self._log.append(unread(self._lanes))

    def close(self) -> None:
        """Close the sockets."""
        for lane in self._lanes:
            lane.close()
        os.close(self._missed)


def unread(lanes: Iterable[socket.socket], reason: int = UNREAD) -> Iterator[tuple[int, int, int, int]]:
    """Take every packet out of these lanes' receive buffers; the RELAY_FATE row of each."""
    for lane in lanes:
        while (arrival := receive_stamped(lane, _DATAGRAM_BYTES)) is not None:
            yield fate_of(arrival.datagram, reason)


def fate_of(datagram: bytes, reason: int) -> tuple[int, int, int, int]:
    """A row of RELAY_FATE for a packet, with the present time.

    In plain Python, unlike `rtp_compiled`: it also runs in the runner, where compiling would take time during a run.
    """
    if reason == DropReason.MALFORMED or len(datagram) < _HEADER.size:
        return (0, 0, reason, monotonic_ns())
    seq, ssrc = _HEADER.unpack_from(datagram)
    return (ssrc, seq, reason, monotonic_ns())


def open_lanes(address: str) -> list[socket.socket]:
    """The sockets of all lanes, in order."""
    return [udp_socket(address, LANE_PORT + lane, LANE_BUFFER_BYTES) for lane in range(LANES)]


def _lock_place(rules: PathRules, table: SessionTable) -> LockPlace:
    """Where the loop takes the cache's lock; a loop that never does must not appear among the lock's places."""
    return table.lock.place(PACKET_PATH) if rules.locked else LockPlace.at(table.lock.mutex)
