"""Decoded sound and picture as a witness of interruptions: silences and freezes, compared with the packets' gaps. Pure.

The verdict stays with the packets. A decoder joins packets to frames, conceals, and starts with a key frame: what it
shows of a gap may be off by some frames, either way.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hostio.timing import MS, S
from relay_app.program_media import PROGRAM_MEDIA
from relay_app.streams import Stream
from results.metrics.analysis import Analysis, Evidence
from results.metrics.figures import WitnessRow
from results.metrics.streams import slices
from results.run_files.decoder_log import DecodedGap, DecodedMedia

OFF_NS = 60 * MS
"""By how much the length of a decoded gap may be off the packets' gap: three frames of sound, nearly two pictures."""

SHORTEST_NS = 200 * MS
"""Shortest gap of which a decoder is expected to show anything: it conceals some frames, and detectors need 100 ms."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A time without media, by packets or by a decoder, ns on one clock."""

    from_ns: int
    until_ns: int

    @property
    def length_ns(self) -> int:
        """Length, ns."""
        return self.until_ns - self.from_ns

    def meets(self, other: Gap) -> bool:
        """Whether both are of one time, but for OFF_NS at either end."""
        return self.from_ns - OFF_NS < other.until_ns and other.from_ns < self.until_ns + OFF_NS


def witness_rows(evidence: Evidence, analysis: Analysis) -> Iterator[WitnessRow]:
    """A row per stream of another program that was measured, in the order of the sessions."""
    packets = analysis.matched.packets
    for rows in slices(packets.stream):
        stream = analysis.matched.streams[packets.stream[rows.start]]
        if stream.media in PROGRAM_MEDIA:
            heard_ns = packets.received_ns[rows][packets.arrived_in(rows)]
            yield _row(stream, evidence.decoded.get(stream.ssrc), heard_ns, analysis)


def _row(
    stream: Stream, decoded: DecodedMedia | None, heard_ns: npt.NDArray[np.int64], analysis: Analysis
) -> WitnessRow:
    by_packets = [
        Gap(each.started_ns, each.ended_ns)
        for each in analysis.interruptions
        if each.stream.ssrc == stream.ssrc and len(heard_ns) and each.started_ns >= heard_ns.min()
    ]
    by_decoder = decoded_gaps(stream, decoded, heard_ns, analysis.end_ns)
    return WitnessRow(
        session=stream.session,
        source=stream.source,
        destination=stream.destination,
        media=stream.media,
        gaps_ms=[_ms(each) for each in by_packets],
        decoded_ms=None if by_decoder is None else [_ms(each) for each in by_decoder],
        furthest_off_ms=None if by_decoder is None else furthest_off_ms(by_packets, by_decoder),
        agrees=None if by_decoder is None else agree(by_packets, by_decoder),
    )


def decoded_gaps(
    stream: Stream, decoded: DecodedMedia | None, heard_ns: npt.NDArray[np.int64], end_ns: int
) -> list[Gap] | None:
    """The decoded gaps on the clock of the packets; None if they are not told.

    ffmpeg counts from the first packet. What GStreamer decoded begins with the first whole frame, and ends with the
    last packet.
    """
    if decoded is None or not len(heard_ns):
        return None
    if PROGRAM_MEDIA[stream.media].program == "ffmpeg":
        return [*_on_the_clock(decoded.gaps, int(heard_ns.min()), end_ns)]
    if decoded.length_s is None:
        return None
    return [*_on_the_clock(decoded.gaps, int(heard_ns.max()) - round(decoded.length_s * S), end_ns)]


def _on_the_clock(decoded: Sequence[DecodedGap], origin_ns: int, end_ns: int) -> Iterator[Gap]:
    """Decoded gaps on the clock of the packets, those that begin before the media end."""
    for each in decoded:
        until_ns = end_ns if each.until_s is None else origin_ns + round(each.until_s * S)
        gap = Gap(origin_ns + round(each.from_s * S), min(until_ns, end_ns))
        if gap.from_ns < end_ns - OFF_NS:
            yield gap


def agree(by_packets: Sequence[Gap], by_decoder: Sequence[Gap]) -> bool:
    """Whether each long gap of the packets was decoded as a gap of its length, and none was decoded without one."""
    seen = all(_off_ns(gap, by_decoder) <= OFF_NS for gap in by_packets if gap.length_ns >= SHORTEST_NS)
    founded = all(any(gap.meets(each) for each in by_packets) for gap in by_decoder if gap.length_ns >= SHORTEST_NS)
    return seen and founded


def _off_ns(gap: Gap, by_decoder: Sequence[Gap]) -> int:
    """By how much the decoded gaps at a gap of the packets are off its length; all of it if there is none."""
    return abs(gap.length_ns - sum(each.length_ns for each in by_decoder if each.meets(gap)))


def furthest_off_ms(by_packets: Sequence[Gap], by_decoder: Sequence[Gap]) -> float | None:
    """The largest difference in length, ms, of a long gap of the packets; None if there is none."""
    off = [_off_ns(gap, by_decoder) for gap in by_packets if gap.length_ns >= SHORTEST_NS]
    return round(max(off) / 1e6, 3) if off else None


def _ms(gap: Gap) -> float:
    return round(gap.length_ns / 1e6, 3)
