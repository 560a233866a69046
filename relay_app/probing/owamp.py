"""One-way test packets (OWAMP-Test, RFC 4656 §4.1.2, unauthenticated mode): bytes in, values out."""

from __future__ import annotations

import struct
from typing import NamedTuple

from relay_app.ntp import monotonic_of, ntp_fraction, ntp_seconds

PROBE_PORT = 8610
"""UDP port of the probers; no lane, so reroutes leave it alone and it keeps measuring the direct link."""

_FORMAT = struct.Struct("!IIIH")
_ERROR_ESTIMATE = 1 << 15 | 12 << 8 | 1
"""Synchronised (all hosts share one clock), error 1 × 2¹² × 2⁻³² s ≈ 1 µs."""


class OneWayProbe(NamedTuple):
    """A probe: its number and the CLOCK_MONOTONIC time at which it was sent."""

    sequence: int
    sent_ns: int

    def encode(self, ntp_offset_ns: int) -> bytes:
        """The datagram, without padding."""
        seconds, fraction = (convert(self.sent_ns, ntp_offset_ns) for convert in (ntp_seconds, ntp_fraction))
        return _FORMAT.pack(self.sequence & 0xFFFFFFFF, seconds, fraction, _ERROR_ESTIMATE)

    @classmethod
    def decode(cls, datagram: bytes, ntp_offset_ns: int) -> OneWayProbe:
        """The probe in a datagram, with any padding; ValueError if it is too short."""
        try:
            sequence, seconds, fraction, _ = _FORMAT.unpack_from(datagram)
        except struct.error as error:
            raise ValueError(f"{len(datagram)} bytes") from error
        return cls(sequence, monotonic_of(seconds, fraction, ntp_offset_ns))
