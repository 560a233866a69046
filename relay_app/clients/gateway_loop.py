"""The compiled event loop of a gateway: takes what publishers send, records it, and sends it on unchanged."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from hostio.compiled import MSG_DONTWAIT, compiled, monotonic_ns, realtime_offset_ns, recvmmsg, wait_readable
from hostio.mmsg import MessageBatch, poll_descriptors
from hostio.mmsg_compiled import rearm_timestamps, receive_timestamp_ns
from relay_app.clients.passing_compiled import (
    NO_STREAM,
    add_to_batch,
    digest_of,
    send_batch,
    stream_of,
)
from relay_app.rtp_compiled import is_rtp, sequence_of, ssrc_of

Array = npt.NDArray[Any]

GATEWAY_BATCH = 64
_DATAGRAM_BYTES = 2048
_MAX_WAIT_NS = 50_000_000
_HALF, _SPACE = 1 << 15, 1 << 16

GATEWAY_STATE = np.dtype(
    [("stop", "<i8"), ("from_ns", "<i8"), ("until_ns", "<i8"), ("refused", "<i8"), ("stray", "<i8")]
)
"""Packets are sent on that arrive in from_ns ≤ t < until_ns; others are not of the run. `refused`: packets that the
kernel did not take; `stray`: datagrams that are RTP of no stream here."""


class GatewayMemory(NamedTuple):
    """A socket to poll and a batch to receive with kernel timestamps; seqs int64[streams], the extended sequence number
    of the last packet of each, -1 before the first; state GATEWAY_STATE[1]."""

    sockets: Array
    data: Array
    iovecs: Array
    messages: Array
    control: Array
    seqs: Array
    state: Array
    timespec: Array

    @classmethod
    def allocate(cls, fd: int, streams: int) -> GatewayMemory:
        """Memory for one socket."""
        batch = MessageBatch.allocate(GATEWAY_BATCH, _DATAGRAM_BYTES, timestamped=True)
        return cls(
            sockets=poll_descriptors(fd),
            data=batch.data,
            iovecs=batch.iovecs,
            messages=batch.messages,
            control=batch.control,
            seqs=np.full(streams, -1, np.int64),
            state=np.zeros(1, GATEWAY_STATE),
            timespec=np.zeros(2, np.int64),
        )


@compiled
def pass_on(memory: Any, passing: Any, sent: Any, digests: Any) -> int:
    """Fill SENT[n] and DIGEST[n], a row each per packet sent on, until there is no room for a whole batch, or stopped;
    the number of rows filled."""
    filled = 0
    while filled + len(memory.data) <= len(sent) and memory.state[0].stop == 0:
        if wait_readable(memory.sockets, 1, _MAX_WAIT_NS, memory.timespec) > 0:
            rearm_timestamps(memory.messages, memory.control, len(memory.messages))
            fd = memory.sockets[0].fd
            count = recvmmsg(fd, memory.messages.ctypes.data, len(memory.messages), MSG_DONTWAIT, 0)
            filled = _pass_batch(memory, passing, count, sent, digests, filled)
    return filled


@compiled
def _pass_batch(memory: Any, passing: Any, count: int, sent: Any, digests: Any, first: int) -> int:
    offset_ns = realtime_offset_ns(memory.timespec)
    sent_ns = monotonic_ns(memory.timespec)
    filled = first
    for index in range(count):
        length = memory.messages[index].length
        stream = NO_STREAM
        if is_rtp(memory.data, index, length):
            stream = stream_of(passing, ssrc_of(memory.data, index))
        if stream == NO_STREAM:
            memory.state[0].stray += 1
            continue
        arrived_ns = receive_timestamp_ns(memory.control, index, sent_ns + offset_ns) - offset_ns
        if arrived_ns < memory.state[0].from_ns or arrived_ns >= memory.state[0].until_ns:
            continue
        add_to_batch(passing, stream, memory.data, index, length)
        seq = _extended(memory, stream, sequence_of(memory.data, index))
        _record(sent[filled], digests[filled], passing.ssrcs[stream], seq, arrived_ns, sent_ns)
        digests[filled].digest = digest_of(memory.data, index, length)
        filled += 1
    return _sent(memory, passing, sent, digests, first, filled)


@compiled
def _extended(memory: Any, stream: int, seq: int) -> int:
    """The extended sequence number (RFC 3550 A.1): the nearest to the last one."""
    last = memory.seqs[stream]
    number = seq if last < 0 else last + (seq - last + _HALF) % _SPACE - _HALF
    memory.seqs[stream] = number
    return number


@compiled
def _record(sent: Any, digest: Any, ssrc: int, seq: int, arrived_ns: int, sent_ns: int) -> None:
    sent.ssrc, sent.seq, sent.due_ns, sent.sent_ns = ssrc, seq, arrived_ns, sent_ns
    digest.ssrc, digest.seq, digest.at_ns = ssrc, seq & (_SPACE - 1), sent_ns


@compiled
def _sent(memory: Any, passing: Any, sent: Any, digests: Any, first: int, filled: int) -> int:
    """Send the batch; rows of what the kernel refused are removed. The number of rows filled."""
    taken = send_batch(passing)
    memory.state[0].refused += filled - first - taken
    if taken == filled - first:
        return filled
    kept = first
    for place in range(filled - first):
        if passing.refused[place] == 0:
            sent[kept] = sent[first + place]
            digests[kept] = digests[first + place]
            kept += 1
    return kept
