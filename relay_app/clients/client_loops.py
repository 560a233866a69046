"""The compiled event loops of a media client: `play` sends packets on time, `collect` records what arrives.

Both share memory with Python threads without locks: each word of a state record has one writer. A loop makes a system
call in each round, and the compiler may not keep a word in a register across one, so it sees what the other side wrote.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from hostio.compiled import (
    MSG_DONTWAIT,
    compiled,
    monotonic_ns,
    realtime_offset_ns,
    recvmmsg,
    wait_readable,
    write_descriptor,
)
from hostio.lateness_compiled import empty_lateness, sleep_counted
from hostio.mmsg import SOCKADDR_IN, MessageBatch, poll_descriptors
from hostio.mmsg_compiled import rearm_timestamps, receive_timestamp_ns, send_messages
from relay_app.clients.passing_compiled import NO_STREAM, add_to_batch, digest_of, send_batch, stream_of
from relay_app.media_profiles import LARGEST_PAYLOAD
from relay_app.packet_rows import PACKET
from relay_app.records import NOT_CARRIED, SENT
from relay_app.rtp import PAYLOAD_OFFSET
from relay_app.rtp_compiled import (
    has_fixed_layout,
    is_rtp,
    path_of,
    put_header,
    put_sent_ns,
    sent_ns_of,
    sequence_of,
    ssrc_of,
)

Array = npt.NDArray[Any]

SEND_BATCH = 64
RECEIVE_BATCH = 256
DATAGRAM_BYTES = 2048

_ADDRESS_BYTES = SOCKADDR_IN.itemsize
_MAX_WAIT_NS = 50_000_000
"""A loop looks at `stop` after every wait, so this bounds how late it sees it, at 20 wake-ups a second when idle."""

SENDER_STATE = np.dtype(
    [
        ("stop", "<i8"),
        ("prepared", "<i8"),
        ("played", "<i8"),
        ("woken_ns", "<i8"),
        ("starved", "<i8"),
        ("refused", "<i8"),
        ("withheld", "<i8"),
        ("begin_ns", "<i8"),
        ("chunk_ns", "<i8"),
    ]
)
"""`prepared` and `played`: chunks written to and read from the ring so far. `starved`: ticks without a chunk after the
first was played and the next had begun; `refused`: packets that the kernel did not take; `withheld`: packets of streams
without consent. Chunk n begins at `begin_ns` + n × `chunk_ns`."""

RECEIVER_STATE = np.dtype([("stop", "<i8"), ("malformed", "<i8"), ("passed", "<i8"), ("recorded", "<i8")])
"""`malformed`: datagrams that were neither RTP as Blipnet sends it nor of a stream with a decoder; `passed`: rows of
DIGEST in the present block; `recorded`: rows of RECEIVED in all blocks so far."""


class SenderMemory(NamedTuple):
    """A ring of chunks to send with the records of their packets, each stream's template and address, a batch to send.

    chunks PACKET[n, capacity]; sent SENT[n, capacity]; prepared_count, sent_count int64[n]; ssrcs uint32[streams];
    templates uint8[streams, 32]; destinations uint64[streams, 2], each a sockaddr_in; withholding int64[streams], 1 of
    those of which nothing is sent; packets int64[streams], sent so far; positions int64[batch], in the chunk, of the
    packets of the batch; state SENDER_STATE[1]; lateness LATENESS[1].
    """

    chunks: Array
    sent: Array
    prepared_count: Array
    sent_count: Array
    ssrcs: Array
    templates: Array
    destinations: Array
    withholding: Array
    packets: Array
    positions: Array
    data: Array
    iovecs: Array
    messages: Array
    refused: Array
    state: Array
    lateness: Array
    timespec: Array
    one: Array

    @classmethod
    def allocate(cls, ssrcs: Array, templates: Array, destinations: Array, chunks: int, capacity: int) -> SenderMemory:
        """Room for `chunks` chunks of up to `capacity` packets."""
        batch = MessageBatch.allocate(SEND_BATCH, PAYLOAD_OFFSET + LARGEST_PAYLOAD, named=True)
        return cls(
            chunks=np.zeros((chunks, capacity), PACKET),
            sent=np.zeros((chunks, capacity), SENT),
            prepared_count=np.zeros(chunks, np.int64),
            sent_count=np.zeros(chunks, np.int64),
            ssrcs=ssrcs.astype(np.uint32),
            templates=templates,
            destinations=destinations,
            withholding=np.zeros(len(ssrcs), np.int64),
            packets=np.zeros(len(ssrcs), np.int64),
            positions=np.zeros(SEND_BATCH, np.int64),
            data=batch.data,
            iovecs=batch.iovecs,
            messages=batch.messages,
            refused=batch.refused,
            state=np.zeros(1, SENDER_STATE),
            lateness=empty_lateness(),
            timespec=np.zeros(2, np.int64),
            one=np.ones(1, np.int64),
        )


class ReceiverMemory(NamedTuple):
    """A socket to poll and a batch to receive with kernel timestamps; state RECEIVER_STATE[1]; lateness LATENESS[1]."""

    sockets: Array
    data: Array
    iovecs: Array
    messages: Array
    control: Array
    state: Array
    lateness: Array
    timespec: Array

    @classmethod
    def allocate(cls, fd: int) -> ReceiverMemory:
        """Memory for one socket."""
        batch = MessageBatch.allocate(RECEIVE_BATCH, DATAGRAM_BYTES, timestamped=True)
        state = np.zeros(1, RECEIVER_STATE)
        return cls(
            sockets=poll_descriptors(fd),
            data=batch.data,
            iovecs=batch.iovecs,
            messages=batch.messages,
            control=batch.control,
            state=state,
            lateness=empty_lateness(),
            timespec=np.zeros(2, np.int64),
        )


@compiled
def play(memory: Any, fd: int, wake_fd: int, chunks: int, ntp_offset_ns: int, tick_ns: int) -> None:
    """Send `chunks` chunks, each packet when it is due, unless stopped.

    Wakes at most every `tick_ns`, and sends on `fd` all that is due by then. After each chunk it writes to the eventfd
    `wake_fd`. If the next chunk is not prepared yet, it looks again after each tick.
    """
    state = memory.state
    while state[0].played < chunks and state[0].stop == 0:
        if state[0].played == state[0].prepared:
            now = monotonic_ns(memory.timespec)
            state[0].starved += state[0].played > 0 and now >= state[0].begin_ns + state[0].played * state[0].chunk_ns
            sleep_counted(now + tick_ns, memory.timespec, memory.lateness)
            continue
        _play_chunk(memory, state[0].played % len(memory.chunks), fd, ntp_offset_ns, tick_ns)
        state[0].played += 1
        write_descriptor(wake_fd, memory.one.ctypes.data, 8)


@compiled
def _play_chunk(memory: Any, slot: int, fd: int, ntp_offset_ns: int, tick_ns: int) -> None:
    state = memory.state
    count = memory.prepared_count[slot]
    memory.sent_count[slot] = 0
    position = 0
    while position < count and state[0].stop == 0:
        now = monotonic_ns(memory.timespec)
        wake = max(memory.chunks[slot, position].due_ns, state[0].woken_ns + tick_ns)
        if now < wake:
            sleep_counted(min(wake, now + _MAX_WAIT_NS), memory.timespec, memory.lateness)
            continue
        state[0].woken_ns = now
        while position < count and memory.chunks[slot, position].due_ns <= now:
            position = _send_due(memory, slot, position, count, now, fd, ntp_offset_ns)


@compiled
def _send_due(memory: Any, slot: int, first: int, count: int, now: int, fd: int, ntp_offset_ns: int) -> int:
    """Send one batch of what is due from `first` on, but for what is withheld; the position after it."""
    batch, position = 0, first
    sent_ns = monotonic_ns(memory.timespec)
    while batch < len(memory.data) and position < count and memory.chunks[slot, position].due_ns <= now:
        packet = memory.chunks[slot, position]
        if memory.withholding[packet.stream] != 0:
            memory.state[0].withheld += 1
        else:
            put_header(memory.data, batch, memory.templates[packet.stream], packet)
            put_sent_ns(memory.data, batch, sent_ns, ntp_offset_ns)
            memory.iovecs[batch].length = PAYLOAD_OFFSET + packet.length
            memory.messages[batch].name = memory.destinations.ctypes.data + packet.stream * _ADDRESS_BYTES
            memory.positions[batch] = position
            batch += 1
        position += 1
    _send_batch(memory, slot, batch, fd, sent_ns)
    return position


@compiled
def _send_batch(memory: Any, slot: int, batch: int, fd: int, sent_ns: int) -> None:
    """Hand the batch to the kernel; record what it took, count what it refused."""
    taken = send_messages(fd, memory.messages, batch, memory.refused)
    memory.state[0].refused += batch - taken
    for index in range(batch):
        if memory.refused[index] == 0:
            _record_sent(memory, slot, memory.chunks[slot, memory.positions[index]], sent_ns)


@compiled
def _record_sent(memory: Any, slot: int, packet: Any, sent_ns: int) -> None:
    row = memory.sent[slot, memory.sent_count[slot]]
    row.ssrc = memory.ssrcs[packet.stream]
    row.seq = packet.seq
    row.due_ns = packet.due_ns
    row.sent_ns = sent_ns
    memory.sent_count[slot] += 1
    memory.packets[packet.stream] += 1


@compiled
def collect(memory: Any, passing: Any, rows: Any, digests: Any, ntp_offset_ns: int, tick_ns: int) -> int:
    """Fill RECEIVED[n] until there is no room for a whole batch, or stopped; the number of rows filled.

    Packets of other programs also go on to their decoders, unchanged, and have a row in DIGEST[n]. When stopped it
    first takes all that had arrived by then. Wakes at most every `tick_ns`: the times of arrival are the kernel's, so a
    wait costs no accuracy.
    """
    filled = 0
    memory.state[0].passed = 0
    while filled + len(memory.data) <= len(rows):
        stopping = memory.state[0].stop != 0  # read before the socket: what arrived before the stop is still taken
        if wait_readable(memory.sockets, 1, 0 if stopping else _MAX_WAIT_NS, memory.timespec) > 0:
            woken_ns = monotonic_ns(memory.timespec)
            count = _receive_batch(memory)
            before = filled
            filled = _record_batch(memory, passing, count, rows, digests, filled, ntp_offset_ns)
            memory.state[0].recorded += filled - before
            if count == len(memory.data):
                continue
            if stopping:
                break
            sleep_counted(woken_ns + tick_ns, memory.timespec, memory.lateness)
        elif stopping:
            break
    return filled


@compiled
def _receive_batch(memory: Any) -> int:
    rearm_timestamps(memory.messages, memory.control, len(memory.messages))
    fd = memory.sockets[0].fd
    return recvmmsg(fd, memory.messages.ctypes.data, len(memory.messages), MSG_DONTWAIT, 0)


@compiled
def _record_batch(
    memory: Any, passing: Any, count: int, rows: Any, digests: Any, filled: int, ntp_offset_ns: int
) -> int:
    offset_ns = realtime_offset_ns(memory.timespec)
    now_ns = monotonic_ns(memory.timespec) + offset_ns
    for index in range(count):
        received_ns = receive_timestamp_ns(memory.control, index, now_ns) - offset_ns
        if has_fixed_layout(memory.data, index, memory.messages[index].length):
            _record_received(memory.data, index, rows[filled], received_ns, ntp_offset_ns)
        elif not _passed(memory, passing, index, rows[filled], digests, received_ns):
            memory.state[0].malformed += 1
            continue
        filled += 1
    send_batch(passing)
    return filled


@compiled
def _passed(memory: Any, passing: Any, index: int, row: Any, digests: Any, received_ns: int) -> bool:
    """Record a packet of another program and have it sent on to its decoder; False if there is none."""
    length = memory.messages[index].length
    if not is_rtp(memory.data, index, length):
        return False
    stream = stream_of(passing, ssrc_of(memory.data, index))
    if stream == NO_STREAM:
        return False
    add_to_batch(passing, stream, memory.data, index, length)
    ssrc, seq = passing.ssrcs[stream], sequence_of(memory.data, index)
    row.ssrc, row.seq, row.path, row.sent_ns, row.received_ns = ssrc, seq, 0, NOT_CARRIED, received_ns
    digest = digests[memory.state[0].passed]
    digest.ssrc, digest.seq, digest.at_ns = ssrc, seq, received_ns
    digest.digest = digest_of(memory.data, index, length)
    memory.state[0].passed += 1
    return True


@compiled
def _record_received(data: Any, index: int, row: Any, received_ns: int, ntp_offset_ns: int) -> None:
    row.ssrc = ssrc_of(data, index)
    row.seq = sequence_of(data, index)
    row.path = path_of(data, index)
    row.sent_ns = sent_ns_of(data, index, ntp_offset_ns)
    row.received_ns = received_ns
