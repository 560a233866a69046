"""The load generator and sink as one compiled loop."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from hostio.compiled import MSG_DONTWAIT, compiled, monotonic_ns, realtime_offset_ns, recvmmsg, sendmmsg, sleep_until
from hostio.mmsg import MMSGHDR, SOCKADDR_IN, MessageBatch
from hostio.mmsg_compiled import rearm_timestamps, receive_timestamp_ns
from relay_app.rtp_compiled import has_fixed_layout, put_sent_ns, sent_ns_of

Array = npt.NDArray[Any]

TRAIN = 8
"""Packets to one address in one message, which the kernel segments (UDP_SEGMENT, udp(7)): one system call for eight."""

SEND_BATCH = 4
"""Most trains per system call. They carry one send time, whose error is at most the duration of the call."""

RECEIVE_BATCH = 128
DATAGRAM_BYTES = 256

_MESSAGE_BYTES = MMSGHDR.itemsize
_ADDRESS_BYTES = SOCKADDR_IN.itemsize
_TICK_NS = 20_000
_MOST_BEHIND_NS = 1_000_000
"""If the load is later than this, it was kept from its core. It then skips the packets missed, because to send them at
once would be a burst above the nominal rate."""

_QUIET_NS = 150_000_000
"""After the last send, a run ends once no packet has arrived for this long."""

LOAD_COUNTS = np.dtype([(name, "<i8") for name in ("sent", "refused", "skipped", "received", "foreign", "elapsed_ns")])
"""`refused`: by sendmmsg(2); `skipped`: due while the load was kept from its core; `foreign`: of another layout."""


class LoadMemory(NamedTuple):
    """Memory of the loop: one packet per session, sent repeatedly; a receive batch; the delay of each packet received.

    packets uint8[sessions, framing + size]: `framing` bytes of a relay's protocol before each packet; names
    uint64[trains, 2]: a sockaddr_in each; latencies_ns int64[most]; counts LOAD_COUNTS[1].
    """

    packets: Array
    names: Array
    messages: Array
    iovecs: Array
    received: Array
    received_messages: Array
    received_iovecs: Array
    control: Array
    latencies_ns: Array
    counts: Array
    timespec: Array

    @classmethod
    def allocate(cls, packets: Array, names: Array, most: int, train: int) -> LoadMemory:
        """Allocate for these packets, each `train` of them to one row of `names`, and for `most` delays."""
        outgoing = MessageBatch.allocate(len(packets) // train, train * packets.shape[1], named=True)
        outgoing.data.reshape(packets.shape)[:] = packets
        outgoing.names.view(np.uint64).reshape(names.shape)[:] = names
        incoming = MessageBatch.allocate(RECEIVE_BATCH, DATAGRAM_BYTES, timestamped=True)
        return cls(
            packets=outgoing.data.reshape(packets.shape),
            names=outgoing.names.view(np.uint64),
            messages=outgoing.messages,
            iovecs=outgoing.iovecs,
            received=incoming.data,
            received_messages=incoming.messages,
            received_iovecs=incoming.iovecs,
            control=incoming.control,
            latencies_ns=np.zeros(most, np.int64),
            counts=np.zeros(1, LOAD_COUNTS),
            timespec=np.zeros(2, np.int64),
        )


@compiled
def drive(memory: Any, source: int, sink: int, framing: int, rate: int, duration_ns: int, ntp_offset_ns: int) -> None:
    """Send `rate` packets/s on the socket `source` for a time, and receive on `sink` until no more arrive."""
    train = len(memory.packets) // len(memory.messages)
    batch = SEND_BATCH * TRAIN // train
    start_ns = monotonic_ns(memory.timespec)
    now_ns, heard_ns, scheduled = start_ns, start_ns, 0
    while now_ns < start_ns + duration_ns or now_ns < heard_ns + _QUIET_NS:
        wanted = rate * min(now_ns - start_ns, duration_ns) // (train * 1_000_000_000)
        behind = wanted - scheduled - max(rate * _MOST_BEHIND_NS // (train * 1_000_000_000), batch)
        if behind > 0:
            memory.counts[0].skipped += behind * train
            scheduled += behind
        due = min(wanted - scheduled, batch)
        scheduled += _send(memory, source, scheduled % len(memory.messages), due, train, framing, ntp_offset_ns)
        arrived = _receive(memory, sink, ntp_offset_ns)
        if due == 0 and arrived == 0:
            sleep_until(now_ns + _TICK_NS, memory.timespec)
        now_ns = monotonic_ns(memory.timespec)
        if arrived or now_ns < start_ns + duration_ns:
            heard_ns = now_ns
    memory.counts[0].elapsed_ns = duration_ns


@compiled
def _send(memory: Any, source: int, first: int, due: int, train: int, framing: int, ntp_offset_ns: int) -> int:
    """Send up to `due` trains from number `first` on, not beyond the last; returns how many."""
    count = min(due, len(memory.messages) - first)
    now_ns = monotonic_ns(memory.timespec)
    for row in range(first * train, (first + count) * train):
        put_sent_ns(memory.packets[:, framing:], row, now_ns, ntp_offset_ns)
    taken = max(sendmmsg(source, memory.messages.ctypes.data + first * _MESSAGE_BYTES, count, 0), 0)
    memory.counts[0].sent += taken * train
    memory.counts[0].refused += (count - taken) * train
    return count


@compiled
def _receive(memory: Any, sink: int, ntp_offset_ns: int) -> int:
    """Receive a batch without blocking; returns the number of packets."""
    rearm_timestamps(memory.received_messages, memory.control, len(memory.received))
    arrived = recvmmsg(sink, memory.received_messages.ctypes.data, len(memory.received), MSG_DONTWAIT, 0)
    if arrived <= 0:
        return 0
    offset_ns = realtime_offset_ns(memory.timespec)
    now_ns = monotonic_ns(memory.timespec) + offset_ns
    counts = memory.counts
    for index in range(arrived):
        if not has_fixed_layout(memory.received, index, memory.received_messages[index].length):
            counts[0].foreign += 1
            continue
        received_ns = receive_timestamp_ns(memory.control, index, now_ns) - offset_ns
        if counts[0].received < len(memory.latencies_ns):
            latency_ns = received_ns - sent_ns_of(memory.received, index, ntp_offset_ns)
            memory.latencies_ns[counts[0].received] = latency_ns
        counts[0].received += 1
    return arrived
