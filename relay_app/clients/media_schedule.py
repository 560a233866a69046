"""The RTP packets of a client's streams and when each is due: a pure function of streams, their spans, seed and start.

A stream of a profile is a series of frames at a fixed rate; a frame is one or more packets. Frame sizes repeat in a
cycle, so the sequence number of any frame is known without computing the frames before it: a schedule can be computed
in chunks, and the result does not depend on their size. Frames outside of a stream's spans are not sent: they leave no
gap in the sequence numbers, and their time in the timestamps (RFC 3550 §5.1).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from relay_app.calls import ALWAYS, Span
from relay_app.clients.frame_runs import Runs, runs_of
from relay_app.clients.recorded_streams import RecordedStreams
from relay_app.media_profiles import MAX_PAYLOAD, NOISE_PAYLOAD_TYPE, PROFILES, Media, Profile, Recording
from relay_app.packet_rows import PACKET
from relay_app.streams import Stream

Array = npt.NDArray[Any]

_NOISE_BYTES = 1
"""The noise level alone (RFC 3389 §3.1)."""

_NO_SPANS: Mapping[int, tuple[Span, ...]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class _Group:
    """The streams of one profile. Arrays have a row per stream; `sizes`, `key` and `before` a column per frame of the
    cycle.

    `before` counts the packets of the cycle ahead of a frame; its extra last column those of the whole cycle. `runs`:
    the frames that are sent.
    """

    profile: Profile
    streams: Array
    first_seq: Array
    first_timestamp: Array
    sizes: Array
    key: Array
    before: Array
    runs: Runs


class Schedule:
    """All packets of some streams from `start_ns` on; their phases are spread over a frame interval.

    `spans`: when streams have packets, by SSRC; the others have them all the time, without end. `media`: what the
    streams' media are, by name.
    """

    def __init__(
        self,
        streams: Sequence[Stream],
        seed: int,
        start_ns: int,
        spans: Mapping[int, tuple[Span, ...]] = _NO_SPANS,
        media: Mapping[str, Media] = PROFILES,
    ) -> None:
        self._start_ns = start_ns
        names = np.array([stream.media for stream in streams], dtype=object)
        entropy = [seed, *(stream.ssrc for stream in streams)]
        self._groups: list[_Group] = []
        self._recorded: list[RecordedStreams] = []
        for index, (name, each) in enumerate(media.items()):
            rows = np.flatnonzero(names == name)
            generator = np.random.default_rng([*entropy, index])
            if not len(rows):
                continue
            if isinstance(each, Recording):
                ssrcs = [streams[row].ssrc for row in rows.tolist()]
                self._recorded.append(RecordedStreams.of(each, rows, ssrcs, generator, spans))
            else:
                self._groups.append(_group(each, streams, rows, generator, seed, spans))

    def window(self, from_ns: int, to_ns: int) -> Array:
        """PACKET[n] due at from_ns ≤ t < to_ns, ordered by due time, stream and sequence number."""
        return self._of(self._groups, self._recorded, from_ns, to_ns)

    def pictures(self, from_ns: int, to_ns: int) -> Array:
        """The same of the streams alone whose frames are pictures."""
        groups = [group for group in self._groups if group.profile.pictures]
        return self._of(groups, [each for each in self._recorded if each.recording.pictures], from_ns, to_ns)

    def _of(self, groups: list[_Group], recorded: list[RecordedStreams], from_ns: int, to_ns: int) -> Array:
        parts = [_packets(group, self._start_ns, from_ns, to_ns) for group in groups]
        played = [each.packets(self._start_ns, from_ns, to_ns) for each in recorded]
        packets = np.concatenate([np.empty(0, PACKET), *parts, *played])
        ordered: Array = packets[np.lexsort((packets["seq"], packets["stream"], packets["due_ns"]))]
        return ordered

    def most(self, duration_ns: int) -> int:
        """An upper bound to the number of packets in any window of this length."""
        recorded = sum(each.most(duration_ns) for each in self._recorded)
        return recorded + sum(_most(group, duration_ns) for group in self._groups)


def _most(group: _Group, duration_ns: int) -> int:
    frames = duration_ns * group.profile.frames // group.profile.per_ns + 2
    counts = np.tile(_packet_counts(group.sizes), 2 + frames // group.profile.cycle)
    before = np.cumsum(counts, axis=1)
    return int((before[:, frames:] - before[:, :-frames]).max(axis=1).sum())


def _group(
    profile: Profile,
    streams: Sequence[Stream],
    rows: Array,
    generator: np.random.Generator,
    seed: int,
    spans: Mapping[int, tuple[Span, ...]],
) -> _Group:
    count, ssrcs = len(rows), [streams[row].ssrc for row in rows.tolist()]
    places = (generator.permutation(count) + generator.random(count)) / count
    sizes, key = _frame_sizes(profile, count, generator)
    before = np.zeros((count, profile.cycle + 1), np.int64)
    np.cumsum(_packet_counts(sizes), axis=1, out=before[:, 1:])
    phase_ns = (places * (profile.per_ns // profile.frames)).astype(np.int64)
    of_rows = [(ssrc, int(phase), spans.get(ssrc, ALWAYS)) for ssrc, phase in zip(ssrcs, phase_ns, strict=True)]
    return _Group(
        profile,
        rows,
        first_seq=generator.integers(0, 1 << 16, count),
        first_timestamp=generator.integers(0, 1 << 32, count),
        sizes=sizes,
        key=key,
        before=before,
        runs=runs_of(of_rows, profile, seed),
    )


def _frame_sizes(profile: Profile, count: int, generator: np.random.Generator) -> tuple[Array, Array]:
    """Bytes of each stream's frames, and which of them are key frames.

    Each stream starts at a random place between two key frames: if all sent their key frames at once, the load would
    come in bursts, which independent calls do not send.
    """
    spread = generator.uniform(1 - profile.size_spread, 1 + profile.size_spread, (count, profile.cycle))
    joined_at = generator.integers(0, profile.key_interval, count)
    is_key = (np.arange(profile.cycle) + joined_at[:, np.newaxis]) % profile.key_interval == 0
    sizes: Array = (profile.frame_bytes * spread * np.where(is_key, profile.key_factor, 1)).round().astype(np.int64)
    return sizes, is_key & (profile.key_interval > 1)


def _packet_counts(sizes: Array) -> Array:
    counts: Array = -(-sizes // MAX_PAYLOAD)
    return counts


def _packets(group: _Group, start_ns: int, from_ns: int, to_ns: int) -> Array:
    """PACKET[n] due in the window, from all frames that may have a packet in it."""
    run, number = _frames(group, from_ns - start_ns, to_ns - start_ns)
    runs, profile = group.runs, group.profile
    row, noise = runs.row[run], runs.noise[run]
    cycles, position = np.divmod(runs.base[run] + number, profile.cycle)
    sizes = np.where(noise, _NOISE_BYTES, group.sizes[row, position])
    counts = _packet_counts(sizes)
    part = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    seq = group.first_seq[row] + cycles * group.before[row, -1] + group.before[row, position] + runs.seq_offset[run]
    frame = runs.first[run] + number * runs.step[run]
    ticks, intervals = profile.ticks
    timestamp = group.first_timestamp[row] + runs.timestamp_offset[run] + frame * ticks // intervals
    opens = (number == 0) & ~noise
    key = group.key[row, position]
    row, phase_ns, frame, sizes, noise, seq, timestamp, opens, key, counts = (
        np.repeat(each, counts)
        for each in (row, runs.phase_ns[run], frame, sizes, noise, seq, timestamp, opens, key, counts)
    )
    frame_ns, next_ns = (_frame_ns(profile, number) for number in (frame, frame + 1))
    paced_ns = 0 if profile.line_rate else (next_ns - frame_ns) * part // counts
    packets = np.empty(len(row), PACKET)
    packets["due_ns"] = start_ns + phase_ns + frame_ns + paced_ns
    packets["stream"] = group.streams[row]
    packets["seq"] = seq + part
    packets["timestamp"] = timestamp & 0xFFFFFFFF
    packets["length"] = np.minimum(sizes - part * MAX_PAYLOAD, MAX_PAYLOAD)
    packets["marker"] = part == counts - 1 if profile.pictures else opens
    packets["key"] = key
    packets["payload_type"] = np.where(noise, NOISE_PAYLOAD_TYPE, profile.payload_type)
    due: Array = packets[(packets["due_ns"] >= from_ns) & (packets["due_ns"] < to_ns)]
    return due


def _frames(group: _Group, from_ns: int, to_ns: int) -> tuple[Array, Array]:
    """(run, number in it) of the frames of all runs that begin before `to_ns` and do not end before `from_ns`."""
    frames, per_ns, runs = group.profile.frames, group.profile.per_ns, group.runs
    first = np.maximum((from_ns - runs.phase_ns) * frames // per_ns - 1, 0)
    end = np.maximum((to_ns - runs.phase_ns) * frames // per_ns + 1, first)
    low, high = (np.clip(-((runs.first - frame) // runs.step), 0, runs.frames) for frame in (first, end))
    counts = high - low
    run = np.repeat(np.arange(len(counts)), counts)
    number = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts) + low[run]
    return run, number


def _frame_ns(profile: Profile, frame: Array) -> Array:
    since: Array = frame * profile.per_ns // profile.frames
    return since
