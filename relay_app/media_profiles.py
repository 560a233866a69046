"""What streams carry: profiles, by which packets are computed, and recordings, which are played. Pure."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from statistics import median
from types import MappingProxyType
from typing import TypeAlias

from hostio.timing import S
from relay_app.rtp import PAYLOAD_OFFSET

NOISE_PAYLOAD_TYPE = 98
"""A dynamic payload type: the static one of comfort noise, 13, is for a clock of 8 kHz (RFC 3389 §4)."""

MAX_PAYLOAD = 1100
"""Bytes of payload in one packet of a profile; larger frames are split."""

OVERHEAD_BYTES = 14 + 20 + 8 + PAYLOAD_OFFSET
"""Ethernet, IPv4, UDP and our RTP header."""

LARGEST_PAYLOAD = 14 + 1500 - OVERHEAD_BYTES
"""Bytes of payload in one packet of a recording at most: with our headers it fills a frame of the Ethernet's MTU."""

SILENT_INTERVALS = 2.5
"""Frame intervals from which on a gap in a recording is a pause of its speaker."""


@dataclass(frozen=True, slots=True)
class Profile:
    """Media of `frames` frames in `per_ns`. Every `key_interval`-th is a key frame, `key_factor` times as large as the
    others.

    Sizes vary uniformly by ± `size_spread` and repeat after `cycle` frames. The marker is on a frame's last packet
    where frames are pictures, and on a stream's first packet where they are speech (RFC 3551 §4.1). Packets of a frame
    are paced over its interval or, at `line_rate`, all due when it begins.
    """

    payload_type: int
    clock_hz: int
    frames: int
    frame_bytes: int
    per_ns: int = S
    size_spread: float = 0.0
    key_interval: int = 1
    key_factor: float = 1.0
    cycle: int = 1
    pictures: bool = False
    line_rate: bool = False

    @property
    def ticks(self) -> tuple[int, int]:
        """Ticks of the RTP clock in a frame interval, as a fraction in lowest terms."""
        ticks, intervals = self.clock_hz * self.per_ns, self.frames * S
        common = math.gcd(ticks, intervals)
        return ticks // common, intervals // common

    @property
    def frames_per_s(self) -> float:
        """Frames a second."""
        return self.frames * S / self.per_ns

    @property
    def mean_bytes(self) -> float:
        """Mean bytes of a frame."""
        return self.frame_bytes * (1 + (self.key_factor - 1) / self.key_interval)

    @property
    def packets_per_s(self) -> float:
        """Packets a second, at most: exactly, if every frame fits into one packet."""
        if self._largest_frame <= MAX_PAYLOAD:
            return self.frames_per_s
        return self.frames_per_s * (self.mean_bytes / MAX_PAYLOAD + 1)

    @property
    def mean_bps(self) -> float:
        """Mean bits of Ethernet frames a second, at least: headers of packets that are split off count once a frame."""
        packets = max(1.0, self.mean_bytes / MAX_PAYLOAD)
        return 8 * self.frames_per_s * (self.mean_bytes + packets * OVERHEAD_BYTES)

    @property
    def payload_types(self) -> tuple[int, ...]:
        """The payload types of its packets."""
        return (self.payload_type,)

    @property
    def _largest_frame(self) -> float:
        return self.frame_bytes * (1 + self.size_spread) * max(1.0, self.key_factor)

    @property
    def smallest_packet(self) -> int:
        """Bytes of the smallest Ethernet frame that carries the first packet of a frame of it."""
        least = round(self.frame_bytes * (1 - self.size_spread) * min(1.0, self.key_factor))
        return OVERHEAD_BYTES + min(MAX_PAYLOAD, least)

    @property
    def largest_packet(self) -> int:
        """Bytes of the largest Ethernet frame that carries a packet of it."""
        return OVERHEAD_BYTES + min(MAX_PAYLOAD, round(self._largest_frame))


@dataclass(frozen=True)  # without slots: cached properties need a place
class Recording:
    """RTP packets of a capture, in columns of equal length, to be played over and over.

    `at_ns`: since the first, not decreasing; `timestamps` as in the capture. `pictures`: frames are pictures, packets
    with the same timestamp.
    """

    at_ns: tuple[int, ...]
    timestamps: tuple[int, ...]
    payload_types_of: tuple[int, ...]
    lengths: tuple[int, ...]
    markers: tuple[bool, ...]
    pictures: bool

    @cached_property
    def _frames(self) -> list[tuple[int, int]]:
        """Time and timestamp of the first packet of each frame, in order of time."""
        changes = [0, *(at for at, (one, next_) in enumerate(pairwise(self.timestamps), 1) if one != next_)]
        return [(self.at_ns[at], self.timestamps[at]) for at in changes]

    @cached_property
    def interval_ns(self) -> int:
        """Median time from one frame to the next, ns; a second if there is one frame only."""
        return round(median([later - at for (at, _), (later, _) in pairwise(self._frames)] or [S])) or 1

    @cached_property
    def period_ns(self) -> int:
        """From its first packet until it is played again, a frame interval after the last frame."""
        return max(self._frames[-1][0] + self.interval_ns, self.at_ns[-1] + 1)

    @cached_property
    def period_ticks(self) -> int:
        """By how much timestamps grow in that time: the median step follows the last."""
        steps = [(later - stamp) % (1 << 32) for (_, stamp), (_, later) in pairwise(self._frames)]
        return (self._frames[-1][1] - self.timestamps[0] + round(median(steps or [0]))) % (1 << 32)

    @cached_property
    def talk(self) -> tuple[tuple[int, int], ...]:
        """From when until when it is heard, ns, without its speaker's pauses: gaps of 2.5 frame intervals or more."""
        ends = [at for at, (one, later) in enumerate(pairwise(self.at_ns)) if self._is_pause(later - one)]
        firsts, lasts = [0, *(at + 1 for at in ends)], [*ends, len(self.at_ns) - 1]
        return tuple((self.at_ns[a], self.at_ns[b] + 1) for a, b in zip(firsts, lasts, strict=True))

    def _is_pause(self, gap_ns: int) -> bool:
        return gap_ns >= SILENT_INTERVALS * self.interval_ns

    @property
    def packets_per_s(self) -> float:
        """Packets a second, at most: those of the second with most, where it is played on without a break."""
        rounds = 1 + -(-S // self.period_ns)
        at_ns = [at + number * self.period_ns for number in range(rounds) for at in self.at_ns]
        return float(max(bisect_left(at_ns, at + S) - number for number, at in enumerate(at_ns[: len(self.at_ns)])))

    @property
    def mean_bps(self) -> float:
        """Mean bits of Ethernet frames a second."""
        return 8 * S * (sum(self.lengths) + OVERHEAD_BYTES * len(self.lengths)) / self.period_ns

    @property
    def payload_types(self) -> tuple[int, ...]:
        """The payload types of its packets."""
        return tuple(sorted(set(self.payload_types_of)))

    @property
    def smallest_packet(self) -> int:
        """Bytes of the smallest Ethernet frame that carries a packet of it."""
        return OVERHEAD_BYTES + min(self.lengths)

    @property
    def largest_packet(self) -> int:
        """Bytes of the largest Ethernet frame that carries a packet of it."""
        return OVERHEAD_BYTES + max(self.lengths)


Media: TypeAlias = Profile | Recording

PROFILES: Mapping[str, Profile] = MappingProxyType(
    {
        "voice": Profile(payload_type=111, clock_hz=48_000, frames=50, frame_bytes=80),
        "voice-100ms": Profile(payload_type=111, clock_hz=48_000, frames=10, frame_bytes=100),
        "video": Profile(
            payload_type=96,
            clock_hz=90_000,
            frames=30,
            frame_bytes=4_000,
            size_spread=0.4,
            key_interval=60,
            key_factor=5.0,
            cycle=480,
            pictures=True,
        ),
        "probe-1khz": Profile(payload_type=97, clock_hz=48_000, frames=1_000, frame_bytes=20),
    }
)
"""Opus-like voice at 32 kbit/s; the same at 8 kbit/s in packets of 100 ms (RFC 6716 §3.2.5), for many sessions; video
at about 1 Mbit/s with a key frame every 2 s; and small packets every millisecond, which resolve an interruption to 1 ms
(RFC 6413 §6.1.3)."""
