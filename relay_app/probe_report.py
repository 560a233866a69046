"""What a probe receiver tells the controller: one arrived probe per datagram, on a Unix socket."""

from __future__ import annotations

from struct import Struct
from typing import NamedTuple

_FORMAT = Struct("!BBIqq")


class ProbeReport(NamedTuple):
    """A one-way probe arrived. Clusters by ordinal; times are CLOCK_MONOTONIC ns of the one shared kernel clock."""

    source: int
    destination: int
    sequence: int
    sent_ns: int
    received_ns: int

    def encode(self) -> bytes:
        """The datagram."""
        return _FORMAT.pack(*self)

    @classmethod
    def decode(cls, datagram: bytes) -> ProbeReport:
        """The report in a datagram; struct.error if it is not one."""
        return cls(*_FORMAT.unpack(datagram))
