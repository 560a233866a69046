"""The compiled event loop of the userspace wire: one thread that carries the frames of every link of a run.

Frames are received into free slots, wait there and are sent from there, without a copy. A frame is due at the kernel's
receive timestamp plus its delay, and is never sent before. The control thread writes `loop.command`, then the command
eventfd; the loop answers on the answer eventfd.
"""

from __future__ import annotations

from typing import Any

from hostio.compiled import (
    MSG_DONTWAIT,
    compiled,
    monotonic_ns,
    read_descriptor,
    realtime_offset_ns,
    recvmmsg,
    wait_readable,
    write_descriptor,
)
from hostio.lateness_compiled import count_late
from hostio.mmsg_compiled import receive_timestamp_ns, send_messages
from topologies.link_backend import HELD
from topologies.wire.admission_compiled import admit, count_and_log, count_frame, free_slot, log_fate, take_slot
from topologies.wire.heap_compiled import pop
from topologies.wire.impairment_compiled import earliest_ns
from topologies.wire.memory import LOST_OVERFLOW, LOST_PORT_DOWN, RELEASED

STOP = 1
SWITCH = 2
"""Apply the other bank of parameters; answered once it applies to every direction."""
READ = 3
"""Copy the counters; answered once they are copied."""

_FOREVER = 3_600_000_000_000
_NOT_PENDING = 1 << 62
_BATCHES_PER_ROUND = 16
"""Most batches received from a socket in a round: a busy direction must not delay the release of the others' frames."""

_BATCHES_BEFORE_SWITCH = 1_024
"""Enough to empty a socket's buffer; the bound is for a sender that is faster than the loop."""

_MAX_UNREAD_NS = 1_000_000
"""Longest time that new frames may wait in the sockets, on links with long delays: some frames gather for each call."""


@compiled
def run(wire: Any) -> None:
    """Carry frames until told to stop. Frames held then are not sent; the media among them are logged as HELD."""
    loop = wire.loop[0]
    _arm_all(wire)
    loop.max_unread_ns = _max_unread_ns(wire)
    loop.running = 1
    while loop.running:
        if _wait(wire) and _commanded(wire):
            _obey(wire)
        _receive_all(wire, _BATCHES_PER_ROUND)
        if loop.running:
            _release_all(wire)
    _receive_all(wire, _BATCHES_BEFORE_SWITCH)
    _log_held(wire)
    _answer(wire)


@compiled
def _wait(wire: Any) -> int:
    """Wait until there may be something to do; whether a descriptor is readable.

    With no frame pending it waits for any frame or a command. Else it waits for the next release or a command only, at
    least a tick (250 µs as run): waking for each frame that arrives would double the CPU time per frame.
    """
    loop = wire.loop[0]
    next_ns = _next_release_ns(wire)
    if next_ns == _NOT_PENDING:
        return wait_readable(wire.descriptors, len(wire.descriptors), _FOREVER, wire.timespec)
    ahead_ns = next_ns - monotonic_ns(wire.timespec)
    return wait_readable(wire.descriptors, 1, min(max(ahead_ns, loop.tick_ns), loop.max_unread_ns), wire.timespec)


@compiled
def _next_release_ns(wire: Any) -> int:
    next_ns = _NOT_PENDING
    for index in range(len(wire.heaps)):
        if wire.directions[index].queued:
            next_ns = min(next_ns, wire.due[wire.heaps[index, 0]])
    return next_ns


@compiled
def _max_unread_ns(wire: Any) -> int:
    """How long new frames may wait in the sockets, ns: half the shortest delay, so that they are read before it is
    over."""
    loop = wire.loop[0]
    max_unread_ns = _MAX_UNREAD_NS
    for parameters in wire.banks[loop.bank]:
        max_unread_ns = min(max_unread_ns, 0 if parameters.reorder else earliest_ns(parameters) // 2)
    return max(max_unread_ns, loop.tick_ns)  # type: ignore[no-any-return]


@compiled
def _commanded(wire: Any) -> bool:
    return read_descriptor(wire.loop[0].command_fd, wire.scratch.ctypes.data, 8) == 8


@compiled
def _obey(wire: Any) -> None:
    loop = wire.loop[0]
    if loop.command == STOP:
        loop.running = 0
        return
    if loop.command == SWITCH:
        _switch(wire)
    elif loop.command == READ:
        wire.counters_read[:] = wire.counters
        loop.answered_ns = monotonic_ns(wire.timespec)
    _answer(wire)


@compiled
def _answer(wire: Any) -> None:
    wire.scratch[0] = 1
    write_descriptor(wire.loop[0].answer_fd, wire.scratch.ctypes.data, 8)


@compiled
def _log_held(wire: Any) -> None:
    for index in range(len(wire.heaps)):
        for position in range(wire.directions[index].queued):
            slot = wire.heaps[index, position]
            if wire.media[slot]:
                log_fate(wire, index, slot, HELD)


@compiled
def _switch(wire: Any) -> None:
    """Apply the other bank from this instant on.

    First all sockets are read until empty: frames that arrived before the instant are decided by the old bank, by their
    receive timestamps (`_bank`). Only then is the change answered and `switched_ns` cleared, so that no frame which
    arrived before it can still be unread and be decided by the new bank.
    """
    loop = wire.loop[0]
    loop.switched_ns = monotonic_ns(wire.timespec)
    loop.bank = 1 - loop.bank
    _receive_all(wire, _BATCHES_BEFORE_SWITCH)
    loop.answered_ns = loop.switched_ns
    loop.switched_ns = 0
    loop.max_unread_ns = _max_unread_ns(wire)
    for index in range(len(wire.heaps)):
        if wire.banks[loop.bank, index].port_down:
            _lose_queued(wire, index)


@compiled
def _lose_queued(wire: Any, index: int) -> None:
    direction = wire.directions[index]
    for position in range(direction.queued):
        slot = wire.heaps[index, position]
        count_and_log(wire, index, slot, wire.media[slot], LOST_PORT_DOWN)
        free_slot(wire, slot)
    direction.queued = 0
    for row in (index, index + len(wire.heaps)):
        wire.directions[row].busy_until_ns = 0
        wire.directions[row].in_order_until_ns = 0
        wire.directions[row].own_queue_until_ns = 0


@compiled
def _receive_all(wire: Any, batches: int) -> None:
    for index in range(len(wire.heaps)):
        for _ in range(batches):
            if _receive_batch(wire, index) < len(wire.in_slots):
                break


@compiled
def _receive_batch(wire: Any, index: int) -> int:
    """Receive and admit up to a batch of frames; how many."""
    if wire.loop[0].starved:
        _arm_all(wire)
    fd = wire.directions[index].receive_fd
    count = recvmmsg(fd, wire.in_messages.ctypes.data, len(wire.in_slots), MSG_DONTWAIT, 0)
    if count <= 0:
        return 0
    offset_ns = realtime_offset_ns(wire.timespec)
    now_ns = monotonic_ns(wire.timespec)
    for position in range(count):
        stamp_ns = receive_timestamp_ns(wire.in_control, position, now_ns + offset_ns)
        admit(wire, index, position, stamp_ns - offset_ns)
        _arm(wire, position)
    return count


@compiled
def _arm_all(wire: Any) -> None:
    wire.loop[0].starved = 0
    for position in range(len(wire.in_slots)):
        _arm(wire, position)


@compiled
def _arm(wire: Any, position: int) -> None:
    """Prepare a message of the incoming batch to receive again, with a free slot if it has none and there is one."""
    wire.in_messages[position].control_length = wire.in_control.shape[1] * 8
    if wire.in_slots[position] == len(wire.free):
        wire.in_slots[position] = take_slot(wire)
    wire.in_iovecs[position].base = _slot_address(wire, wire.in_slots[position])
    wire.in_iovecs[position].length = wire.slots.shape[1]


@compiled
def _slot_address(wire: Any, slot: int) -> int:
    return wire.slots.ctypes.data + slot * wire.slots.shape[1]  # type: ignore[no-any-return]


@compiled
def _release_all(wire: Any) -> None:
    now_ns = monotonic_ns(wire.timespec)
    for index in range(len(wire.heaps)):
        count = len(wire.out_slots)
        while count == len(wire.out_slots):
            count = _gather(wire, index, now_ns)
            _send(wire, index, count)


@compiled
def _gather(wire: Any, index: int, now_ns: int) -> int:
    """Move due frames from a direction's heap to the outgoing batch, up to a batch; how many."""
    direction = wire.directions[index]
    heap = wire.heaps[index]
    count = 0
    while count < len(wire.out_slots) and direction.queued and wire.due[heap[0]] <= now_ns:
        slot = pop(heap, direction.queued, wire.due, wire.order)
        direction.queued -= 1
        wire.out_slots[count] = slot
        wire.out_iovecs[count].base = _slot_address(wire, slot)
        wire.out_iovecs[count].length = wire.lengths[slot]
        count += 1
    return count


@compiled
def _send(wire: Any, index: int, count: int) -> None:
    """Send the outgoing batch and free its slots; a frame that the kernel refuses is lost."""
    if count == 0:
        return
    send_messages(wire.directions[index].send_fd, wire.out_messages, count, wire.out_refused)
    now_ns = monotonic_ns(wire.timespec)
    for position in range(count):
        slot = wire.out_slots[position]
        if wire.out_refused[position]:
            count_and_log(wire, index, slot, wire.media[slot], LOST_OVERFLOW)
        else:
            count_frame(wire, index, wire.media[slot], RELEASED)
        count_late(wire.lateness, wire.due[slot], now_ns)
        free_slot(wire, slot)
