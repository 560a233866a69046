"""The relay's packet path: one compiled event loop over all lanes.

It waits for packets only, and in versions with `locked_reads` for the cache's lock.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from hostio.compiled import MSG_DONTWAIT, compiled, monotonic_ns, recvmmsg, write_descriptor
from hostio.lateness_compiled import empty_lateness, sleep_counted, wait_counted
from hostio.mmsg import SOCKADDR_IN, MessageBatch, poll_descriptors
from hostio.mmsg_compiled import send_messages
from relay_app.drop_reasons import DropReason
from relay_app.forwarding.fate_log import FateLog
from relay_app.forwarding.lookup_compiled import slot_or_reason
from relay_app.locks.mutex_compiled import enter, leave
from relay_app.records import RELAY_COUNTERS
from relay_app.rtp_compiled import sequence_of, ssrc_of
from relay_app.sessions.cache import CacheView, UnknownView

Array = npt.NDArray[Any]

BATCH = 64
DATAGRAM_BYTES = 2048
MISS_RING = 1 << 16
"""Places in the miss ring; a power of two, so that a cursor becomes a place by masking."""

_MALFORMED = int(DropReason.MALFORMED)
_SEND_FAILED = int(DropReason.SEND_FAILED)

_RECEIVED = 0
_FORWARDED = 1
_FIRST_DROP = 2

_ADDRESS_BYTES = SOCKADDR_IN.itemsize

_MAX_WAIT_NS = 50_000_000
"""The loop looks at `stop` after every wait, so this bounds how late it sees it, at 20 wake-ups a second when idle."""

_ANNOUNCE_NS = 1_000_000
"""Least time between two announcements of misses. The first is announced at once; those of the next millisecond
together, as each
announcement wakes a Python thread, and a burst brings thousands of misses."""

FORWARDING_STATE = np.dtype(
    [
        ("stop", "<i8"),
        ("missed", "<i8"),
        ("announced", "<i8"),
        ("taken", "<i8"),
        ("lost_misses", "<i8"),
        ("woken_ns", "<i8"),
        ("busy", "<i8"),
        ("announce_ns", "<i8"),
    ]
)
"""The control side writes `stop` and `taken`, the loop the other words. `missed`, `announced` and `taken` count misses
since the start: written into the ring, announced to the control side, read by it. `lost_misses`: the ring was full."""


class PathRules(NamedTuple):
    """`locked`: take the cache's lock for each round. Packets sent more than `stale_ns` ago are dropped; 0 drops
    none."""

    locked: bool
    stale_ns: int
    ntp_offset_ns: int


class ForwardingMemory(NamedTuple):
    """Lane sockets; a batch to receive, and one to send whose messages point into it; the cache; the miss ring;
    counters.

    `counts` int64[n] are RELAY_COUNTERS, `published` their copy after every round; `fates` RELAY_FATE[n] and
    `fate_state` FATE_STATE[1] are a FateLog; state FORWARDING_STATE[1]; lateness LATENESS[1].
    """

    sockets: Array
    data: Array
    iovecs: Array
    messages: Array
    out_iovecs: Array
    out_messages: Array
    out_refused: Array
    keys: Array
    next_hops: Array
    refresh_hops: Array
    used_ns: Array
    lifetimes_ns: Array
    expires_ns: Array
    unknown_keys: Array
    unknown_until_ns: Array
    misses: Array
    counts: Array
    published: Array
    fates: Array
    fate_state: Array
    state: Array
    lateness: Array
    timespec: Array
    one: Array

    @classmethod
    def allocate(cls, lanes: int, cache: CacheView, unknown: UnknownView, log: FateLog) -> ForwardingMemory:
        """Memory for a number of lanes, all closed yet, with this cache and this log."""
        received = MessageBatch.allocate(BATCH, DATAGRAM_BYTES)
        outgoing = MessageBatch.allocate(BATCH, 0, named=True)
        return cls(
            sockets=poll_descriptors(*[-1] * lanes),
            data=received.data,
            iovecs=received.iovecs,
            messages=received.messages,
            out_iovecs=outgoing.iovecs,
            out_messages=outgoing.messages,
            out_refused=outgoing.refused,
            keys=cache.keys,
            next_hops=cache.next_hops,
            refresh_hops=cache.refresh_hops,
            used_ns=cache.used_ns,
            lifetimes_ns=cache.lifetimes_ns,
            expires_ns=cache.expires_ns,
            unknown_keys=unknown.keys,
            unknown_until_ns=unknown.until_ns,
            misses=np.zeros(MISS_RING, np.uint32),
            counts=np.zeros(len(RELAY_COUNTERS), np.int64),
            published=np.zeros(len(RELAY_COUNTERS), np.int64),
            fates=log.rows,
            fate_state=log.state,
            state=np.zeros(1, FORWARDING_STATE),
            lateness=empty_lateness(),
            timespec=np.zeros(2, np.int64),
            one=np.ones(1, np.int64),
        )


@compiled
def forward(memory: Any, place: Any, rules: Any, ordinal: int, wake_fd: int, tick_ns: int) -> None:
    """Relay packets as the cluster `ordinal` until stopped. `place`: LockPlace. Misses are announced on eventfd
    `wake_fd`.

    When idle, each packet wakes the loop at once. When two wake-ups come less than `tick_ns` apart it becomes busy: it
    wakes once per `tick_ns` and takes all packets together, until a round has but one. A wake-up costs 10 µs of CPU.
    """
    while memory.state[0].stop == 0:
        gap_ns = _wait(memory, tick_ns)
        if rules.locked:
            enter(place)
        relayed = _relay_round(memory, rules, ordinal)
        if rules.locked:
            leave(place)
        memory.state[0].busy = relayed > 1 if memory.state[0].busy else gap_ns < tick_ns
        for index in range(len(memory.counts)):  # copied between rounds, when they add up
            memory.published[index] = memory.counts[index]
        _announce(memory, wake_fd)


@compiled
def _wait(memory: Any, tick_ns: int) -> int:
    """Wait for packets; the time since the last wake-up, ns."""
    state = memory.state
    if state[0].busy:
        sleep_counted(state[0].woken_ns + tick_ns, memory.timespec, memory.lateness)
    pending = state[0].missed != state[0].announced
    timeout_ns = _ANNOUNCE_NS if pending else _MAX_WAIT_NS
    wait_counted(memory.sockets, len(memory.sockets), timeout_ns, memory.timespec, memory.lateness)
    before_ns = state[0].woken_ns
    state[0].woken_ns = monotonic_ns(memory.timespec)
    return state[0].woken_ns - before_ns  # type: ignore[no-any-return]


@compiled
def _relay_round(memory: Any, rules: Any, ordinal: int) -> int:
    """Relay up to a batch from every lane that has packets; the number of packets. What exceeds a batch waits a round,
    so that one full lane does not keep the others waiting."""
    relayed = 0
    for lane in range(len(memory.sockets)):
        if memory.sockets[lane].revents != 0:
            relayed += _relay_batch(memory, rules, memory.sockets[lane].fd, ordinal)
    return relayed


@compiled
def _announce(memory: Any, wake_fd: int) -> None:
    state = memory.state
    now_ns = monotonic_ns(memory.timespec)
    if state[0].missed != state[0].announced and now_ns >= state[0].announce_ns:
        state[0].announced = state[0].missed
        state[0].announce_ns = now_ns + _ANNOUNCE_NS
        write_descriptor(wake_fd, memory.one.ctypes.data, 8)


@compiled
def _relay_batch(memory: Any, rules: Any, fd: int, ordinal: int) -> int:
    """Relay up to a batch of packets from one lane; the number of packets."""
    count = recvmmsg(fd, memory.messages.ctypes.data, len(memory.messages), MSG_DONTWAIT, 0)
    memory.fate_state[0].in_hand = max(count, 0)
    now_ns = memory.state[0].woken_ns
    batch = 0
    for index in range(count):
        memory.counts[_RECEIVED] += 1
        slot = slot_or_reason(memory, rules, index, ordinal, now_ns)
        if slot < 0:
            _drop(memory, index, -1 - slot)
            continue
        memory.out_iovecs[batch].base = memory.data.ctypes.data + index * DATAGRAM_BYTES
        memory.out_iovecs[batch].length = memory.messages[index].length
        memory.out_messages[batch].name = _address_of(memory, slot, now_ns)
        batch += 1
    _send(memory, fd, batch)
    return max(count, 0)


@compiled
def _address_of(memory: Any, slot: int, now_ns: int) -> int:
    """Where the sockaddr_in is to which a packet of a session goes on; a refresh of its permission renews that."""
    entry = slot & (len(memory.keys) - 1)
    memory.used_ns[entry] = now_ns
    if slot == entry:
        return memory.next_hops.ctypes.data + entry * _ADDRESS_BYTES  # type: ignore[no-any-return]
    if memory.lifetimes_ns[entry]:
        memory.expires_ns[entry] = now_ns + memory.lifetimes_ns[entry]
    return memory.refresh_hops.ctypes.data + entry * _ADDRESS_BYTES  # type: ignore[no-any-return]


@compiled
def _drop(memory: Any, index: int, reason: int) -> None:
    """Count a packet that is not forwarded, and log it while there is room."""
    memory.counts[_FIRST_DROP + reason] += 1
    state = memory.fate_state
    if state[0].count < len(memory.fates):
        row = memory.fates[state[0].count]
        row.ssrc = 0 if reason == _MALFORMED else ssrc_of(memory.data, index)
        row.seq = sequence_of(memory.data, index)
        row.reason = reason
        row.at_ns = monotonic_ns(memory.timespec)
        state[0].count += 1
    state[0].in_hand -= 1


@compiled
def _send(memory: Any, fd: int, batch: int) -> None:
    """Hand the batch to the kernel; drop what it refuses."""
    taken = send_messages(fd, memory.out_messages, batch, memory.out_refused)
    memory.counts[_FORWARDED] += taken
    memory.fate_state[0].in_hand -= taken
    if taken == batch:
        return
    for position in range(batch):
        if memory.out_refused[position]:
            index = (memory.out_iovecs[position].base - memory.data.ctypes.data) // DATAGRAM_BYTES
            _drop(memory, index, _SEND_FAILED)
