"""Bounds of the numbers of the media, of all of them and of parts. Pure.

A part has the bounds that it would have if it had been all the media: from the silences that are of its streams, and
the packets that are of its time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from results.bounds.absences import absence_bounds
from results.bounds.effects import CLOSE_NS, Effects
from results.bounds.frames import bounded_freezes, frame_bounds
from results.bounds.interval import UNBOUNDED, Interval, decided, exactly, finite
from results.bounds.latency import OF_LATENCY, Trips, latency_bounds, pause_bounds
from results.bounds.media import interruption_bounds
from results.bounds.order import order_bounds
from results.bounds.packets import Shift, packet_bounds, packet_shift
from results.bounds.quality import quality_bounds
from results.bounds.silences import BoundedSilences
from results.bounds.times import Quantiles
from results.metrics.analysis import Analysis, Evidence
from results.metrics.figures import Media
from results.metrics.matching import Flags
from results.metrics.media_figures import media_figures
from results.metrics.part_names import percentile_of
from results.metrics.parts import Parts, Window, singles, streams_of_part
from results.metrics.speakers import outages_in_pauses
from results.metrics.system_figures import RelayFigures
from results.run_files.plan import Part


@dataclass(frozen=True)  # without slots: cached properties need a place
class Disturbances:
    """What the bounds of any part are made of."""

    evidence: Evidence
    analysis: Analysis
    relays: Mapping[str, RelayFigures]
    found: BoundedSilences
    effects: Effects
    undoubted: BoundedSilences | None = None
    """Where there is a doubt, the silences without it, for what was over before it began."""

    @cached_property
    def trips(self) -> Trips:
        """Those of the analysis."""
        return Trips.of(self.evidence, self.analysis, self.effects)


def media_bounds(
    run: Disturbances,
    figures: Media,
    shift: Shift,
    more: Quantiles = (),
    within: Window | None = None,
    wanted: str | None = None,
) -> Iterator[dict[str, Interval]]:
    """Bounds of the numbers of `figures`, by their names in `media`, in several groups, and of `more` quantiles.

    `run`: with the streams that the figures are of. `within`: the time that they are of. `wanted`: the name of the only
    one that is asked for; groups that take long are then left out if it is of another.
    """
    evidence, analysis, effects = run.evidence, run.analysis, run.effects
    quantity = wanted and wanted.partition(".")[0]
    yield interruption_bounds(evidence, analysis, figures, run.found, effects, more)
    yield packet_bounds(figures, shift)
    yield pause_bounds(evidence, analysis, figures, effects)
    yield _speaker_bounds(evidence, analysis, figures)
    yield absence_bounds(evidence, analysis, figures, effects)
    if quantity in (None, "order"):
        yield order_bounds(evidence, analysis, effects, shift.either, more, within)
    if quantity in (None, *OF_LATENCY):
        yield latency_bounds(run.trips, analysis, effects, shift.either, more, within)
    if quantity in (None, "frames"):
        freezes = bounded_freezes(evidence, analysis, effects)
        yield frame_bounds(figures.frames, _touching(freezes, within) if within else freezes, effects, shift, more)
    if within is None:
        yield quality_bounds(run.trips, analysis, figures, run.found, effects, shift, more)
    else:
        timely = Parts(analysis).of(np.ones(len(analysis.matched.streams), bool), within)
        trips = Trips.of(evidence, timely, effects)
        yield quality_bounds(trips, timely, figures, run.found, effects, shift, more)


def _speaker_bounds(evidence: Evidence, analysis: Analysis, figures: Media) -> dict[str, Interval]:
    outages = (outages_in_pauses(evidence, analysis, margin_ns) for margin_ns in (CLOSE_NS, -CLOSE_NS))
    return {"speaker_pauses": exactly(figures.speaker_pauses), "outages_in_speaker_pauses": finite(*outages)}


def part_bounds(run: Disturbances, part: Part) -> Interval:
    """Bounds of a number of a part; of how many meet a condition if it has one."""
    parts, streams = Parts(run.analysis), run.analysis.matched.streams
    chosen, window = streams_of_part(streams, part), Window.of(part, run.analysis.start_ns)
    if part.condition is None:
        return _bounds(run, parts, chosen, window, part.figure)
    condition, met = part.condition, []
    for single in singles(streams, chosen, condition.of):
        interval = _bounds(run, parts, single, window, part.figure)
        met.append(decided(interval, condition.comparison, condition.value))
    least, most = met.count(True), len(met) - met.count(False)
    if condition.counted:
        return finite(least, most)
    return finite(100 * least / len(met), 100 * most / len(met)) if met else UNBOUNDED


def _bounds(run: Disturbances, parts: Parts, chosen: Flags, window: Window | None, figure: str) -> Interval:
    own = parts.of(chosen, window)
    figures = part_figures(run.evidence, own, chosen)
    found, effects = run.found.chosen(chosen[run.found.stream]), run.effects
    if window:
        found = _touching(found, window)
        if run.undoubted is not None and run.effects.doubt is not None:
            earlier = _touching(run.undoubted.chosen(chosen[run.undoubted.stream]), window)
            if _over_ns(own, earlier, window) < run.effects.doubt.from_ns:
                found, effects = earlier, replace(effects, doubt=None)
    whole = parts.of(chosen) if window else own
    mine = Disturbances(run.evidence, whole, run.relays, found, effects)
    shift = packet_shift(run.evidence, own, run.relays, found, effects)
    asked = percentile_of(figure)
    more = ((figure.removeprefix(f"{asked[0]}."), asked[1]),) if asked else ()
    groups = media_bounds(mine, figures, shift, more, window, figure)
    return next((group[figure] for group in groups if figure in group), UNBOUNDED)


def part_figures(evidence: Evidence, own: Analysis, chosen: Flags) -> Media:
    """The figures of a part; `chosen`: its streams."""
    sessions = {each.session for each, mine in zip(own.matched.streams, chosen, strict=True) if mine}
    directions = int(np.count_nonzero(chosen))
    return media_figures(evidence, own, sessions=len(sessions), directions=directions, reroutes=0)


def _touching(found: BoundedSilences, window: Window) -> BoundedSilences:
    """The silences that can touch a time; those that certainly do stay counted.

    What made the packet before one late can have begun it earlier, by no more than it can have been longer.
    """
    longer_ns = found.most_ns - (found.until_ns - found.from_ns)
    begun_ns = found.from_ns - np.maximum(longer_ns, 0.0)
    can = (begun_ns < window.until_ns) & (found.from_ns + found.most_ns > window.from_ns)
    does = (found.from_ns < window.until_ns) & (begun_ns + found.least_ns > window.from_ns)
    return replace(found, counted=found.counted & does, still=found.still & does).chosen(can)


def _over_ns(own: Analysis, found: BoundedSilences, window: Window) -> float:
    """When all of a time was over: its packets heard or lost, and the silences that touch it ended, ns."""
    packets = own.matched.packets
    transit_ns = int((packets.received_ns - packets.sent_ns)[packets.arrived].max(initial=0))
    heard_ns = max(window.until_ns + transit_ns, int(packets.received_ns.max(initial=0)))
    frozen_ns = int(own.frames.freezes.until_ns.max(initial=0))
    return max(float(heard_ns), float(frozen_ns), float((found.from_ns + found.most_ns).max(initial=0.0)))
