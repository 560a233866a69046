"""NTP timestamps (RFC 5905 §6: 32 bits of seconds since 1900, 32 of fraction) from CLOCK_MONOTONIC.

A run fixes one offset at its start and adds it to CLOCK_MONOTONIC, so that a step of the wall clock during the run does
not change a measured delay. The conversions use integers of 64 bits only: `rtp_compiled` compiles them as well.
"""

from __future__ import annotations

_UNIX_EPOCH_NS = 2_208_988_800 * 1_000_000_000
"""1970-01-01 in ns since 1900-01-01 (RFC 868)."""


def ntp_offset_ns(realtime_ns: int, monotonic_ns: int) -> int:
    """What to add to CLOCK_MONOTONIC to have ns since 1900, from both clocks read at one instant."""
    return realtime_ns - monotonic_ns + _UNIX_EPOCH_NS


def ntp_seconds(monotonic_ns: int, offset_ns: int) -> int:
    """The upper half of the timestamp, modulo 2³² (eras, RFC 5905 §6)."""
    return (monotonic_ns + offset_ns) // 1_000_000_000 & 0xFFFFFFFF


def ntp_fraction(monotonic_ns: int, offset_ns: int) -> int:
    """The lower half, in 2⁻³² s, rounded to nearest: 0.23 ns, so every ns survives the round trip."""
    return (((monotonic_ns + offset_ns) % 1_000_000_000 << 32) + 500_000_000) // 1_000_000_000


def monotonic_of(seconds: int, fraction: int, offset_ns: int) -> int:
    """CLOCK_MONOTONIC ns of a timestamp: the era is the one that makes it fall within 136 years after boot."""
    offset_seconds = offset_ns // 1_000_000_000
    elapsed = seconds - offset_seconds & 0xFFFFFFFF
    rounded = fraction * 1_000_000_000 + (1 << 31) >> 32
    return elapsed * 1_000_000_000 + rounded - offset_ns % 1_000_000_000
