"""Figures of media: of all measured streams, or of a part of them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from results.metrics.absences import gave_up, longest_given_up_ms
from results.metrics.analysis import Analysis, Evidence
from results.metrics.delay import added_delays
from results.metrics.figure_types import LengthQuantiles, Quantiles
from results.metrics.figures import Media
from results.metrics.frame_figures import frame_figures
from results.metrics.group_figures import HIT_NS
from results.metrics.interruptions import Interruption
from results.metrics.matching import Ints
from results.metrics.order import order_figures
from results.metrics.quality_figures import (
    burst_figures,
    concealment_figures,
    dropped_calls,
    loss_derived_ms,
    loss_derived_ns,
    speech_quality,
    timer_figures,
)
from results.metrics.relay_figures import lengths_ms, quantile_ms
from results.metrics.speakers import outages_in_pauses, speaker_pauses
from results.metrics.streams import Floats, counts, latencies
from results.run_files.events import FaultEdge


def media_figures(evidence: Evidence, analysis: Analysis, *, sessions: int, directions: int, reroutes: int) -> Media:
    """The figures of an analysis; of how many sessions and streams, and how many reroutes moved any of them."""
    count = counts(analysis.matched.packets, analysis.fate)
    hit = len({each.stream.session for each in analysis.interruptions if each.length_ns >= HIT_NS})
    return Media(
        sessions=sessions,
        hit_sessions=hit,
        hit_percent=round(100 * hit / sessions, 3) if sessions else None,
        directions=directions,
        interrupted_directions=directions_of(analysis.interruptions),
        still_interrupted=directions_of(each for each in analysis.interruptions if each.still),
        interruptions=len(analysis.interruptions),
        interruption_ms=lengths_of(analysis.interruptions),
        loss_derived_ms=loss_derived_ms(losses_of(analysis, analysis.interruptions)),
        dropped_calls=(dropped := dropped_calls(analysis.interruptions)),
        dropped_calls_percent=round(100 * dropped / sessions, 3) if sessions else None,
        timers=timer_figures(analysis.interruptions),
        pauses=len(analysis.pauses),
        longest_pause_ms=round(max((each.length_ns for each in analysis.pauses), default=0) / 1e6, 3),
        speaker_pauses=len(speaker_pauses(analysis)[0]),
        outages_in_speaker_pauses=outages_in_pauses(evidence, analysis),
        resolution_ms=round(max(analysis.intervals.values()) / 1e6, 3) if analysis.intervals else None,
        recovery_lag_ms=_recovery_lag_ms(evidence, analysis),
        one_way_ms=quantiles_ms(latencies(analysis.matched.packets)),
        added_ms=quantiles_ms(added_delays(analysis, evidence.plan.topology)),
        jitter_ms=quantiles_ms(analysis.jitter_ns),
        sent=count.sent,
        received=count.received,
        lost=count.lost,
        in_flight=count.in_flight,
        duplicates=count.duplicates,
        collided=len(analysis.matched.collided.packet),
        loss_percent=None if count.loss is None else round(100 * count.loss, 4),
        order=order_figures(analysis.order),
        frames=frame_figures(analysis.frames),
        bursts=burst_figures(analysis.quality.bursts),
        concealment=concealment_figures(analysis.quality.concealment),
        quality=speech_quality(analysis.quality),
        gave_up=gave_up(analysis.absences),
        longest_given_up_ms=longest_given_up_ms(analysis.absences),
        reroutes=reroutes,
    )


def percentile(evidence: Evidence, analysis: Analysis, quantity: str, share: float) -> float | None:
    """A percentile of a quantity of which `Media` has some, by its name there; None without values."""
    order = analysis.order
    if quantity == "interruption_ms":
        values: Ints | Floats = np.array([each.length_ns for each in analysis.interruptions], np.int64)
    elif quantity == "loss_derived_ms":
        values = losses_of(analysis, analysis.interruptions)
    elif quantity == "one_way_ms":
        values = latencies(analysis.matched.packets)
    elif quantity == "added_ms":
        values = added_delays(analysis, evidence.plan.topology)
    elif quantity == "jitter_ms":
        values = analysis.jitter_ns
    elif quantity == "frames.freeze_ms":
        freezes = analysis.frames.freezes
        values = (freezes.until_ns - freezes.from_ns)[freezes.counted]
    elif quantity == "order.late_ms":
        values = order.late_ns[order.reordered]
    else:
        extents = order.extent[order.reordered]
        return round(float(np.quantile(extents, share)), 3) if len(extents) else None
    return quantile_ms(values, share)


def directions_of(interruptions: Iterable[Interruption]) -> int:
    """How many streams some interruptions are of."""
    return len({each.stream.ssrc for each in interruptions})


def lengths_of(interruptions: Sequence[Interruption]) -> LengthQuantiles:
    """Quantiles of their lengths, ms."""
    return lengths_ms(np.array([each.length_ns for each in interruptions], dtype=np.int64))


def losses_of(analysis: Analysis, interruptions: Sequence[Interruption]) -> Floats:
    """Lengths of interruptions by the loss method, ns."""
    streams = zip(analysis.matched.streams, analysis.quality.loss.packet_ns.tolist(), strict=True)
    return loss_derived_ns(interruptions, {stream.ssrc: packet_ns for stream, packet_ns in streams})


def quantiles_ms(values: Ints | Floats) -> Quantiles:
    """Quantiles of times in ns, as ms."""
    if not len(values):
        return Quantiles(None, None)
    return Quantiles(*(round(each / 1e6, 3) for each in np.quantile(values, (0.5, 0.99)).tolist()))


def _recovery_lag_ms(evidence: Evidence, analysis: Analysis) -> float | None:
    cleared = [edge.applied_last_ns for edge in evidence.of(FaultEdge) if edge.edge == "end"]
    if not cleared:
        return None
    restored_ns = max((each.ended_ns for each in analysis.interruptions), default=0)
    return round(max(0, restored_ns - max(cleared)) / 1e6, 3)
