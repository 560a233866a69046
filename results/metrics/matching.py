"""Joins packets sent with packets received, by SSRC and extended sequence number. Pure.

Packets of other programs carry no send time: theirs is that of the sender's record, and their digests must be equal at
both ends.

A sender that restarts may take the SSRC of another stream (`Stream.taken`). Its packets come to the other's listener;
they are told from the other's own by their numbers and when they were sent.

A run has millions of packets, so that each pass over them counts. Where the numbers of a stream follow one another, as
almost all do, a packet's row is its number less the first one; the others are joined by binary searches over sorted
keys. SSRCs are random 32-bit numbers (RFC 3550 §8), too sparse to index an array.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from relay_app.records import DIGEST, NOT_CARRIED, RECEIVED, SENT
from relay_app.streams import Stream
from results.metrics.nearly_ordered import by_stream, first_arrivals, in_sequence
from results.metrics.shared_ssrcs import shared
from results.run_files.records import Recording, Rows

Ints: TypeAlias = NDArray[np.int64]
Flags: TypeAlias = NDArray[np.bool_]

NEVER = -1
"""`received_ns` of a packet that did not arrive."""

UNMATCHED = -1
"""`packet` of an arrival that matches no packet sent."""

_SEQUENCE_SPACE = 1 << 16

_ROUNDING_NS = 1_000
"""By more than this a send time in a header extension does not differ from that of the sender's record."""


@dataclass(frozen=True, slots=True, eq=False)
class Packets:
    """Every packet sent, a row each, ordered by stream and extended sequence number; columns of equal length.

    `stream`: index in the measured streams. `received_ns`, `path`: of the first copy to arrive. `copies`: number of
    arrivals.
    """

    stream: Ints
    seq: Ints
    due_ns: Ints
    sent_ns: Ints
    received_ns: Ints
    path: Ints
    copies: Ints

    @property
    def arrived(self) -> Flags:
        """Flags packets of which at least one copy was received."""
        return self.arrived_in(slice(None))

    def arrived_in(self, rows: slice | Flags) -> Flags:
        """The same of some rows only, without a pass over all packets."""
        arrived: Flags = self.received_ns[rows] != NEVER
        return arrived


@dataclass(frozen=True, slots=True, eq=False)
class Arrivals:
    """Every packet received, duplicates included, ordered by stream and receive time; columns of equal length.

    `stream`: whose SSRC it has; `packet`: row in Packets, or UNMATCHED.
    """

    stream: Ints
    packet: Ints
    sent_ns: Ints
    received_ns: Ints
    path: NDArray[np.uint32]

    def chosen(self, rows: Ints | Flags) -> Arrivals:
        """Some of them."""
        return Arrivals(*(getattr(self, field.name)[rows] for field in fields(self)))


@dataclass(frozen=True, slots=True, eq=False)
class Matched:
    """The measured streams, which are those recorded at both ends, with their packets.

    `unrecorded`: streams without the record of an end. `collided`: arrivals of packets of another stream that has taken
    the SSRC, which are none of `arrivals`. `foreign`: number of arrivals with an SSRC of no stream.
    """

    streams: tuple[Stream, ...]
    unrecorded: tuple[Stream, ...]
    packets: Packets
    arrivals: Arrivals
    collided: Arrivals
    foreign: int


def match(recording: Recording) -> Matched:
    """Join the packets sent and received of every stream that was recorded at both ends."""
    ends = [(stream.source in recording.sent, stream.destination in recording.received) for stream in recording.streams]
    streams = tuple(stream for stream, end in zip(recording.streams, ends, strict=True) if all(end))
    unrecorded = tuple(stream for stream, end in zip(recording.streams, ends, strict=True) if not all(end))
    sent, received = _joined(recording.sent, SENT), _joined(recording.received, RECEIVED)
    stream = _stream_index(streams, received["ssrc"])
    foreign = ~np.isin(received["ssrc"][stream == UNMATCHED], [each.ssrc for each in unrecorded])
    unjoined = _packets(streams, sent)
    altered = _altered(recording, streams, unjoined)
    arrivals, collided = _parted(_arrivals(streams, stream, received, unjoined, altered), unjoined, streams)
    packets = _with_fate(unjoined, arrivals)
    return Matched(streams, unrecorded, packets, arrivals, collided, int(np.count_nonzero(foreign)))


def extended(seq: Ints, reference: Ints) -> Ints:
    """Extend 16-bit sequence numbers (RFC 3550 A.1): of those equal modulo 2^16, the nearest to a reference."""
    half = _SEQUENCE_SPACE // 2
    result: Ints = reference + (seq - reference + half) % _SEQUENCE_SPACE - half
    return result


def located(streams: Sequence[Stream], packets: Packets, rows: Rows) -> Ints:
    """The row in Packets, or UNMATCHED, of each row of a record with columns ssrc, seq (16 bits) and at_ns.

    It is the last packet with that SSRC and number sent before `at_ns`, because a packet cannot be dropped before it is
    sent. Wrong for packets that were held for longer than their stream takes to send 65 536 packets, or until another
    stream with their SSRC has sent one of their number.
    """
    stream = _stream_index(streams, rows["ssrc"])
    found = _located(stream, rows["seq"], rows["at_ns"], packets)
    for own, taker in shared(streams, stream):
        other = _located(taker, rows["seq"][own], rows["at_ns"][own], packets)
        found[own] = _last_sent(found[own], other, rows["at_ns"][own], packets)
    return found


def _located(stream: Ints, seq: NDArray[np.uint16], at_ns: Ints, packets: Packets) -> Ints:
    if not len(packets.seq) or not len(stream):
        return np.full(len(stream), UNMATCHED, dtype=np.int64)
    last = _reference(stream, at_ns, packets)
    return row_of(stream, last - (last - seq.astype(np.int64)) % _SEQUENCE_SPACE, packets)


def _last_sent(packet: Ints, other: Ints, at_ns: Ints, packets: Packets) -> Ints:
    """Of two rows in Packets, either of which may be UNMATCHED, the one that was sent last of those sent by a time."""
    if not len(packets.seq):
        return packet
    times = (np.where(row == UNMATCHED, NEVER, packets.sent_ns[row]) for row in (packet, other))
    sent_ns, other_ns = (np.where(each <= at_ns + _ROUNDING_NS, each, NEVER) for each in times)
    found: Ints = np.where(other_ns > sent_ns, other, packet)
    return found


def _parted(arrivals: Arrivals, packets: Packets, streams: Sequence[Stream]) -> tuple[Arrivals, Arrivals]:
    """The arrivals of streams' own packets, with those that match none, and of packets of others."""
    if all(stream.taken is None for stream in streams):
        return arrivals, arrivals.chosen(np.empty(0, np.int64))
    sent_by = np.append(packets.stream, UNMATCHED)[arrivals.packet]
    own = (arrivals.packet == UNMATCHED) | (sent_by == arrivals.stream)
    return arrivals.chosen(own), arrivals.chosen(~own)


def _joined(rows: Mapping[str, Rows], dtype: np.dtype[np.void]) -> Rows:
    """As bytes: numpy would copy each field of each row by itself."""
    as_bytes = np.dtype((np.void, dtype.itemsize))
    parts = (np.ascontiguousarray(each, dtype).view(as_bytes) for each in rows.values())
    return np.concatenate([np.empty(0, as_bytes), *parts]).view(dtype)


def _stream_index(streams: Sequence[Stream], ssrc: NDArray[np.uint32]) -> Ints:
    """Index in `streams` of each SSRC, or -1."""
    ssrcs = np.array([stream.ssrc for stream in streams], dtype=np.uint32)
    if not len(ssrcs):
        return np.full(len(ssrc), -1, dtype=np.int64)
    order = np.argsort(ssrcs)
    ssrcs, wanted = ssrcs[order], np.ascontiguousarray(ssrc)
    place = np.searchsorted(ssrcs, wanted).clip(max=len(ssrcs) - 1)
    index: Ints = np.where(ssrcs[place] == wanted, order[place], -1)
    return index


def _packets(streams: Sequence[Stream], sent: Rows) -> Packets:
    stream = _stream_index(streams, sent["ssrc"])
    order = by_stream(stream, sent["seq"])[np.count_nonzero(stream == UNMATCHED) :]
    nothing = np.zeros(len(order), dtype=np.int64)
    return Packets(
        stream=stream[order],
        seq=sent["seq"][order].astype(np.int64),
        due_ns=sent["due_ns"][order],
        sent_ns=sent["sent_ns"][order],
        received_ns=nothing + NEVER,
        path=nothing,
        copies=nothing,
    )


def _altered(recording: Recording, streams: Sequence[Stream], packets: Packets) -> Flags:
    """Flags, per packet received, those whose digest is not that of the packet sent with their number."""
    sent = _joined(recording.sent_digests, DIGEST)
    sent_digest = np.zeros(len(packets.seq) + 1, np.uint64)  # the last one is UNMATCHED
    sent_digest[located(streams, packets, sent)] = sent["digest"]
    found = []
    for cluster, rows in recording.received.items():
        altered = np.zeros(len(rows), np.bool_)
        passed = np.flatnonzero(rows["sent_ns"] == NOT_CARRIED)
        digests = recording.received_digests.get(cluster, np.empty(0, DIGEST))
        if len(digests) == len(passed):
            altered[passed] = sent_digest[located(streams, packets, digests)] != digests["digest"]
        found.append(altered)
    return np.concatenate([np.empty(0, np.bool_), *found])


def _arrivals(streams: Sequence[Stream], stream: Ints, received: Rows, packets: Packets, altered: Flags) -> Arrivals:
    """`stream`: of each row received, or UNMATCHED."""
    order = by_stream(stream, received["received_ns"])[np.count_nonzero(stream == UNMATCHED) :]
    rows, stream = np.take(received, order), stream[order]
    packet, sent_ns = _packet_of(stream, rows, packets), rows["sent_ns"].astype(np.int64)
    for own, taker in shared(streams, stream):
        other = _packet_of(taker, rows[own], packets)
        packet[own] = _last_sent(packet[own], other, sent_ns[own], packets)
    uncarried = np.flatnonzero(sent_ns == NOT_CARRIED)
    if len(uncarried):
        packet[uncarried] = _located(stream[uncarried], rows["seq"][uncarried], rows["received_ns"][uncarried], packets)
        sent_ns[uncarried] = np.append(packets.sent_ns, 0)[packet[uncarried]]
        packet[altered[order]] = UNMATCHED
    return Arrivals(
        stream=stream,
        packet=packet,
        sent_ns=sent_ns,
        received_ns=rows["received_ns"].astype(np.int64),
        path=np.ascontiguousarray(rows["path"]),
    )


def _packet_of(stream: Ints, rows: Rows, packets: Packets) -> Ints:
    """The row in Packets, or UNMATCHED, of each received row."""
    # The 16-bit number is extended against the one that the sender had reached at the send time in the packet's header
    # extension, which is of the same clock as the sender's records. RFC 3550 A.1 extends against the last one received,
    # which is ambiguous after a gap of 32 768 packets or more (11 min at 50 packets/s).
    seq = rows["seq"].astype(np.int64)
    found, unknown = in_sequence(stream, seq, packets.stream, packets.seq)
    if len(unknown) and len(packets.seq):
        reference = _reference(stream[unknown], rows["sent_ns"][unknown], packets)
        found[unknown] = row_of(stream[unknown], extended(seq[unknown], reference), packets)
    return found


def row_of(stream: Ints, seq: Ints, packets: Packets) -> Ints:
    """The row in Packets, or UNMATCHED, of each extended sequence number."""
    key = _packet_key(stream, seq)
    keys = _packet_key(packets.stream, packets.seq)
    found = np.searchsorted(keys, key).clip(max=len(keys) - 1)
    index: Ints = np.where(keys[found] == key, found, UNMATCHED)
    return index


def _reference(stream: Ints, sent_ns: Ints, packets: Packets) -> Ints:
    """The extended sequence number of the last packet that a stream sent at or before a time.

    Streams and times form one sorted key, so that one binary search serves all rows. Binary search needs send times
    that do not decrease with the sequence; the running maximum makes them so, should two packets be out of order.
    """
    start = packets.sent_ns.min()
    first = np.searchsorted(packets.stream, np.arange(int(stream.max(initial=0)) + 1))[stream.clip(0)]
    span = packets.sent_ns.max() - start + 1
    times = np.maximum.accumulate(packets.stream * span + packets.sent_ns - start)
    wanted = stream * span + (sent_ns - start).clip(0, span - 1)
    row = np.maximum(np.searchsorted(times, wanted, side="right") - 1, first)
    seq: Ints = packets.seq[row.clip(max=len(times) - 1)]
    return seq


def _packet_key(stream: Ints, seq: Ints) -> Ints:
    """Sort key of packets: stream, then extended sequence number; -1 for rows of no stream."""
    key: Ints = np.where(stream < 0, -1, stream << 32 | seq)
    return key


def _with_fate(packets: Packets, arrivals: Arrivals) -> Packets:
    copies = np.bincount(arrivals.packet[arrivals.packet != UNMATCHED], minlength=len(packets.seq))
    first = first_arrivals(arrivals.packet, copies)
    arrived, received_ns, path = arrivals.packet[first], packets.received_ns.copy(), packets.path.copy()
    received_ns[arrived] = arrivals.received_ns[first]
    path[arrived] = arrivals.path[first]
    return Packets(packets.stream, packets.seq, packets.due_ns, packets.sent_ns, received_ns, path, copies)
