"""The packets of streams that play a recording, and when each is due. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from relay_app.calls import ALWAYS, Span
from relay_app.media_profiles import Recording
from relay_app.packet_rows import PACKET

Array = npt.NDArray[Any]

_ENDLESS_NS = 1 << 60


@dataclass(frozen=True, slots=True)
class RecordedStreams:
    """The streams of one recording, a row each: the stream's index, when it begins and ends, ns, and its first sequence
    number. Numbers go on from packet to packet, whatever those of the capture were."""

    recording: Recording
    streams: Array
    begins_ns: Array
    ends_ns: Array
    first_seq: Array

    @classmethod
    def of(
        cls,
        recording: Recording,
        rows: Array,
        ssrcs: Sequence[int],
        generator: np.random.Generator,
        spans: Mapping[int, tuple[Span, ...]],
    ) -> RecordedStreams:
        """Streams whose beginnings are spread over a frame interval. `spans`: when each has packets, by SSRC."""
        count = len(rows)
        own = [spans.get(ssrc, ALWAYS) for ssrc in ssrcs]
        places = (generator.permutation(count) + generator.random(count)) / count
        phase_ns = (places * recording.interval_ns).astype(np.int64)
        begins_ns = np.array([each[0].from_ns for each in own], np.int64) + phase_ns
        ends_ns = np.array([min(each[-1].until_ns, _ENDLESS_NS) for each in own], np.int64)
        return cls(recording, rows, begins_ns, ends_ns, generator.integers(0, 1 << 16, count))

    def most(self, duration_ns: int) -> int:
        """An upper bound to the number of packets in any window of this length."""
        rounds = duration_ns // self.recording.period_ns + 2
        return len(self.streams) * min(
            rounds * len(self.recording.at_ns), round((duration_ns / 1e9 + 1) * self.recording.packets_per_s)
        )

    def packets(self, start_ns: int, from_ns: int, to_ns: int) -> Array:
        """PACKET[n] due at from_ns ≤ t < to_ns, of media that began at `start_ns`."""
        return np.concatenate(
            [
                np.empty(0, PACKET),
                *(self._packets_of(row, start_ns, from_ns, to_ns) for row in range(len(self.streams))),
            ]
        )

    def _packets_of(self, row: int, start_ns: int, from_ns: int, to_ns: int) -> Array:
        recording, begins_ns = self.recording, start_ns + int(self.begins_ns[row])
        at_ns = np.array(recording.at_ns, np.int64)
        until_ns = min(to_ns, start_ns + int(self.ends_ns[row]))
        first, end = (self._before(at_ns, at - begins_ns) for at in (from_ns, until_ns))
        number = np.arange(first, max(first, end))
        rounds, place = np.divmod(number, len(at_ns))
        packets = np.empty(len(number), PACKET)
        packets["due_ns"] = begins_ns + rounds * recording.period_ns + at_ns[place]
        packets["stream"] = self.streams[row]
        packets["seq"] = self.first_seq[row] + number
        stamps = np.array(recording.timestamps, np.int64)[place] + rounds * recording.period_ticks
        packets["timestamp"] = stamps & 0xFFFFFFFF
        for name, column in (
            ("length", recording.lengths),
            ("marker", recording.markers),
            ("payload_type", recording.payload_types_of),
        ):
            packets[name] = np.array(column)[place]
        packets["key"] = 0  # that is in the payload, which is not read
        return packets

    def _before(self, at_ns: Array, since_ns: int) -> int:
        """Packets that are due earlier than this after the beginning."""
        if since_ns <= 0:
            return 0
        rounds, rest_ns = divmod(since_ns, self.recording.period_ns)
        return rounds * len(at_ns) + int(np.searchsorted(at_ns, rest_ns))
