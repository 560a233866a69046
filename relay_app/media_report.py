"""What a client tells the controller of the media that its cluster sends and hears: packet counts of every lane.

They are what RTCP's sender and receiver reports have of a stream (RFC 3550 §6.4): the sender's packet count, and what
of it arrived. Datagrams on the socket on which probers report; the first byte, 254, tells them from other reports.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import NamedTuple, TypeAlias

from relay_app.ports import LANES

Counts: TypeAlias = tuple[int, ...]
"""Packets in each lane."""

MOST_PEERS = 31
"""In a datagram, which has 4 009 bytes then."""

_TAG = 254
_HEADER = struct.Struct("!BBq")
_ENTRY = struct.Struct(f"!B{2 * LANES}I")


class LaneCounts(NamedTuple):
    """Packets that a cluster has sent to another one, and had from it, since its client began. Relayed streams only."""

    sent: Counts
    heard: Counts


class MediaReport(NamedTuple):
    """The cluster (ordinal), when it counted (CLOCK_MONOTONIC ns), and the counts by the other cluster (ordinal). One
    that is not in it is in another datagram of that time, or has no media with it."""

    cluster: int
    at_ns: int
    lanes: Mapping[int, LaneCounts]

    def encode(self) -> Iterator[bytes]:
        """The datagrams; none without counts."""
        left = iter(self.lanes.items())
        while entries := list(islice(left, MOST_PEERS)):
            packed = (_ENTRY.pack(peer, *counts.sent, *counts.heard) for peer, counts in entries)
            yield _HEADER.pack(_TAG, self.cluster, self.at_ns) + b"".join(packed)

    @staticmethod
    def is_in(datagram: bytes) -> bool:
        """Whether a datagram of telemetry is such a report."""
        return datagram[:1] == bytes((_TAG,))

    @classmethod
    def decode(cls, datagram: bytes) -> MediaReport:
        """The report in a datagram; struct.error if it is not one."""
        tag, cluster, at_ns = _HEADER.unpack_from(datagram)
        if tag != _TAG:
            raise struct.error(f"tag {tag}")
        entries = _ENTRY.iter_unpack(datagram[_HEADER.size :])
        found = {entry[0]: LaneCounts(entry[1 : 1 + LANES], entry[1 + LANES :]) for entry in entries}
        return cls(cluster, at_ns, found)
