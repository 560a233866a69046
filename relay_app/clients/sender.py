"""Sends a client's streams: one thread computes chunks of the schedule, a compiled loop sends them on time."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from threading import Event
from typing import Any

import numpy as np
import numpy.typing as npt

from hostio.control import Workers
from hostio.histogram import Lateness, lateness_of
from hostio.lateness_compiled import empty_lateness, watch
from hostio.mmsg import socket_address
from hostio.realtime import RealtimePriority, set_realtime_priority
from hostio.sockets import udp_socket
from hostio.timing import MS
from relay_app.clients.client_loops import SenderMemory, play
from relay_app.clients.media_schedule import PROFILES, Schedule
from relay_app.messages import MediaWindow
from relay_app.records import SENT
from relay_app.rtp import PAYLOAD_OFFSET, blipnet_header
from relay_app.streams import CLIENT_PORT, LANE_PORT, SENDER_PORT, Stream

CHUNK_NS = 500 * MS
_SLOTS = 3
"""Chunks in the ring: one is sent, one is ready, one is computed. So Python may be half a second late without harm."""


class Sender:
    """The streams that start at one cluster. `direct_addresses`: hosts by cluster, for streams that pass no relay.

    Call `begin` at most once; call `rows` after `stop`, when the threads have ended.
    """

    def __init__(
        self,
        streams: Sequence[Stream],
        address: str,
        relay_address: str,
        direct_addresses: Mapping[str, str],
        *,
        ntp_offset_ns: int,
        tick_ns: int,
    ) -> None:
        self._streams = streams
        self._relay_address = relay_address
        self._direct_addresses = direct_addresses
        self._ntp_offset_ns = ntp_offset_ns
        self._tick_ns = tick_ns
        self._socket = udp_socket(address, SENDER_PORT)
        self._chunk_played = os.eventfd(0)
        self._memory: SenderMemory | None = None
        self._ended = Event()
        self._ended.set()
        self._rows: list[npt.NDArray[Any]] = []

    def begin(self, order: MediaWindow, seed: int, workers: Workers) -> None:
        """Start to send, in two threads; they end at the end of the media or when stopped."""
        self._ended.clear()
        schedule = Schedule(self._streams, seed, order.start_ns)
        memory = sender_memory(self._streams, self._relay_address, self._direct_addresses, schedule.most(CHUNK_NS))
        watch(memory.lateness, order.start_ns, order.end_ns)
        self._memory = memory
        chunks = -(-(order.end_ns - order.start_ns) // CHUNK_NS)
        workers.start("prepare", lambda: self._prepare(memory, schedule, order, chunks))
        workers.start("send", lambda: self._play(memory, chunks))

    def _play(self, memory: SenderMemory, chunks: int) -> None:
        set_realtime_priority(RealtimePriority.SOURCE)
        try:
            play(memory, self._socket.fileno(), self._chunk_played, chunks, self._ntp_offset_ns, self._tick_ns)
        finally:
            self._ended.set()

    def _prepare(self, memory: SenderMemory, schedule: Schedule, order: MediaWindow, chunks: int) -> None:
        state = memory.state[0]
        for number in range(chunks):
            while number - state["played"] >= _SLOTS and not state["stop"]:
                os.eventfd_read(self._chunk_played)
            if state["stop"]:
                return
            if number >= _SLOTS:
                self._keep_rows(memory, number % _SLOTS)
            from_ns = order.start_ns + number * CHUNK_NS
            _fill(memory, number % _SLOTS, schedule.window(from_ns, min(from_ns + CHUNK_NS, order.end_ns)))
            state["prepared"] = number + 1

    def _keep_rows(self, memory: SenderMemory, slot: int) -> None:
        self._rows.append(memory.sent[slot, : memory.sent_count[slot]].copy())

    def stop(self) -> None:
        """Have both threads end, within 50 ms."""
        if self._memory is not None:
            self._memory.state["stop"] = 1
        os.eventfd_write(self._chunk_played, 1)

    def halt(self) -> None:
        """Stop, and return once nothing is sent any more."""
        self.stop()
        self._ended.wait()

    def rows(self) -> npt.NDArray[Any]:
        """SENT[n] of all that was sent, once the threads have ended."""
        if self._memory is not None:
            prepared = int(self._memory.state["prepared"][0])
            for number in range(max(prepared - _SLOTS, 0), prepared):
                self._keep_rows(self._memory, number % _SLOTS)
        return np.concatenate([np.empty(0, SENT), *self._rows])

    def counters(self) -> dict[str, int]:
        """`starved`: ticks without a chunk to send; `refused`: packets that the kernel did not take."""
        if self._memory is None:
            return {"starved": 0, "refused": 0}
        return {name: int(self._memory.state[name][0]) for name in ("starved", "refused")}

    def lateness(self) -> Lateness:
        """Of its timed wake-ups during the media."""
        return lateness_of(empty_lateness() if self._memory is None else self._memory.lateness)

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()
        os.close(self._chunk_played)


def sender_memory(
    streams: Sequence[Stream], relay_address: str, direct_addresses: Mapping[str, str], capacity: int
) -> SenderMemory:
    """The loop's memory for these streams, each with its destination: its lane at the relay, or a cluster's client."""
    headers = b"".join(blipnet_header(PROFILES[stream.media].payload_type, stream.ssrc) for stream in streams)
    destinations = [
        socket_address(relay_address, LANE_PORT + stream.lane)
        if stream.relayed
        else socket_address(direct_addresses[stream.destination], CLIENT_PORT)
        for stream in streams
    ]
    return SenderMemory.allocate(
        ssrcs=np.array([stream.ssrc for stream in streams], np.uint32),
        templates=np.frombuffer(bytearray(headers), np.uint8).reshape(len(streams), PAYLOAD_OFFSET),
        destinations=np.array(destinations, np.uint64).reshape(len(streams), 2),
        chunks=_SLOTS,
        capacity=capacity,
    )


def _fill(memory: SenderMemory, slot: int, packets: npt.NDArray[Any]) -> None:
    memory.chunks[slot, : len(packets)] = packets
    memory.prepared_count[slot] = len(packets)
    memory.sent_count[slot] = 0
