"""The memory that the userspace wire's control thread and its compiled loop share."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from hostio.lateness_compiled import empty_lateness
from hostio.mmsg import Array, MessageBatch, poll_descriptors
from topologies.distributions import tables
from topologies.frame_match import MOST_PORTS
from topologies.link_backend import FATES, FRAME_FATE
from topologies.link_state import SEQUENCE_FRAMES

BATCH = 64
"""Frames per system call."""

SLOT_BYTES = 1536
"""Room for one frame; a longer one is lost (overflow)."""

NO_LOSS, RANDOM, GILBERT_ELLIOTT, FOUR_STATE, PATTERN, EXACT = range(6)
"""Loss models. `loss` holds a probability (RANDOM); p, r, 1−h, 1−k (GILBERT_ELLIOTT); p13, p31, p32, p23, p14
(FOUR_STATE). PATTERN and EXACT use `sequences`."""

UNIFORM = -1
"""Value of `distribution` for a uniform one; else it is the row of `tables`."""

PARAMETERS = np.dtype(
    [
        ("port_down", "<i8"),
        ("blackhole", "<i8"),
        ("mtu", "<i8"),
        ("flows", "<i8"),
        ("loss_number", "<i8"),
        ("loss_model", "<i8"),
        ("loss", "<f8", (5,)),
        ("sequence_length", "<i8"),
        ("duplicate", "<f8"),
        ("corrupt", "<f8"),
        ("reorder", "<f8"),
        ("delay_ns", "<i8"),
        ("jitter_ns", "<i8"),
        ("distribution", "<i8"),
        ("jitter_correlation", "<f8"),
        ("rate_bps", "<i8"),
        ("queue_ns", "<i8"),
        ("in_order", "<i8"),
        ("answer_mtu", "<i8"),
        ("own_loss", "<i8"),
        ("own_path", "<i8"),
    ]
)
"""Impairment of frames of a direction. `port_down` 1: a port is down, and frames under way are lost. `mtu`: 0 for none.
`flows`: flows whose hash is below it, of 2³², are dropped. `loss_number` changes where the loss model starts again.
`rate_bps` 0: unlimited. `in_order` 1: its frames are not overtaken. `answer_mtu`: in the ICMP answer to what the
blackhole takes; 0: none.
Of matching frames: `own_loss` 1: their loss model has a state of its own, `own_path` 1: so have delay and queue; else
they share that of the direction's other frames."""

MATCH = np.dtype(
    [
        ("active", "<i8"),
        ("larger_than", "<i8"),
        ("protocol", "<i8"),
        ("port_ranges", "<i8"),
        ("ports", "<i8", (MOST_PORTS, 2)),
        ("dscp", "<i8"),
        ("payload_type", "<i8"),
    ]
)
"""Which frames of a direction match, if `active` is 1; ANY where it does not matter. `port_ranges`: how many of `ports`
(first, last) are given."""

ANY = -1

DIRECTION = np.dtype(
    [
        ("random", "<u8"),
        ("loss_number", "<i8"),
        ("loss_state", "<i8"),
        ("frames", "<i8"),
        ("jitter_normal", "<f8"),
        ("busy_until_ns", "<i8"),
        ("in_order_until_ns", "<i8"),
        ("own_queue_until_ns", "<i8"),
        ("queued", "<i8"),
        ("receive_fd", "<i4"),
        ("send_fd", "<i4"),
    ]
)
"""State of a direction: random generator; loss model in use, its Markov state, frames it has counted; last value of the
correlated jitter; end of the rate's backlog; when the last frame that must not be overtaken is due; when the
last frame is due that waits in a queue of matching frames alone; frames in the heap; packet sockets."""

(
    RECEIVED,
    RELEASED,
    DUPLICATED,
    CORRUPTED,
    REORDERED,
    LOST_PORT_DOWN,
    LOST_BLACKHOLE,
    LOST_FLOW,
    LOST_LOSS,
    LOST_QUEUE,
    LOST_OVERFLOW,
    _,
    LOST_MTU,
) = range(len(FATES))
"""Columns of the counters; that of frames held stays 0."""

FATE_ROWS = 1 << 22
"""Capacity of the log of FRAME_FATE rows; later events are in the counters only."""

ALL, MEDIA = 0, 1
"""Rows of a direction's counters: every frame, and those to the ports of media."""

LOOP = np.dtype(
    [
        *((name, "<i8") for name in ("free", "starved", "arrivals", "bank", "switched_ns", "tick_ns", "max_unread_ns")),
        *((name, "<i8") for name in ("running", "command", "command_fd", "answer_fd", "answered_ns")),
        *((name, "<i8") for name in ("first_media_port", "last_media_port", "fates")),
    ]
)
"""State of the loop, and its communication with the control thread. `starved` 1: a message of the incoming batch has no
slot; `switched_ns`: when a change that is being applied took effect, else 0; `fates`: rows in the log."""


class WireMemory(NamedTuple):
    """Arrays by role; n directions, `capacity` slots and one more, in which frames that find no room are lost.

    Slots: `slots` uint8[capacity + 1, SLOT_BYTES], `lengths`, `due`, `order`, `media`, `rows` by slot, `free` as a
    stack. Directions: `heaps` int32[n, capacity], `directions` DIRECTION[2 n], `banks` PARAMETERS[2, 2 n], `sequences`
    uint8[2, 2 n, SEQUENCE_FRAMES], `matches` MATCH[2, n], `counters` int64[n, 2, fates]. Row n + i is of the matching
    frames of direction i, row i of its others; `rows` has the row of each frame.
    `tables` float64[distributions, quantiles].
    Batches to receive (`in_*`) and to send (`out_*`). `lateness` LATENESS[1].
    `counters_read` is a copy for the control thread. `fates` FRAME_FATE[FATE_ROWS].
    `loop` LOOP[1].
    """

    slots: Array
    lengths: Array
    due: Array
    order: Array
    media: Array
    rows: Array
    free: Array
    heaps: Array
    directions: Array
    banks: Array
    sequences: Array
    matches: Array
    tables: Array
    counters: Array
    lateness: Array
    counters_read: Array
    fates: Array
    in_slots: Array
    in_iovecs: Array
    in_messages: Array
    in_control: Array
    out_slots: Array
    out_iovecs: Array
    out_messages: Array
    out_refused: Array
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
        media=np.zeros(capacity + 1, np.uint8),
        rows=np.zeros(capacity + 1, np.int32),
        free=np.arange(capacity, dtype=np.int32)[::-1].copy(),
        heaps=np.zeros((count, capacity), np.int32),
        directions=np.zeros(2 * count, DIRECTION),
        banks=np.zeros((2, 2 * count), PARAMETERS),
        sequences=np.zeros((2, 2 * count, SEQUENCE_FRAMES), np.uint8),
        matches=np.zeros((2, count), MATCH),
        tables=tables(),
        counters=np.zeros((count, 2, len(FATES)), np.int64),
        lateness=empty_lateness(),
        counters_read=np.zeros((count, 2, len(FATES)), np.int64),
        fates=np.zeros(FATE_ROWS, FRAME_FATE),
        in_slots=np.full(BATCH, capacity, np.int32),
        in_iovecs=incoming.iovecs,
        in_messages=incoming.messages,
        in_control=incoming.control,
        out_slots=np.zeros(BATCH, np.int32),
        out_iovecs=outgoing.iovecs,
        out_messages=outgoing.messages,
        out_refused=outgoing.refused,
        descriptors=poll_descriptors(command_fd, *(receive for receive, _ in sockets)),
        loop=np.zeros(1, LOOP),
        timespec=np.zeros(2, np.int64),
        scratch=np.zeros(1, np.uint64),
    )
    memory.directions["receive_fd"][:count] = [receive for receive, _ in sockets]
    memory.directions["send_fd"][:count] = [send for _, send in sockets]
    memory.loop["free"] = capacity
    memory.loop["command_fd"] = command_fd
    memory.loop["answer_fd"] = answer_fd
    return memory
