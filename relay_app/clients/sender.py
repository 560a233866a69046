"""Sends a client's streams: one thread computes chunks of the schedule, a compiled loop sends them on time.

The first chunks are computed before the start is known, with times that count from it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from threading import Event
from typing import Any

import numpy as np
import numpy.typing as npt

from hostio.control import Workers
from hostio.histogram import lateness_of
from hostio.lateness import Lateness, Spans
from hostio.lateness_compiled import empty_lateness, hold_ups_of, watch
from hostio.mmsg import socket_address
from hostio.realtime import RealtimePriority, set_realtime_priority
from hostio.sockets import udp_socket
from hostio.timing import MS
from relay_app.calls import Span
from relay_app.clients.client_loops import SenderMemory, play
from relay_app.clients.media_schedule import Schedule
from relay_app.media_profiles import PROFILES, Media
from relay_app.messages import MediaWindow
from relay_app.ports import CLIENT_PORT, LANE_PORT, SENDER_PORT
from relay_app.records import SENT
from relay_app.rtp import PAYLOAD_OFFSET, blipnet_header
from relay_app.streams import Stream

CHUNK_NS = 500 * MS
SLOTS = 18
"""Chunks in the ring: one is sent, one is computed, the others are ready. So Python, which computes them at ordinary
priority, may be kept from the cores for 8 s without harm. A packet takes 48 bytes of it: 4 MB at 10 000 a second."""


class Sender:
    """The streams that start at one cluster. `direct_addresses`: hosts by cluster, for streams that pass no relay.
    `spans`: when streams have packets, by SSRC; the others have them all the time. `media`: what they carry, by name.
    `chunk_ns`, `slots`: length of a chunk, and how many the ring has.

    Call `prepare` and then `begin`, each at most once; call `rows` after `stop`, when the threads have ended.
    """

    def __init__(
        self,
        streams: Sequence[Stream],
        address: str,
        relay_address: str,
        direct_addresses: Mapping[str, str],
        spans: Mapping[int, tuple[Span, ...]],
        media: Mapping[str, Media] = PROFILES,
        *,
        ntp_offset_ns: int,
        tick_ns: int,
        chunk_ns: int = CHUNK_NS,
        slots: int = SLOTS,
    ) -> None:
        self.streams = streams
        self._places = {stream.ssrc: place for place, stream in enumerate(streams)}
        self._relay_address = relay_address
        self._direct_addresses = direct_addresses
        self._spans = spans
        self._media = media
        self._ntp_offset_ns = ntp_offset_ns
        self._tick_ns = tick_ns
        self._chunk_ns = chunk_ns
        self._slots = slots
        self._socket = udp_socket(address, SENDER_PORT)
        self._chunk_played = os.eventfd(0)
        self._memory: SenderMemory | None = None
        self._ahead = 0
        self._start_ns = 0
        self._began = Event()
        self._ended = Event()
        self._ended.set()
        self._rows: list[npt.NDArray[Any]] = []

    @property
    def descriptor(self) -> int:
        """The socket from which it sends."""
        return self._socket.fileno()

    def prepare(self, duration_ns: int, seed: int, workers: Workers) -> None:
        """Compute the first chunks, and start two threads; they end at the end of the media or when stopped."""
        self._ended.clear()
        schedule = Schedule(self.streams, seed, 0, self._spans, self._media)
        capacity = schedule.most(self._chunk_ns)
        memory = sender_memory(self.streams, self._relay_address, self._direct_addresses, capacity, self._slots)
        chunks = -(-duration_ns // self._chunk_ns)
        self._memory, self._ahead = memory, min(chunks, self._slots)
        for number in range(self._ahead):
            _fill(memory, number, self._chunk(schedule, number, duration_ns))
        workers.start("prepare", lambda: self._prepare(memory, schedule, duration_ns, chunks))
        workers.start("send", lambda: self._play(memory, chunks))

    def begin(self, order: MediaWindow) -> None:
        """Send in this window, which has the length that was prepared for; quick."""
        memory = self._memory
        if memory is None:
            raise ValueError("the sender has not been prepared")
        watch(memory.lateness, order.start_ns, order.end_ns)
        self._start_ns = order.start_ns
        memory.chunks["due_ns"][: self._ahead] += order.start_ns
        memory.state["begin_ns"], memory.state["chunk_ns"] = order.start_ns, self._chunk_ns
        memory.state["prepared"] = self._ahead
        self._began.set()

    def withhold(self, ssrc: int, withheld: bool) -> None:
        """Send nothing of a stream from now on, or all of it again; its sequence numbers go on meanwhile. To be called
        by one thread alone, once it has been prepared."""
        if self._memory is not None:
            self._memory.withholding[self._places[ssrc]] = withheld

    def _play(self, memory: SenderMemory, chunks: int) -> None:
        set_realtime_priority(RealtimePriority.SOURCE)
        try:
            play(memory, self._socket.fileno(), self._chunk_played, chunks, self._ntp_offset_ns, self._tick_ns)
        finally:
            self._ended.set()

    def _prepare(self, memory: SenderMemory, schedule: Schedule, duration_ns: int, chunks: int) -> None:
        state = memory.state[0]
        self._began.wait()
        for number in range(self._ahead, chunks):
            while number - state["played"] >= self._slots and not state["stop"]:
                os.eventfd_read(self._chunk_played)
            if state["stop"]:
                return
            self._keep_rows(memory, number % self._slots)
            packets = self._chunk(schedule, number, duration_ns)
            packets["due_ns"] += self._start_ns
            _fill(memory, number % self._slots, packets)
            state["prepared"] = number + 1

    def _chunk(self, schedule: Schedule, number: int, duration_ns: int) -> npt.NDArray[Any]:
        from_ns = number * self._chunk_ns
        return schedule.window(from_ns, min(from_ns + self._chunk_ns, duration_ns))

    def _keep_rows(self, memory: SenderMemory, slot: int) -> None:
        self._rows.append(memory.sent[slot, : memory.sent_count[slot]].copy())

    def stop(self) -> None:
        """Have both threads end, within 50 ms."""
        if self._memory is not None:
            self._memory.state["stop"] = 1
        self._began.set()
        os.eventfd_write(self._chunk_played, 1)

    def halt(self) -> None:
        """Stop, and return once nothing is sent any more."""
        self.stop()
        self._ended.wait()

    def rows(self) -> npt.NDArray[Any]:
        """SENT[n] of all that was sent, once the threads have ended."""
        if self._memory is not None:
            prepared = int(self._memory.state["prepared"][0])
            for number in range(max(prepared - self._slots, 0), prepared):
                self._keep_rows(self._memory, number % self._slots)
        return np.concatenate([np.empty(0, SENT), *self._rows])

    def packets(self) -> npt.NDArray[np.int64]:
        """How many packets of each stream were sent so far; to be called by any thread."""
        return np.zeros(len(self.streams), np.int64) if self._memory is None else self._memory.packets.copy()

    def counters(self) -> dict[str, int]:
        """`starved`: ticks without a chunk to send; `refused`: packets that the kernel did not take; `withheld`: those
        of streams that were withheld."""
        names = ("starved", "refused", "withheld")
        if self._memory is None:
            return dict.fromkeys(names, 0)
        return {name: int(self._memory.state[name][0]) for name in names}

    def lateness(self) -> Lateness:
        """Of its timed wake-ups during the media."""
        return lateness_of(empty_lateness() if self._memory is None else self._memory.lateness)

    def hold_ups(self) -> Spans:
        """When its timed wake-ups were held up during the media."""
        return () if self._memory is None else hold_ups_of(self._memory.lateness)

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()
        os.close(self._chunk_played)


def sender_memory(
    streams: Sequence[Stream],
    relay_address: str,
    direct_addresses: Mapping[str, str],
    capacity: int,
    slots: int = SLOTS,
) -> SenderMemory:
    """The loop's memory for these streams, each with its destination: its lane at the relay, or a cluster's client."""
    ssrcs = [stream.ssrc for stream in streams]
    # The payload type is the packet's own.
    headers = b"".join(blipnet_header(0, stream.carried_ssrc) for stream in streams)
    destinations = [
        socket_address(relay_address, LANE_PORT + stream.lane)
        if stream.relayed
        else socket_address(direct_addresses[stream.destination], CLIENT_PORT)
        for stream in streams
    ]
    return SenderMemory.allocate(
        ssrcs=np.array(ssrcs, np.uint32),
        templates=np.frombuffer(bytearray(headers), np.uint8).reshape(len(ssrcs), PAYLOAD_OFFSET),
        destinations=np.array(destinations, np.uint64).reshape(len(ssrcs), 2),
        chunks=slots,
        capacity=capacity,
    )


def _fill(memory: SenderMemory, slot: int, packets: npt.NDArray[Any]) -> None:
    memory.chunks[slot, : len(packets)] = packets
    memory.prepared_count[slot] = len(packets)
    memory.sent_count[slot] = 0
