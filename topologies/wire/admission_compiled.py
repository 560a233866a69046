"""Compiled admission of frames to the userspace wire: on arrival a frame is lost, or scheduled and kept in its slot.

Functions take the loop's whole memory (`topologies.wire.memory.WireMemory`) and the number of the direction.
"""

from __future__ import annotations

from typing import Any

from hostio.compiled import compiled, monotonic_ns
from hostio.mmsg_compiled import send_messages
from topologies.wire.frame_compiled import flip_bit, flow_hash, rtp_sequence, rtp_ssrc, udp_destination
from topologies.wire.heap_compiled import push
from topologies.wire.icmp_compiled import ANSWER_BYTES, wants_answer, write_answer
from topologies.wire.impairment_compiled import (
    BIT_DRAW,
    CORRUPT_DRAW,
    DUPLICATE_DRAW,
    OF_DUPLICATE,
    REORDER_DRAW,
    due,
    hard_drop,
    loss_model_drops,
    next_frame,
    uniform,
)
from topologies.wire.match_compiled import matches
from topologies.wire.memory import (
    ALL,
    CORRUPTED,
    DUPLICATED,
    LOST_BLACKHOLE,
    LOST_LOSS,
    LOST_OVERFLOW,
    MEDIA,
    RECEIVED,
    REORDERED,
)

_MSG_TRUNC = 0x20


@compiled
def admit(wire: Any, index: int, position: int, arrived_ns: int) -> None:
    """Lose or schedule one received frame. Its slot leaves the batch only if the frame is to wait in it."""
    slot = wire.in_slots[position]
    frame, length = wire.slots[slot], wire.in_messages[position].length
    media = _is_media(wire, frame, length)
    count_frame(wire, index, media, RECEIVED)
    if slot == len(wire.free) or wire.in_messages[position].flags & _MSG_TRUNC:
        count_and_log(wire, index, slot, media, LOST_OVERFLOW)
        return
    bank = _bank(wire, arrived_ns)
    row = _row(wire, index, frame, length, bank)
    parameters = wire.banks[bank, row]
    fate = hard_drop(parameters, length, flow_hash(frame, length) if parameters.flows else 0)
    if fate < 0:
        count_and_log(wire, index, slot, media, -fate)
        if parameters.answer_mtu and -fate == LOST_BLACKHOLE:
            _answer_too_big(wire, index, frame, length, parameters.answer_mtu)
    else:
        wire.lengths[slot], wire.media[slot], wire.rows[slot] = length, media, row
        if _impair(wire, index, slot, arrived_ns, bank):
            wire.in_slots[position] = len(wire.free)
    next_frame(wire.directions[index])


@compiled
def _row(wire: Any, index: int, frame: Any, length: int, bank: int) -> int:
    """The row of parameters for a frame; that of matching frames has the frame's random numbers afterwards."""
    match = wire.matches[bank, index]
    if match.active == 0 or not matches(match, frame, length):
        return index
    row = index + len(wire.heaps)
    wire.directions[row].random = wire.directions[index].random
    return row


@compiled
def _answer_too_big(wire: Any, index: int, frame: Any, length: int, mtu: int) -> None:
    """Send the answer of a router to the frame's sender, onto the port from which it came."""
    if not wants_answer(frame, length):
        return
    slot = take_slot(wire)
    if slot < len(wire.free):
        write_answer(wire.slots[slot], frame, mtu)
        wire.out_iovecs[0].base = wire.slots.ctypes.data + slot * wire.slots.shape[1]
        wire.out_iovecs[0].length = ANSWER_BYTES
        send_messages(wire.directions[index].receive_fd, wire.out_messages, 1, wire.out_refused)
        free_slot(wire, slot)


@compiled
def _impair(wire: Any, index: int, slot: int, arrived_ns: int, bank: int) -> bool:
    """Whether the frame is to wait in its slot. A frame both lost and duplicated goes on once, as in netem."""
    twice, gone = _is_duplicated(wire, index, slot, bank), _is_lost(wire, index, slot, bank, 0)
    if twice and not gone:
        _send_copy(wire, index, slot, arrived_ns, bank)
    if twice and gone:
        count_and_log(wire, index, slot, wire.media[slot], DUPLICATED)
    return (twice or not gone) and _schedule(wire, index, slot, arrived_ns, bank, 0)


@compiled
def _is_duplicated(wire: Any, index: int, slot: int, bank: int) -> bool:
    parameters, direction = wire.banks[bank, wire.rows[slot]], wire.directions[index]
    return parameters.duplicate and uniform(direction, DUPLICATE_DRAW) < parameters.duplicate  # type: ignore[no-any-return]


@compiled
def _is_lost(wire: Any, index: int, slot: int, bank: int, of_copy: int) -> bool:
    """Whether the loss model drops the frame; counts it if so.

    Loss by number counts media frames, or all frames in a wire without media ports, and no copies.
    """
    media = wire.media[slot]
    numbered = of_copy == 0 and (media == 1 or wire.loop[0].last_media_port == 0)
    row = wire.rows[slot]
    parameters, sequence = wire.banks[bank, row], wire.sequences[bank, row]
    direction = wire.directions[row if parameters.own_loss else index]
    gone = loss_model_drops(parameters, direction, sequence, of_copy, numbered)
    if gone:
        count_and_log(wire, index, slot, media, LOST_LOSS)
    return gone


@compiled
def _send_copy(wire: Any, index: int, original: int, arrived_ns: int, bank: int) -> None:
    """Schedule a second copy of a frame, which has its own loss, delay and corruption, as netem's clone has."""
    length, media = wire.lengths[original], wire.media[original]
    count_and_log(wire, index, original, media, DUPLICATED)
    if _is_lost(wire, index, original, bank, OF_DUPLICATE):
        return
    slot = take_slot(wire)
    if slot == len(wire.free):
        count_and_log(wire, index, original, media, LOST_OVERFLOW)
        return
    wire.slots[slot, :length] = wire.slots[original, :length]
    wire.lengths[slot], wire.media[slot], wire.rows[slot] = length, media, wire.rows[original]
    if not _schedule(wire, index, slot, arrived_ns, bank, OF_DUPLICATE):
        free_slot(wire, slot)


@compiled
def _schedule(wire: Any, index: int, slot: int, arrived_ns: int, bank: int, of_copy: int) -> bool:
    """Schedule a frame that is not lost; False if the queue has no room for it."""
    row, length, media = wire.rows[slot], wire.lengths[slot], wire.media[slot]
    parameters, direction = wire.banks[bank, row], wire.directions[index]
    path = wire.directions[row] if parameters.own_path else direction
    due_ns = due(length, arrived_ns, parameters, path, wire.tables, of_copy)
    if due_ns < 0:
        count_and_log(wire, index, slot, media, -due_ns)
        return False
    if row != index:
        due_ns = _behind_queues(due_ns, parameters, direction, wire.directions[row])
    if parameters.corrupt and uniform(direction, of_copy + CORRUPT_DRAW) < parameters.corrupt:
        count_and_log(wire, index, slot, media, CORRUPTED)
        flip_bit(wire.slots[slot], length, uniform(direction, of_copy + BIT_DRAW))
    if parameters.reorder and uniform(direction, of_copy + REORDER_DRAW) < parameters.reorder:
        count_frame(wire, index, media, REORDERED)
    _enqueue(wire, index, slot, due_ns)
    return True


@compiled
def _behind_queues(due_ns: int, parameters: Any, direction: Any, own: Any) -> int:
    """When a matching frame is due: on a path of its own it overtakes none that waits in the queue of all, and back on
    the path of all none that waits in a queue of matching frames."""
    if not parameters.own_path:
        return max(due_ns, own.own_queue_until_ns)  # type: ignore[no-any-return]
    due_ns = max(due_ns, direction.in_order_until_ns)
    if parameters.in_order or parameters.rate_bps:
        own.own_queue_until_ns = due_ns
    return due_ns


@compiled
def _enqueue(wire: Any, index: int, slot: int, due_ns: int) -> None:
    loop = wire.loop[0]
    direction = wire.directions[index]
    wire.due[slot] = due_ns
    wire.order[slot] = loop.arrivals
    loop.arrivals += 1
    push(wire.heaps[index], direction.queued, slot, wire.due, wire.order)
    direction.queued += 1


@compiled
def _is_media(wire: Any, frame: Any, length: int) -> int:
    loop = wire.loop[0]
    if loop.last_media_port == 0:
        return 0
    port = udp_destination(frame, length)
    return 1 if loop.first_media_port <= port <= loop.last_media_port else 0


@compiled
def _bank(wire: Any, arrived_ns: int) -> int:
    """The bank of parameters that applied when a frame arrived."""
    loop = wire.loop[0]
    return loop.bank if arrived_ns >= loop.switched_ns else 1 - loop.bank  # type: ignore[no-any-return]


@compiled
def count_and_log(wire: Any, index: int, slot: int, media: int, what: int) -> None:
    """Count an event of the frame in a slot, and log it if the frame is media (`media` 1)."""
    count_frame(wire, index, media, what)
    if media:
        log_fate(wire, index, slot, what)


@compiled
def log_fate(wire: Any, index: int, slot: int, what: int) -> None:
    """Log an event of the media frame in a slot while there is room."""
    loop = wire.loop[0]
    if loop.fates < len(wire.fates):
        row, frame = wire.fates[loop.fates], wire.slots[slot]
        row.ssrc = rtp_ssrc(frame)
        row.seq = rtp_sequence(frame)
        row.direction = index
        row.what = what
        row.at_ns = monotonic_ns(wire.timespec)
        loop.fates += 1


@compiled
def count_frame(wire: Any, index: int, media: int, what: int) -> None:
    """Count an event of a frame of a direction; `media` 1 if the frame is media, else 0."""
    wire.counters[index, ALL, what] += 1
    wire.counters[index, MEDIA, what] += media


@compiled
def take_slot(wire: Any) -> int:
    """A free slot, or the one past the last if there is none: a frame received there is lost."""
    loop = wire.loop[0]
    if loop.free == 0:
        loop.starved = 1
        return len(wire.free)
    loop.free -= 1
    return wire.free[loop.free]  # type: ignore[no-any-return]


@compiled
def free_slot(wire: Any, slot: int) -> None:
    """Make a slot free again."""
    loop = wire.loop[0]
    wire.free[loop.free] = slot
    loop.free += 1
