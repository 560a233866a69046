"""The compiled event loop of the userspace wire: one thread that carries the frames of every link of a run.

Frames are received straight into free slots, wait there, and are sent from there. A frame is due at the kernel's
receive timestamp plus its delay, and is never sent before. The control thread talks to the loop by writing
`loop.command` and then the command eventfd; the loop answers on the answer eventfd.
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
    sendmmsg,
    wait_readable,
    write_descriptor,
)
from hostio.mmsg import receive_timestamp_ns
from topologies.wire_fate_loop import (
    BIT_DRAW,
    CORRUPT_DRAW,
    DUPLICATE_DRAW,
    REORDER_DRAW,
    due,
    earliest_ns,
    lost_to_luck,
    swallowed,
)
from topologies.wire_frame_loop import flow_hash, turn_bit, udp_destination
from topologies.wire_heap_loop import pop, push
from topologies.wire_memory import (
    ALL,
    CORRUPTED,
    DUPLICATED,
    LOST_LOSS,
    LOST_OVERFLOW,
    LOST_PORT_DOWN,
    MEDIA,
    RECEIVED,
    RELEASED,
    REORDERED,
)
from topologies.wire_random_loop import OF_DUPLICATE, next_frame, uniform

STOP = 1
SWITCH = 2
"""Flip the bank of parameters; answered once it is in force everywhere."""
READ = 3
"""Copy the counters; answered once they are copied."""

LATENESS_BUCKET_NS = 10_000

_US = 1_000
_FOREVER = 3_600_000_000_000
_NOT_PENDING = 1 << 62
_MSG_TRUNC = 0x20
_MESSAGE_BYTES = 64
_BATCHES_PER_ROUND = 16
_BATCHES_BEFORE_SWITCH = 1_024


@compiled
def run(wire: Any) -> None:
    """Carry frames until told to stop."""
    loop = wire.loop[0]
    _arm_all(wire)
    loop.rest_ns = _rest_ns(wire)
    loop.running = 1
    while loop.running:
        if _wait(wire) and _commanded(wire):
            _obey(wire)
        _receive_all(wire, _BATCHES_PER_ROUND)
        _release_all(wire)


@compiled
def _wait(wire: Any) -> int:
    """Until there may be something to do: nothing pending, for any frame; else for the next release or a command."""
    loop = wire.loop[0]
    next_ns = _next_release_ns(wire)
    if next_ns == _NOT_PENDING:
        return wait_readable(wire.descriptors, len(wire.descriptors), _FOREVER, wire.timespec)
    ahead_ns = next_ns - monotonic_ns(wire.timespec)
    return wait_readable(wire.descriptors, 1, min(max(ahead_ns, loop.tick_ns), loop.rest_ns), wire.timespec)


@compiled
def _next_release_ns(wire: Any) -> int:
    next_ns = _NOT_PENDING
    for index in range(len(wire.directions)):
        if wire.directions[index].queued:
            next_ns = min(next_ns, wire.due[wire.heaps[index, 0]])
    return next_ns


@compiled
def _rest_ns(wire: Any) -> int:
    """How long new frames may lie unread: their delay must not be over before they are seen."""
    loop = wire.loop[0]
    rest_ns = 1_000 * _US
    for parameters in wire.banks[loop.bank]:
        rest_ns = min(rest_ns, 0 if parameters.reorder else earliest_ns(parameters) // 2)
    return max(rest_ns, loop.tick_ns)  # type: ignore[no-any-return]


@compiled
def _commanded(wire: Any) -> bool:
    return read_descriptor(wire.loop[0].command_fd, wire.scratch.ctypes.data, 8) == 8


@compiled
def _obey(wire: Any) -> None:
    loop = wire.loop[0]
    if loop.command == STOP:
        loop.running = 0
    elif loop.command == SWITCH:
        _switch(wire)
    elif loop.command == READ:
        wire.counters_read[:] = wire.counters
        wire.lateness_read[:] = wire.lateness
        loop.answered_ns = monotonic_ns(wire.timespec)
    wire.scratch[0] = 1
    write_descriptor(loop.answer_fd, wire.scratch.ctypes.data, 8)


@compiled
def _switch(wire: Any) -> None:
    """Put the other bank in force at this instant: frames that arrived before it are decided by the old one."""
    loop = wire.loop[0]
    loop.switched_ns = monotonic_ns(wire.timespec)
    loop.bank = 1 - loop.bank
    _receive_all(wire, _BATCHES_BEFORE_SWITCH)
    loop.answered_ns = loop.switched_ns
    loop.switched_ns = 0
    loop.rest_ns = _rest_ns(wire)
    for index in range(len(wire.directions)):
        if wire.banks[loop.bank, index].cut:
            _lose_queued(wire, index)


@compiled
def _lose_queued(wire: Any, index: int) -> None:
    direction = wire.directions[index]
    for position in range(direction.queued):
        slot = wire.heaps[index, position]
        _count(wire, index, wire.media[slot], LOST_PORT_DOWN)
        _give_back(wire, slot)
    direction.queued = 0
    direction.busy_until_ns = 0


@compiled
def _count(wire: Any, index: int, media: int, what: int) -> None:
    wire.counters[index, ALL, what] += 1
    wire.counters[index, MEDIA, what] += media


@compiled
def _receive_all(wire: Any, batches: int) -> None:
    for index in range(len(wire.directions)):
        for _ in range(batches):
            if _receive_batch(wire, index) < len(wire.in_slots):
                break


@compiled
def _receive_batch(wire: Any, index: int) -> int:
    """Receive and decide what has arrived, up to a batch; how many frames that was."""
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
        _accept(wire, index, position, stamp_ns - offset_ns)
        _arm(wire, position)
    return count


@compiled
def _accept(wire: Any, index: int, position: int, arrived_ns: int) -> None:
    """Decide one received frame's fate; its slot leaves the batch only if the frame is to wait in it."""
    slot = wire.in_slots[position]
    frame, length = wire.slots[slot], wire.in_messages[position].length
    media = _is_media(wire, frame, length)
    _count(wire, index, media, RECEIVED)
    if slot == len(wire.free) or wire.in_messages[position].flags & _MSG_TRUNC:
        _count(wire, index, media, LOST_OVERFLOW)
        return
    bank = _bank(wire, arrived_ns)
    parameters, direction = wire.banks[bank, index], wire.directions[index]
    fate = swallowed(parameters, flow_hash(frame, length) if parameters.flows else 0)
    if fate < 0:
        _count(wire, index, media, -fate)
    else:
        wire.lengths[slot], wire.media[slot] = length, media
        if _try_luck(wire, index, slot, arrived_ns, bank):
            wire.in_slots[position] = len(wire.free)
    next_frame(direction)


@compiled
def _try_luck(wire: Any, index: int, slot: int, arrived_ns: int, bank: int) -> bool:
    """Whether the frame is to wait in its slot. Lost and duplicated at once, it goes on alone, as in netem."""
    twice, gone = _is_duplicated(wire, index, bank), _is_lost(wire, index, slot, bank, 0)
    if twice and not gone:
        _send_copy(wire, index, slot, arrived_ns, bank)
    if twice and gone:
        _count(wire, index, wire.media[slot], DUPLICATED)
    return (twice or not gone) and _admit(wire, index, slot, arrived_ns, bank, 0)


@compiled
def _is_duplicated(wire: Any, index: int, bank: int) -> bool:
    parameters, direction = wire.banks[bank, index], wire.directions[index]
    return parameters.duplicate and uniform(direction, DUPLICATE_DRAW) < parameters.duplicate  # type: ignore[no-any-return]


@compiled
def _is_lost(wire: Any, index: int, slot: int, bank: int, of_copy: int) -> bool:
    """Ask the loss model, and count what it takes. By number it counts media, or all in a wire that knows none."""
    media = wire.media[slot]
    numbered = media == 1 or wire.loop[0].last_media_port == 0
    gone = lost_to_luck(wire.banks[bank, index], wire.directions[index], wire.sequences[bank, index], of_copy, numbered)
    if gone:
        _count(wire, index, media, LOST_LOSS)
    return gone


@compiled
def _is_media(wire: Any, frame: Any, length: int) -> int:
    loop = wire.loop[0]
    if loop.last_media_port == 0:
        return 0
    port = udp_destination(frame, length)
    return 1 if loop.first_media_port <= port <= loop.last_media_port else 0


@compiled
def _send_copy(wire: Any, index: int, original: int, arrived_ns: int, bank: int) -> None:
    """A second copy of a frame goes its own way from before the loss on, as netem's clone does."""
    length, media = wire.lengths[original], wire.media[original]
    _count(wire, index, media, DUPLICATED)
    if _is_lost(wire, index, original, bank, OF_DUPLICATE):
        return
    slot = _take_slot(wire)
    if slot == len(wire.free):
        _count(wire, index, media, LOST_OVERFLOW)
        return
    wire.slots[slot, :length] = wire.slots[original, :length]
    wire.lengths[slot], wire.media[slot] = length, media
    if not _admit(wire, index, slot, arrived_ns, bank, OF_DUPLICATE):
        _give_back(wire, slot)


@compiled
def _admit(wire: Any, index: int, slot: int, arrived_ns: int, bank: int, of_copy: int) -> bool:
    """Let a frame that luck spared wait for its release; False if the queue has no room for it."""
    parameters, direction = wire.banks[bank, index], wire.directions[index]
    length, media = wire.lengths[slot], wire.media[slot]
    due_ns = due(length, arrived_ns, parameters, direction, wire.tables, of_copy)
    if due_ns < 0:
        _count(wire, index, media, -due_ns)
        return False
    if parameters.corrupt and uniform(direction, of_copy + CORRUPT_DRAW) < parameters.corrupt:
        turn_bit(wire.slots[slot], length, uniform(direction, of_copy + BIT_DRAW))
        _count(wire, index, media, CORRUPTED)
    if parameters.reorder and uniform(direction, of_copy + REORDER_DRAW) < parameters.reorder:
        _count(wire, index, media, REORDERED)
    _enqueue(wire, index, slot, due_ns)
    return True


@compiled
def _bank(wire: Any, arrived_ns: int) -> int:
    """The parameters in force when a frame arrived."""
    loop = wire.loop[0]
    return loop.bank if arrived_ns >= loop.switched_ns else 1 - loop.bank  # type: ignore[no-any-return]


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
def _arm_all(wire: Any) -> None:
    wire.loop[0].starved = 0
    for position in range(len(wire.in_slots)):
        _arm(wire, position)


@compiled
def _arm(wire: Any, position: int) -> None:
    """Make a message of the incoming batch ready again, with a free slot if it has none and there is one."""
    wire.in_messages[position].control_length = wire.in_control.shape[1] * 8
    if wire.in_slots[position] == len(wire.free):
        wire.in_slots[position] = _take_slot(wire)
    wire.in_iovecs[position].base = _slot_address(wire, wire.in_slots[position])
    wire.in_iovecs[position].length = wire.slots.shape[1]


@compiled
def _slot_address(wire: Any, slot: int) -> int:
    return wire.slots.ctypes.data + slot * wire.slots.shape[1]  # type: ignore[no-any-return]


@compiled
def _take_slot(wire: Any) -> int:
    """A free slot, or the one past the last if there is none: what is received there is lost."""
    loop = wire.loop[0]
    if loop.free == 0:
        loop.starved = 1
        return len(wire.free)
    loop.free -= 1
    return wire.free[loop.free]  # type: ignore[no-any-return]


@compiled
def _give_back(wire: Any, slot: int) -> None:
    loop = wire.loop[0]
    wire.free[loop.free] = slot
    loop.free += 1


@compiled
def _release_all(wire: Any) -> None:
    now_ns = monotonic_ns(wire.timespec)
    for index in range(len(wire.directions)):
        count = len(wire.out_slots)
        while count == len(wire.out_slots):
            count = _gather(wire, index, now_ns)
            _send(wire, index, count)


@compiled
def _gather(wire: Any, index: int, now_ns: int) -> int:
    """Take due frames out of a direction's heap into the outgoing batch; how many."""
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
    """Send the outgoing batch; a frame that the kernel refuses is lost and the rest goes on."""
    if count == 0:
        return
    fd = wire.directions[index].send_fd
    done = 0
    while done < count:
        sent = sendmmsg(fd, wire.out_messages.ctypes.data + done * _MESSAGE_BYTES, count - done, MSG_DONTWAIT)
        fate = RELEASED if sent > 0 else LOST_OVERFLOW
        for _ in range(max(sent, 1)):
            _count(wire, index, wire.media[wire.out_slots[done]], fate)
            done += 1
    now_ns = monotonic_ns(wire.timespec)
    for position in range(count):
        _record_lateness(wire, now_ns - wire.due[wire.out_slots[position]])
        _give_back(wire, wire.out_slots[position])


@compiled
def _record_lateness(wire: Any, lateness_ns: int) -> None:
    wire.lateness[min(lateness_ns // LATENESS_BUCKET_NS, len(wire.lateness) - 1)] += 1
