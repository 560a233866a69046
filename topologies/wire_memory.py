"""The memory that the userspace wire's control thread and its compiled loop share."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from hostio.mmsg import Array, MessageBatch, poll_descriptors

BATCH = 64
"""Frames per system call."""

SLOT_BYTES = 1536
"""Room for one frame; a longer one is refused."""

LATENESS_BUCKETS = 1_000
"""The last bucket also holds everything later."""

PARAMETERS = np.dtype(
    [
        ("loss", "<f8"),
        ("delay_ns", "<i8"),
        ("jitter_ns", "<i8"),
        ("rate_bps", "<i8"),
        ("queue_ns", "<i8"),
        ("cut", "<i8"),
    ]
)
"""A direction's impairment: `rate_bps` 0 = unlimited; `cut` 1 = a port is down, and what is under way is lost."""

DIRECTION = np.dtype(
    [("random", "<u8"), ("busy_until_ns", "<i8"), ("queued", "<i8"), ("receive_fd", "<i4"), ("send_fd", "<i4")]
)
"""A direction's own state: generator, end of its rate's backlog, frames in its heap, packet sockets."""

COUNTERS = np.dtype([(n, "<i8") for n in ("received", "released", "lost_loss", "lost_queue", "lost_overflow")])
"""Frames of a direction, as LinkCounters."""

LOOP = np.dtype(
    [
        *((name, "<i8") for name in ("free", "starved", "arrivals", "bank", "switched_ns", "tick_ns", "rest_ns")),
        *((name, "<i8") for name in ("running", "command", "command_fd", "answer_fd", "answered_ns")),
    ]
)
"""The loop's own state, and its side of the conversation with the control thread."""


class WireMemory(NamedTuple):
    """Arrays by role; n directions, `capacity` slots and one more, in which frames that find no room are lost.

    Slots: `slots` uint8[capacity + 1, SLOT_BYTES], `lengths`, `due`, `order` by slot, `free` as a stack.
    Directions: `heaps` int32[n, capacity], `directions` DIRECTION[n], `banks` PARAMETERS[2, n], `counters`
    COUNTERS[n]. Batches to receive (`in_*`) and to send (`out_*`). `lateness` int64[LATENESS_BUCKETS].
    `counters_read` and `lateness_read` are copies for the control thread. `loop` LOOP[1].
    """

    slots: Array
    lengths: Array
    due: Array
    order: Array
    free: Array
    heaps: Array
    directions: Array
    banks: Array
    counters: Array
    lateness: Array
    counters_read: Array
    lateness_read: Array
    in_slots: Array
    in_iovecs: Array
    in_messages: Array
    in_control: Array
    out_slots: Array
    out_iovecs: Array
    out_messages: Array
    descriptors: Array
    loop: Array
    timespec: Array
    scratch: Array


def allocate(sockets: tuple[tuple[int, int], ...], command_fd: int, answer_fd: int, capacity: int) -> WireMemory:
    """Memory for directions with these (receive, send) packet sockets; pages are touched only as they are used."""
    count = len(sockets)
    incoming = MessageBatch.allocate(BATCH, 1, timestamped=True)
    outgoing = MessageBatch.allocate(BATCH, 1)
    memory = WireMemory(
        slots=np.zeros((capacity + 1, SLOT_BYTES), np.uint8),
        lengths=np.zeros(capacity + 1, np.int32),
        due=np.zeros(capacity + 1, np.int64),
        order=np.zeros(capacity + 1, np.int64),
        free=np.arange(capacity, dtype=np.int32)[::-1].copy(),
        heaps=np.zeros((count, capacity), np.int32),
        directions=np.zeros(count, DIRECTION),
        banks=np.zeros((2, count), PARAMETERS),
        counters=np.zeros(count, COUNTERS),
        lateness=np.zeros(LATENESS_BUCKETS, np.int64),
        counters_read=np.zeros(count, COUNTERS),
        lateness_read=np.zeros(LATENESS_BUCKETS, np.int64),
        in_slots=np.full(BATCH, capacity, np.int32),
        in_iovecs=incoming.iovecs,
        in_messages=incoming.messages,
        in_control=incoming.control,
        out_slots=np.zeros(BATCH, np.int32),
        out_iovecs=outgoing.iovecs,
        out_messages=outgoing.messages,
        descriptors=poll_descriptors(command_fd, *(receive for receive, _ in sockets)),
        loop=np.zeros(1, LOOP),
        timespec=np.zeros(2, np.int64),
        scratch=np.zeros(1, np.uint64),
    )
    memory.directions["receive_fd"] = [receive for receive, _ in sockets]
    memory.directions["send_fd"] = [send for _, send in sockets]
    memory.loop["free"] = capacity
    memory.loop["command_fd"] = command_fd
    memory.loop["answer_fd"] = answer_fd
    return memory
