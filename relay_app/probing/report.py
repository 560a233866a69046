"""What a prober tells the controller: one arrived probe or canary per datagram, on a Unix socket."""

from __future__ import annotations

from struct import Struct
from typing import NamedTuple

_FORMAT = Struct("!BBIqqB")


class ProbeReport(NamedTuple):
    """A packet of the prober arrived. Clusters by ordinal; times are CLOCK_MONOTONIC ns of the one shared kernel clock.

    `via` 0: a one-way probe, over the link. Otherwise a canary, over the relay of that cluster and back to where it
    came from: its source and its destination are the same.
    """

    source: int
    destination: int
    sequence: int
    sent_ns: int
    received_ns: int
    via: int = 0

    def encode(self) -> bytes:
        """The datagram."""
        return _FORMAT.pack(*self)

    @classmethod
    def decode(cls, datagram: bytes) -> ProbeReport:
        """The report in a datagram; struct.error if it is not one."""
        return cls(*_FORMAT.unpack(datagram))
