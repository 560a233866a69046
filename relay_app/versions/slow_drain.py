"""Slow drain: packets without a cached session are kept in order in an unbounded queue, which is sent at a fixed rate.

In order not to drop the first words of a rerouted call, its packets wait for their session; packets behind them wait
too, to keep the order. To spare the next hop a burst, the queue is sent at 1000 packets a second, twice what a region
relays on a usual day. A burst brings more than that, so the queue does not empty while it lasts: every packet is
delivered, each later than the one before, until all that listeners get is too old to be played.
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

from hostio.compiled import precompile
from hostio.histogram import lateness_of
from hostio.lateness import Lateness, Spans
from hostio.lateness_compiled import empty_lateness
from hostio.mmsg import SOCKADDR_IN
from hostio.realtime import set_realtime_priority
from hostio.sockets import udp_drops, waiting_bytes
from hostio.timing import MS, S
from relay_app.drop_reasons import DropReason
from relay_app.forwarding.fate_log import FateLog
from relay_app.forwarding.lookup_compiled import is_refresh, refreshed_ssrc
from relay_app.forwarding.packet_path import PathConfig, fate_of, open_lanes, unread
from relay_app.records import HELD, RELAY_COUNTERS
from relay_app.rtp_compiled import LOOPED, free_hop, has_fixed_layout, is_rtp, log_hop, ssrc_of
from relay_app.sessions.cache_compiled import find
from relay_app.sessions.session_table import SessionTable
from relay_app.versions.v2026_05_20 import BulkFetch
from relay_app.versions.version import Version

DRAIN_NS = S // 1000
"""Between two packets from the queue."""

_DATAGRAM_BYTES = 2048
_BATCH = 64
"""Packets taken from a lane before the next one's turn."""
_MAX_WAIT_NS = 50 * MS
"""Bounds how late a stop is seen."""
_TICK_NS = MS
"""Least time between two wake-ups; packets wait in the lanes' receive buffers."""

_RECEIVED, _FORWARDED, _FIRST_DROP = 0, 1, 2


@dataclass(frozen=True, slots=True, eq=False)
class _Packet:
    lane: socket.socket
    data: npt.NDArray[np.uint8]
    """One row of a batch, as `rtp_compiled` takes it."""
    ssrc: int
    """The session's: of a refresh, that of the stream which it is for."""
    refresh: bool


def compile_loops() -> None:
    """Compile what this packet path calls of compiled code, or load it from the cache."""
    data = np.zeros((1, 1), np.uint8)
    for of_a_datagram in (is_rtp, has_fixed_layout, is_refresh):
        precompile(of_a_datagram, data, 0, 0)
    for ssrc in (ssrc_of, refreshed_ssrc):
        precompile(ssrc, data, 0)
    precompile(free_hop, data, 0, 0)
    precompile(log_hop, data, 0, 0, 0)


class HoldAndDrain:
    """The packet path: while nothing waits it forwards packets of cached sessions at once, and it queues all others."""

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
        self._missed_event = os.eventfd(0)
        self._last_round_ns = 0
        self.stopped = False

    @property
    def queued(self) -> int:
        """Packets in the queue."""
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
            ready = poll.poll((DRAIN_NS if self._held else _MAX_WAIT_NS) / MS)
            self._last_round_ns = monotonic_ns()
            for descriptor, _ in ready:
                self._take(lanes[descriptor])
            self._drain(self._last_round_ns)
            sleep(_TICK_NS / S)

    def _take(self, lane: socket.socket) -> None:
        for _ in range(_BATCH):
            try:
                datagram = lane.recv(_DATAGRAM_BYTES)
            except BlockingIOError:
                return
            self._counts[_RECEIVED] += 1
            self._log.state["in_hand"] += 1
            data = np.frombuffer(bytearray(datagram), np.uint8).reshape(1, -1)
            if not is_rtp(data, 0, len(datagram)):
                self._drop(DropReason.MALFORMED, datagram)
                continue
            refresh = is_refresh(data, 0, len(datagram))
            packet = _Packet(lane, data, refreshed_ssrc(data, 0) if refresh else ssrc_of(data, 0), refresh)
            if self._held or not self._settle(packet):
                self._held.append(packet)

    def _drain(self, now_ns: int) -> None:
        self._next_drain_ns = max(self._next_drain_ns, now_ns - _MAX_WAIT_NS)
        while self._held and self._next_drain_ns <= now_ns and self._settle(self._held[0]):
            self._held.popleft()
            self._next_drain_ns += DRAIN_NS

    def _settle(self, packet: _Packet) -> bool:
        """Forward or drop a packet; False if it has to wait for its session."""
        view, now_ns = self._table.cache.view, self._last_round_ns
        slot = find(view.keys, packet.ssrc)
        if slot >= 0:
            self._pass_on(packet, slot)
            return True
        if self._table.unknown.holds(packet.ssrc, now_ns):
            self._drop(DropReason.UNKNOWN, packet.data.tobytes())
            return True
        self._missed.append(packet.ssrc)
        os.eventfd_write(self._missed_event, 1)
        return False

    def _pass_on(self, packet: _Packet, slot: int) -> None:
        """Forward a packet of a session in the cache, unless its permission has expired."""
        view, now_ns = self._table.cache.view, self._last_round_ns
        if packet.refresh and view.lifetimes_ns[slot]:
            view.expires_ns[slot] = now_ns + view.lifetimes_ns[slot]
        if view.expires_ns[slot] <= now_ns:
            self._drop(DropReason.EXPIRED, packet.data.tobytes())
            return
        view.used_ns[slot] = now_ns
        self._send(packet, (view.refresh_hops if packet.refresh else view.next_hops)[slot])

    def _send(self, packet: _Packet, next_hop: npt.NDArray[Any]) -> None:
        if has_fixed_layout(packet.data, 0, packet.data.shape[1]):
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
        """Wait for packets without a cached session; the SSRCs of all since the last call; none once stopped."""
        os.eventfd_read(self._missed_event)
        missed, self._missed = self._missed, []
        return np.array(missed, np.uint32)

    def stop(self) -> None:
        """Have `run` and `wait_for_misses` return."""
        self.stopped = True
        os.eventfd_write(self._missed_event, 1)

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
        """Always 0: the list of misses has no bound."""
        return 0

    def watch(self, from_ns: int, until_ns: int) -> None:
        """Nothing is counted; see `lateness`."""

    def lateness(self) -> Lateness:
        """Empty: it shares the interpreter lock with its control side, which makes it late, and not the machine."""
        return lateness_of(empty_lateness())

    def hold_ups(self) -> Spans:
        """None, for the same reason."""
        return ()

    def drops(self) -> dict[str, int]:
        """Datagrams lost because a lane's receive buffer was full, by lane."""
        return {f"lane {number}": udp_drops(lane) for number, lane in enumerate(self._lanes)}

    def log_undelivered(self) -> None:
        """Log the queue as HELD, and the packets in the receive buffers as UNREAD."""
        self._log.append(fate_of(packet.data.tobytes(), HELD) for packet in self._held)
        self._log.state["in_hand"] -= len(self._held)
        self._log.append(unread(self._lanes))

    def close(self) -> None:
        """Close the sockets, once `run` has ended."""
        for lane in self._lanes:
            lane.close()
        os.close(self._missed_event)


VERSION = Version(BulkFetch, packet_path=HoldAndDrain)
