"""The RTP packets of a client's streams and when each is due: a pure function of streams, seed and start.

A stream is a series of frames at a fixed rate; a frame is one or more packets. Frame sizes repeat in a cycle, so the
sequence number of any frame is known without computing the frames before it: a schedule can be computed in chunks, and
the result does not depend on their size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hostio.timing import S
from relay_app.rtp import PAYLOAD_OFFSET
from relay_app.streams import Stream

Array = npt.NDArray[Any]

MAX_PAYLOAD = 1100
"""Bytes of payload in one packet; larger frames are split."""

_OVERHEAD_BYTES = 14 + 20 + 8 + PAYLOAD_OFFSET
"""Ethernet, IPv4, UDP and our RTP header."""

PACKET = np.dtype(
    [("due_ns", "<i8"), ("stream", "<i4"), ("seq", "<u4"), ("timestamp", "<u4"), ("length", "<u2"), ("marker", "<u2")]
)
"""A packet to send: due time, index of its stream, extended sequence number, RTP timestamp, payload bytes, marker."""


@dataclass(frozen=True, slots=True)
class Profile:
    """A media profile. Every `key_interval`-th frame is a key frame, `key_factor` times as large as the others.

    Sizes vary uniformly by ± `size_spread` and repeat after `cycle` frames. The marker is on a frame's last packet
    where frames are pictures, and on a stream's first packet where they are speech (RFC 3551 §4.1).
    """

    payload_type: int
    clock_hz: int
    frames_per_s: int
    frame_bytes: int
    size_spread: float = 0.0
    key_interval: int = 1
    key_factor: int = 1
    cycle: int = 1
    pictures: bool = False

    @property
    def packets_per_s(self) -> float:
        """Packets a second, at most: exactly, if every frame fits into one packet."""
        largest = self.frame_bytes * (1 + self.size_spread) * self.key_factor
        if largest <= MAX_PAYLOAD:
            return self.frames_per_s
        mean = self.frame_bytes * (1 + (self.key_factor - 1) / self.key_interval)
        return self.frames_per_s * (mean / MAX_PAYLOAD + 1)

    @property
    def smallest_packet(self) -> int:
        """Bytes of the smallest Ethernet frame that carries a packet of it."""
        least = round(self.frame_bytes * (1 - self.size_spread))
        return _OVERHEAD_BYTES + min(MAX_PAYLOAD, least)


PROFILES = {
    "voice": Profile(payload_type=111, clock_hz=48_000, frames_per_s=50, frame_bytes=80),
    "voice-100ms": Profile(payload_type=111, clock_hz=48_000, frames_per_s=10, frame_bytes=100),
    "video": Profile(
        payload_type=96,
        clock_hz=90_000,
        frames_per_s=30,
        frame_bytes=4_000,
        size_spread=0.4,
        key_interval=60,
        key_factor=5,
        cycle=480,
        pictures=True,
    ),
    "probe-1khz": Profile(payload_type=97, clock_hz=48_000, frames_per_s=1_000, frame_bytes=20),
}
"""Opus-like voice at 32 kbit/s; the same at 8 kbit/s in packets of 100 ms (RFC 6716 §3.2.5), for many sessions; video
at about 1 Mbit/s with a key frame every 2 s; and small packets every millisecond, which resolve an interruption to 1 ms
(RFC 6413 §6.1.3)."""


@dataclass(frozen=True, slots=True)
class _Group:
    """The streams of one profile. Arrays have a row per stream; `sizes` and `before` a column per frame of the cycle.

    `before` counts the packets of the cycle ahead of a frame; its extra last column those of the whole cycle.
    """

    profile: Profile
    streams: Array
    phase_ns: Array
    first_seq: Array
    first_timestamp: Array
    sizes: Array
    before: Array


class Schedule:
    """All packets of some streams from `start_ns` on, without end; their phases are spread over a frame interval."""

    def __init__(self, streams: Sequence[Stream], seed: int, start_ns: int) -> None:
        self._start_ns = start_ns
        media = np.array([stream.media for stream in streams], dtype=object)
        entropy = [seed, *(stream.ssrc for stream in streams)]
        self._groups = [
            _group(PROFILES[name], np.flatnonzero(media == name), np.random.default_rng([*entropy, index]))
            for index, name in enumerate(PROFILES)
            if name in media
        ]

    def window(self, from_ns: int, to_ns: int) -> Array:
        """PACKET[n] due at from_ns ≤ t < to_ns, ordered by due time, stream and sequence number."""
        parts = [_packets(group, self._start_ns, from_ns, to_ns) for group in self._groups]
        packets = np.concatenate([np.empty(0, PACKET), *parts])
        ordered: Array = packets[np.lexsort((packets["seq"], packets["stream"], packets["due_ns"]))]
        return ordered

    def most(self, duration_ns: int) -> int:
        """An upper bound to the number of packets in any window of this length."""
        return sum(_most(group, duration_ns) for group in self._groups)


def _most(group: _Group, duration_ns: int) -> int:
    frames = duration_ns * group.profile.frames_per_s // S + 2
    counts = np.tile(_packet_counts(group.sizes), 2 + frames // group.profile.cycle)
    before = np.cumsum(counts, axis=1)
    return int((before[:, frames:] - before[:, :-frames]).max(axis=1).sum())


def _group(profile: Profile, streams: Array, generator: np.random.Generator) -> _Group:
    count = len(streams)
    places = (generator.permutation(count) + generator.random(count)) / count
    sizes = _frame_sizes(profile, count, generator)
    before = np.zeros((count, profile.cycle + 1), np.int64)
    np.cumsum(_packet_counts(sizes), axis=1, out=before[:, 1:])
    return _Group(
        profile,
        streams,
        phase_ns=(places * (S // profile.frames_per_s)).astype(np.int64),
        first_seq=generator.integers(0, 1 << 16, count),
        first_timestamp=generator.integers(0, 1 << 32, count),
        sizes=sizes,
        before=before,
    )


def _frame_sizes(profile: Profile, count: int, generator: np.random.Generator) -> Array:
    """Bytes of each stream's frames. Each stream starts at a random place between two key frames: if all sent their key
    frames at once, the
    load would come in bursts, which independent calls do not send."""
    spread = generator.uniform(1 - profile.size_spread, 1 + profile.size_spread, (count, profile.cycle))
    joined_at = generator.integers(0, profile.key_interval, count)
    is_key = (np.arange(profile.cycle) + joined_at[:, np.newaxis]) % profile.key_interval == 0
    sizes: Array = (profile.frame_bytes * spread * np.where(is_key, profile.key_factor, 1)).round().astype(np.int64)
    return sizes


def _packet_counts(sizes: Array) -> Array:
    counts: Array = -(-sizes // MAX_PAYLOAD)
    return counts


def _packets(group: _Group, start_ns: int, from_ns: int, to_ns: int) -> Array:
    """PACKET[n] due in the window, from all frames that may have a packet in it."""
    row, frame = _frames(group, from_ns - start_ns, to_ns - start_ns)
    sizes = group.sizes[row, frame % group.profile.cycle]
    counts = _packet_counts(sizes)
    part = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    row, frame, sizes, counts = (np.repeat(column, counts) for column in (row, frame, sizes, counts))
    frame_ns, next_ns = (_frame_ns(group.profile, number) for number in (frame, frame + 1))
    packets = np.empty(len(row), PACKET)
    packets["due_ns"] = start_ns + group.phase_ns[row] + frame_ns + (next_ns - frame_ns) * part // counts
    packets["stream"] = group.streams[row]
    cycles, position = np.divmod(frame, group.profile.cycle)
    packets["seq"] = group.first_seq[row] + cycles * group.before[row, -1] + group.before[row, position] + part
    ticks = group.profile.clock_hz // group.profile.frames_per_s
    packets["timestamp"] = (group.first_timestamp[row] + frame * ticks) & 0xFFFFFFFF
    packets["length"] = np.minimum(sizes - part * MAX_PAYLOAD, MAX_PAYLOAD)
    packets["marker"] = part == counts - 1 if group.profile.pictures else frame == 0
    due: Array = packets[(packets["due_ns"] >= from_ns) & (packets["due_ns"] < to_ns)]
    return due


def _frames(group: _Group, from_ns: int, to_ns: int) -> tuple[Array, Array]:
    """(row, frame number) of the frames of all streams that begin before `to_ns` and do not end before `from_ns`."""
    rate = group.profile.frames_per_s
    first = np.maximum((from_ns - group.phase_ns) * rate // S - 1, 0)
    end = np.maximum((to_ns - group.phase_ns) * rate // S + 1, first)
    counts = end - first
    row = np.repeat(np.arange(len(counts)), counts)
    frame = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts) + first[row]
    return row, frame


def _frame_ns(profile: Profile, frame: Array) -> Array:
    since: Array = frame * S // profile.frames_per_s
    return since
