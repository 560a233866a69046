"""Slow drain: packets of sessions that are not there yet are kept, in order, without a bound, and handed on at a pace.

Dropping the first words of a rerouted call seemed a pity, so they wait for their session; what comes behind them waits
too, for nothing must overtake. And lest the next hop be hit by all of it at once, what has waited leaves at a steady
1000 packets a second, twice what a region relays on a usual day. A burst brings more than that, so the queue never
empties while it lasts: every packet is delivered, each later than the one before, until listeners hear the past only.
"""

from __future__ import annotations

import os
import select
import socket
from collections import deque
from dataclasses import dataclass
from time import monotonic_ns, sleep
from typing import Any

import numpy as np
import numpy.typing as npt

from hostio.histogram import Lateness, lateness_of
from hostio.lateness_compiled import empty_lateness
from hostio.mmsg import SOCKADDR_IN
from hostio.realtime import set_realtime_priority
from hostio.sockets import udp_drops, waiting_bytes
from hostio.timing import MS, S
from relay_app.records import HELD, RELAY_COUNTERS, DropReason
from relay_app.relay.fate_log import FateLog
from relay_app.relay.packet_path import PathConfig, fate_of, open_lanes, unread
from relay_app.relay.version import Version
from relay_app.rtp_compiled import LOOPED, free_hop, has_fixed_layout, log_hop, ssrc_of
from relay_app.sessions.cache_compiled import find
from relay_app.sessions.session_table import SessionTable
from relay_app.versions.v2026_05_20 import BulkFetch

DRAIN_NS = S // 1000
"""Between two packets that have waited."""

_DATAGRAM_BYTES = 2048
_TURN = 64
"""Packets that a lane may hand over before the next has its turn."""
_NAP_NS = 50 * MS
_TICK_NS = MS
"""It wakes no more often; packets wait in the lanes' receive buffers."""

_RECEIVED, _FORWARDED, _FIRST_DROP = 0, 1, 2


@dataclass(frozen=True, slots=True, eq=False)
class _Packet:
    lane: socket.socket
    data: npt.NDArray[np.uint8]
    """One row, as the compiled accessors want it."""
    ssrc: int


class HoldAndDrain:
    """The packet path: forwards at once what is known while nothing waits, and holds everything else."""

    def __init__(self, config: PathConfig, table: SessionTable) -> None:
        self._ordinal = config.ordinal
        self._table = table
        self._address = config.address
        self._lanes: list[socket.socket] = []
        self._counts = np.zeros(len(RELAY_COUNTERS), np.int64)
        self._held: deque[_Packet] = deque()
        self._log = FateLog.create(config.fates)
        self._next_drain_ns = 0
        self._missed: list[int] = []
        self._news = os.eventfd(0)
        self._last_round_ns = 0
        self.stopped = False

    @property
    def queued(self) -> int:
        """Packets that wait."""
        return len(self._held)

    def open(self) -> None:
        """Listen on the lanes, before `run`."""
        self._lanes = open_lanes(self._address)

    def run(self) -> None:
        """Forward until stopped."""
        set_realtime_priority()
        lanes = {lane.fileno(): lane for lane in self._lanes}
        poll = select.poll()
        for descriptor in lanes:
            poll.register(descriptor, select.POLLIN)
        while not self.stopped:
            ready = poll.poll((DRAIN_NS if self._held else _NAP_NS) / MS)
            self._last_round_ns = monotonic_ns()
            for descriptor, _ in ready:
                self._take(lanes[descriptor])
            self._drain(self._last_round_ns)
            sleep(_TICK_NS / S)

    def _take(self, lane: socket.socket) -> None:
        for _ in range(_TURN):
            try:
                datagram = lane.recv(_DATAGRAM_BYTES)
            except BlockingIOError:
                return
            self._counts[_RECEIVED] += 1
            self._log.state["in_hand"] += 1
            data = np.frombuffer(bytearray(datagram), np.uint8).reshape(1, -1)
            if not has_fixed_layout(data, 0, len(datagram)):
                self._drop(DropReason.MALFORMED, datagram)
                continue
            packet = _Packet(lane, data, ssrc_of(data, 0))
            if self._held or not self._settle(packet):
                self._held.append(packet)

    def _drain(self, now_ns: int) -> None:
        self._next_drain_ns = max(self._next_drain_ns, now_ns - _NAP_NS)
        while self._held and self._next_drain_ns <= now_ns and self._settle(self._held[0]):
            self._held.popleft()
            self._next_drain_ns += DRAIN_NS

    def _settle(self, packet: _Packet) -> bool:
        """Send a packet on or drop it; False if it has to wait for its session."""
        view, now_ns = self._table.cache.view, self._last_round_ns
        slot = find(view.keys, packet.ssrc)
        if slot >= 0:
            view.used_ns[slot] = now_ns
            self._send(packet, view.next_hops[slot])
            return True
        if self._table.unknown.holds(packet.ssrc, now_ns):
            self._drop(DropReason.UNKNOWN, packet.data.tobytes())
            return True
        self._missed.append(packet.ssrc)
        os.eventfd_write(self._news, 1)
        return False

    def _send(self, packet: _Packet, next_hop: npt.NDArray[Any]) -> None:
        hop = free_hop(packet.data, 0, self._ordinal)
        if hop < 0:
            self._drop(DropReason.LOOP if hop == LOOPED else DropReason.TOO_MANY_HOPS, packet.data.tobytes())
            return
        log_hop(packet.data, 0, hop, self._ordinal)
        (address,) = next_hop.view(SOCKADDR_IN)
        host = socket.inet_ntoa(int(address["address"]).to_bytes(4, "big"))
        try:
            packet.lane.sendto(packet.data.tobytes(), (host, int(address["port"])))
        except OSError:
            self._drop(DropReason.SEND_FAILED, packet.data.tobytes())
            return
        self._counts[_FORWARDED] += 1
        self._log.state["in_hand"] -= 1

    def _drop(self, reason: DropReason, datagram: bytes) -> None:
        self._counts[_FIRST_DROP + reason] += 1
        self._log.append([fate_of(datagram, reason)])
        self._log.state["in_hand"] -= 1

    def wait_for_misses(self) -> npt.NDArray[np.uint32]:
        """Block until packets found no session, then the SSRCs of all that did; none once stopped."""
        os.eventfd_read(self._news)
        missed, self._missed = self._missed, []
        return np.array(missed, np.uint32)

    def stop(self) -> None:
        """End `run`, and whoever waits for misses."""
        self.stopped = True
        os.eventfd_write(self._news, 1)

    def counts(self) -> npt.NDArray[Any]:
        """RELAY_COUNTERS."""
        return self._counts.copy()

    def last_round_ns(self) -> int:
        """When it last looked for packets, CLOCK_MONOTONIC ns."""
        return self._last_round_ns

    def waiting_bytes(self) -> int:
        """Memory that waiting datagrams take in the lanes' receive buffers."""
        return sum(map(waiting_bytes, self._lanes))

    def lost_misses(self) -> int:
        """None is lost."""
        return 0

    def watch(self, from_ns: int, until_ns: int) -> None:
        """It counts none."""

    def lateness(self) -> Lateness:
        """None: it shares the interpreter with its control side, and what that makes late is its own doing."""
        return lateness_of(empty_lateness())

    def drops(self) -> dict[str, int]:
        """Datagrams lost because a lane's receive buffer was full, by lane."""
        return {f"lane {number}": udp_drops(lane) for number, lane in enumerate(self._lanes)}

    def log_undelivered(self) -> None:
        """Note down what it keeps back, and what the receive buffers hold."""
        self._log.append(fate_of(packet.data.tobytes(), HELD) for packet in self._held)
        self._log.state["in_hand"] -= len(self._held)
        self._log.append(unread(self._lanes))

    def close(self) -> None:
        """Close the sockets, once `run` has ended."""
        for lane in self._lanes:
            lane.close()
        os.close(self._news)


VERSION = Version(BulkFetch, packet_path=HoldAndDrain)
