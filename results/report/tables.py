"""The tables of a report: interruptions and streams. Pure."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, TypeVar

import numpy as np

from relay_app.streams import Stream
from results.metrics.analysis import Analysis
from results.metrics.e_model import FULLBAND_SCALE, mos
from results.metrics.frame_figures import frame_figures
from results.metrics.interruptions import Interruption, Pause
from results.metrics.media_figures import losses_of
from results.metrics.order import Order
from results.metrics.paths import relays_passed, tells_route
from results.metrics.quality import Quality
from results.metrics.quality_figures import burst_figures, concealment_figures
from results.metrics.speakers import speaker_pauses
from results.metrics.streams import slices, stream_metrics
from results.run_files.plan import Plan
from topologies.model import route_name


@dataclass(frozen=True, slots=True)
class InterruptionRow:
    """A line of `interruptions.csv`; its fields are the columns. `resumed_via`: empty if still interrupted."""

    session: str
    source: str
    destination: str
    ssrc: str
    started_at_s: float
    length_ms: float
    packets_lost: int
    still_interrupted: bool
    resumed_via: str
    loss_derived_ms: float


def interruption_rows(analysis: Analysis, plan: Plan) -> Iterator[InterruptionRow]:
    """A row per interruption, in order of start; the SSRC in hexadecimal, as Wireshark shows it."""
    losses_ns = losses_of(analysis, analysis.interruptions).tolist()
    for each, by_loss_ns in zip(analysis.interruptions, losses_ns, strict=True):
        yield InterruptionRow(
            session=each.stream.session,
            source=each.stream.source,
            destination=each.stream.destination,
            ssrc=_ssrc(each.stream),
            started_at_s=analysis.seconds(each.started_ns),
            length_ms=round(each.length_ns / 1e6, 3),
            packets_lost=each.packets_lost,
            still_interrupted=each.still,
            resumed_via=_resumed_via(each, plan),
            loss_derived_ms=round(by_loss_ns / 1e6, 3),
        )


@dataclass(frozen=True, slots=True)
class StreamRow:
    """A line of `streams.csv`; its fields are the columns. Empty: not measured."""

    session: str
    source: str
    destination: str
    ssrc: str
    sent: int
    received: int
    lost: int
    duplicates: int
    reordered: int
    largest_extent: int
    n_reordering: int
    latest_ms: float
    after_gap: int
    one_way_p50_ms: float | None
    one_way_p99_ms: float | None
    jitter_ms: float | None
    interruptions: int
    interrupted_ms: float
    pauses: int
    longest_pause_ms: float
    speaker_pauses: int
    speaker_paused_ms: float
    frames: int
    frames_whole: int
    frames_lost: int
    key_frames: int
    key_frames_lost: int
    freezes: int
    frozen_ms: float
    longest_freeze_ms: float
    bursts: int
    burst_ms: float | None
    longest_burst_ms: float
    burst_density_percent: float | None
    gap_ms: float | None
    gap_density_percent: float | None
    seconds: int
    concealed_seconds: int
    severely_concealed_seconds: int
    narrowband_r: float | None
    narrowband_mos: float | None
    fullband_r: float | None
    fullband_mos: float | None


def stream_rows(analysis: Analysis) -> Iterator[StreamRow]:
    """A row per stream, in the order of the sessions.

    `interrupted_ms`, `speaker_paused_ms`: sums over its interruptions and its speaker's pauses. `largest_extent`,
    `latest_ms`: of its packets out of order, 0 if there were none (`results.metrics.order`). From `frames` on: of video
    (`results.metrics.frames`). From `bursts` on: as in the summary (`results.metrics.quality_types`).
    """
    orders = _orders_by_ssrc(analysis)
    paused, paused_ns = speaker_pauses(analysis)
    speakers, streams = analysis.matched.packets.stream[paused], analysis.matched.streams
    counts, sums_ns = (np.bincount(speakers, weights, len(streams)) for weights in (None, paused_ns))
    index_of = {stream.ssrc: index for index, stream in enumerate(streams)}
    lengths_of, pauses_of = _lengths_by_ssrc(analysis.interruptions), _lengths_by_ssrc(analysis.pauses)
    ratings = [*_ratings(analysis.quality)]
    no_frames = frame_figures(analysis.frames.chosen(slice(0), slice(0)))
    with_frames = {*np.concatenate([analysis.frames.stream, analysis.frames.freezes.stream]).tolist()}
    for each in stream_metrics(analysis.matched, analysis.fate, analysis.jitter_ns):
        lengths, pauses = lengths_of[each.stream.ssrc], pauses_of[each.stream.ssrc]
        order = orders.get(each.stream.ssrc, analysis.order.chosen(slice(0)))
        index = index_of[each.stream.ssrc]
        frames = frame_figures(analysis.frames.of_stream(index)) if index in with_frames else no_frames
        yield StreamRow(
            session=each.stream.session,
            source=each.stream.source,
            destination=each.stream.destination,
            ssrc=_ssrc(each.stream),
            sent=each.counts.sent,
            received=each.counts.received,
            lost=each.counts.lost,
            duplicates=each.counts.duplicates,
            reordered=int(np.count_nonzero(order.reordered)),
            largest_extent=int(order.extent.max(initial=0)),
            n_reordering=int(order.degree.max(initial=0)),
            latest_ms=round(int(order.late_ns.max(initial=0)) / 1e6, 3),
            after_gap=int(np.count_nonzero(order.after_gap)),
            one_way_p50_ms=_ms(each.latency_p50_ns),
            one_way_p99_ms=_ms(each.latency_p99_ns),
            jitter_ms=_ms(each.jitter_ns),
            interruptions=len(lengths),
            interrupted_ms=round(sum(lengths) / 1e6, 3),
            pauses=len(pauses),
            longest_pause_ms=round(max(pauses, default=0) / 1e6, 3),
            speaker_pauses=int(counts[index]),
            speaker_paused_ms=round(float(sums_ns[index]) / 1e6, 3),
            frames=frames.sent,
            frames_whole=frames.whole,
            frames_lost=frames.lost,
            key_frames=frames.key_sent,
            key_frames_lost=frames.key_lost,
            freezes=frames.freezes,
            frozen_ms=frames.frozen_ms,
            longest_freeze_ms=frames.freeze_ms.max or 0.0,
            **_quality(analysis.quality.of_stream(index)),
            **ratings[index],
        )


def _quality(quality: Quality) -> dict[str, Any]:
    """The columns from `bursts` to the ratings, of one stream."""
    bursts, seconds = burst_figures(quality.bursts), concealment_figures(quality.concealment)
    return {
        "bursts": bursts.number,
        "burst_ms": bursts.mean_ms,
        "longest_burst_ms": bursts.longest_ms,
        "burst_density_percent": bursts.density_percent,
        "gap_ms": bursts.gap_mean_ms,
        "gap_density_percent": bursts.gap_density_percent,
        "seconds": seconds.seconds,
        "concealed_seconds": seconds.concealed,
        "severely_concealed_seconds": seconds.severely_concealed,
    }


def _ratings(quality: Quality) -> Iterator[dict[str, Any]]:
    """The columns of the ratings, stream by stream; None of one without packets."""
    narrowband_r, fullband_r = quality.narrowband_r, quality.fullband_r
    rated = {
        "narrowband_r": narrowband_r,
        "narrowband_mos": mos(narrowband_r),
        "fullband_r": fullband_r,
        "fullband_mos": mos(fullband_r / FULLBAND_SCALE),
    }
    rows = zip(*(column.tolist() for column in rated.values()), strict=True)
    for packets in quality.loss.packets.tolist():
        row = next(rows) if packets else (None,) * len(rated)
        yield {name: None if each is None else round(each, 3) for name, each in zip(rated, row, strict=True)}


def _lengths_by_ssrc(silences: Iterable[Interruption | Pause]) -> defaultdict[int, list[int]]:
    found: defaultdict[int, list[int]] = defaultdict(list)
    for each in silences:
        found[each.stream.ssrc].append(each.length_ns)
    return found


def _orders_by_ssrc(analysis: Analysis) -> Mapping[int, Order]:
    """The packets that arrived of each stream of which any did."""
    stream = analysis.matched.packets.stream[analysis.order.packet]
    streams = analysis.matched.streams
    return {streams[stream[rows.start]].ssrc: analysis.order.chosen(rows) for rows in slices(stream)}


Row = TypeVar("Row", InterruptionRow, StreamRow)


def table_csv(of: type[Row], rows: Iterator[Row]) -> str:
    """Rows as CSV text, the names of the columns first."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    columns = [field.name for field in fields(of)]
    writer.writerow(columns)
    writer.writerows([_cell(getattr(row, column)) for column in columns] for row in rows)
    return text.getvalue()


def _ssrc(stream: Stream) -> str:
    return f"0x{stream.carried_ssrc:08x}"


def _ms(value_ns: float | None) -> float | None:
    return None if value_ns is None else round(value_ns / 1e6, 3)


def _cell(value: object) -> object:
    """Booleans in lower case, as pandas, R and SQL readers of CSV parse them; others unchanged."""
    return str(value).lower() if isinstance(value, bool) else value


def _resumed_via(interruption: Interruption, plan: Plan) -> str:
    if interruption.still:
        return ""
    stream = interruption.stream
    passed = relays_passed(interruption.resumed_path, plan.topology, (stream.source, stream.destination))
    return route_name(passed if tells_route(plan, stream) else None)
