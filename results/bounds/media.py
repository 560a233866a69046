"""Bounds of the figures of interruptions. Pure; times in ns, results in the metrics' units."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from results.bounds.effects import Effects
from results.bounds.interval import UNBOUNDED, Interval, finite, spanning
from results.bounds.quantiles import quantile_of_some
from results.bounds.silences import BoundedSilences
from results.bounds.times import LENGTH_QUANTILES, Quantiles
from results.metrics.analysis import Analysis, Evidence
from results.metrics.figures import GroupRow, Media, PairRow
from results.metrics.group_figures import HIT_NS
from results.metrics.matching import Flags
from results.run_files.events import FaultEdge

_MS = 1e6
_INF = float("inf")


def interruption_bounds(
    evidence: Evidence,
    analysis: Analysis,
    figures: Media,
    found: BoundedSilences,
    effects: Effects,
    more: Quantiles = (),
) -> dict[str, Interval]:
    """Bounds of the numbers of `media` that interruptions determine, by their names there, and of `more` quantiles."""
    return {
        **_of_sessions(analysis, figures, found, effects),
        **_of_directions(analysis, figures, found, effects),
        **{f"interruption_ms.{name}": each for name, each in length_bounds(found, effects, more).items()},
        "recovery_lag_ms": _recovery_lag(evidence, figures, found),
    }


def length_bounds(found: BoundedSilences, effects: Effects, more: Quantiles = ()) -> dict[str, Interval]:
    """Bounds of median, 99th percentile and longest of the interruptions among some silences, and of `more`, ms."""
    quantiles = (*LENGTH_QUANTILES, *more)
    apart, joined = (
        {name: _quantile(each, share) for name, share in quantiles} for each in (found, found.joined(effects))
    )
    bounds = {name: spanning(apart[name], joined[name]) for name, _ in quantiles}
    if effects.doubt is None:
        return bounds
    # There can have been any further ones: short ones lower the quantiles, but not the longest.
    return {name: Interval(bounds[name].low if share == 1.0 else 0.0, None) for name, share in quantiles}


def _quantile(found: BoundedSilences, share: float) -> Interval:
    return quantile_of_some(found.least_ns / _MS, found.most_ns / _MS, found.certain, share)


def _of_sessions(analysis: Analysis, figures: Media, found: BoundedSilences, effects: Effects) -> dict[str, Interval]:
    hit = _hit(analysis, figures.sessions, found, effects)
    if not figures.sessions or hit.low is None or hit.high is None:
        return {"hit_sessions": hit, "hit_percent": UNBOUNDED}
    share = 100 / figures.sessions
    return {"hit_sessions": hit, "hit_percent": finite(share * hit.low, share * hit.high)}


def _hit(analysis: Analysis, sessions: int, found: BoundedSilences, effects: Effects) -> Interval:
    """Bounds of the number of hit sessions among those of some silences; all of `sessions` if there is a doubt."""
    session = np.array([each.session for each in analysis.matched.streams], dtype=object)[found.stream]
    least = len(set(session[found.certain & (found.least_ns >= HIT_NS)]))
    most = len(set(session[found.most_ns >= HIT_NS])) if effects.doubt is None else sessions
    return finite(least, most)


def _of_directions(analysis: Analysis, figures: Media, found: BoundedSilences, effects: Effects) -> dict[str, Interval]:
    def directions(rows: Flags) -> int:
        return len(np.unique(found.stream[rows]))

    known = effects.doubt is None
    length_ns = found.until_ns - found.from_ns
    # A silence at the media end: had anything held it up, it might have ended before.
    undisturbed = length_ns - found.least_ns <= effects.noise_ns(found.from_ns, found.until_ns)
    late_to_end = found.counted & (found.from_ns + found.most_ns > analysis.end_ns)
    interrupted = directions(found.possible) if known else figures.directions
    still = directions(found.still | late_to_end) if known else figures.directions
    return {
        "interruptions": finite(int(found.joined(effects).certain.sum()), len(found.stream) if known else _INF),
        "interrupted_directions": finite(directions(found.certain), interrupted),
        "still_interrupted": finite(directions(found.still & undisturbed), still),
    }


def _recovery_lag(evidence: Evidence, figures: Media, found: BoundedSilences) -> Interval:
    cleared = [edge.applied_last_ns for edge in evidence.of(FaultEdge) if edge.edge == "end"]
    if figures.recovery_lag_ms is None or not cleared:
        return UNBOUNDED
    least_ns = (found.from_ns + found.least_ns)[found.certain].max(initial=0.0) - max(cleared)
    most_ns = (found.from_ns + found.most_ns).max(initial=0.0) - max(cleared)
    return finite(max(0.0, float(least_ns) / _MS), max(0.0, float(most_ns) / _MS))


def pair_bounds(
    analysis: Analysis, pairs: list[PairRow], found: BoundedSilences, effects: Effects
) -> Iterator[tuple[str, Interval]]:
    """Bounds of the lengths of interruptions of each pair of clusters, by path in the summary."""
    streams = analysis.matched.streams
    for number, row in enumerate(pairs):
        mine = np.array([(each.source, each.destination) == (row.source, row.destination) for each in streams], bool)
        for name, interval in length_bounds(found.chosen(mine[found.stream]), effects).items():
            yield f"pairs.{number}.interruption_ms.{name}", interval


def group_bounds(
    analysis: Analysis, groups: list[GroupRow], found: BoundedSilences, effects: Effects
) -> Iterator[tuple[str, Interval]]:
    """Bounds of the longest interruption and of the hit sessions of each group, by path in the summary."""
    streams = analysis.matched.streams
    for number, row in enumerate(groups):
        mine = np.array([each.group == row.name for each in streams], bool)
        own = found.chosen(mine[found.stream])
        yield f"groups.{number}.longest_ms", length_bounds(own, effects)["max"]
        yield f"groups.{number}.hit", _hit(analysis, row.sessions, own, effects)
