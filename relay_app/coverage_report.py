"""What a relay tells the controller of its session cache: of how many streams of each pair of clusters it has a record.

Datagrams on the socket on which probers report. The first byte, 0, tells them from probe reports, which begin with the
ordinal of a cluster.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import NamedTuple, TypeAlias

OrdinalPair: TypeAlias = tuple[int, int]
"""Two clusters by ordinal, the smaller one first."""

MOST_PAIRS = 500
"""In a datagram, which has 3 010 bytes then."""

_TAG = 0
_HEADER = struct.Struct("!BBq")
_ENTRY = struct.Struct("!BBI")


class CoverageReport(NamedTuple):
    """The relay of a cluster (ordinal), when it looked into its cache (CLOCK_MONOTONIC ns), and how many streams it has
    the record of, by pair. A pair that is in no report of that time has none."""

    relay: int
    at_ns: int
    records: Mapping[OrdinalPair, int]

    def encode(self) -> Iterator[bytes]:
        """The datagrams; one at least."""
        left = iter(self.records.items())
        entries = list(islice(left, MOST_PAIRS))
        while True:
            yield _HEADER.pack(_TAG, self.relay, self.at_ns) + b"".join(_ENTRY.pack(*pair, n) for pair, n in entries)
            entries = list(islice(left, MOST_PAIRS))
            if not entries:
                return

    @staticmethod
    def is_in(datagram: bytes) -> bool:
        """Whether a datagram of telemetry is such a report, and none of a prober."""
        return datagram[:1] == bytes((_TAG,))

    @classmethod
    def decode(cls, datagram: bytes) -> CoverageReport:
        """The report in a datagram; struct.error if it is not one."""
        tag, relay, at_ns = _HEADER.unpack_from(datagram)
        if tag != _TAG:
            raise struct.error(f"tag {tag}")
        entries = _ENTRY.iter_unpack(datagram[_HEADER.size :])
        return cls(relay, at_ns, {(a, b): records for a, b, records in entries})
