"""Bounds of bursts, concealed seconds, speech quality, client timers and dropped calls. Pure; times in ns.

What a packet of another fate changes is one second, one burst, and the loss of one stream. Lengths of bursts and gaps
are known only if no packet can have had another fate.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from results.bounds.effects import NOISE_NS, Effects
from results.bounds.interval import UNBOUNDED, Interval, around, exactly, finite
from results.bounds.latency import Trips
from results.bounds.packets import Shift
from results.bounds.silences import BoundedSilences
from results.bounds.times import LENGTH_QUANTILES, Quantiles
from results.metrics.analysis import Analysis
from results.metrics.e_model import burst_ratio, fullband_r, narrowband_r
from results.metrics.figures import GroupRow, Media
from results.metrics.matching import Flags, Ints
from results.metrics.media_figures import losses_of
from results.metrics.quality_figures import DROPPED_NS, OF_SESSIONS, TIMERS_NS, quality_of_ratings
from results.metrics.quality_types import BurstFigures, ConcealmentFigures, SpeechQuality
from results.metrics.streams import Floats, quantile

_MS = 1e6


def quality_bounds(
    trips: Trips,
    analysis: Analysis,
    figures: Media,
    found: BoundedSilences,
    effects: Effects,
    shift: Shift,
    more: Quantiles = (),
) -> dict[str, Interval]:
    """Bounds of these numbers of `media`, by their names there, and of `more` quantiles."""
    long = _Long.of(analysis, found, effects)
    dropped = long.bounds(DROPPED_NS, figures.sessions, of_sessions=True)
    return {
        **_bursts(figures.bursts, shift),
        **_concealment(figures.concealment, shift),
        **_quality(trips, analysis, found, effects, shift),
        **{f"loss_derived_ms.{name}": each for name, each in _lengths_by_loss(analysis, found, effects, more).items()},
        **_timers(figures, long),
        "dropped_calls": dropped,
        "dropped_calls_percent": _percent(dropped, figures.sessions),
    }


def dropped_calls_of_groups(
    analysis: Analysis, groups: Sequence[GroupRow], found: BoundedSilences, effects: Effects
) -> Iterator[tuple[str, Interval]]:
    """Bounds of the dropped calls of each group, by path in the summary."""
    for number, row in enumerate(groups):
        mine = np.array([each.group == row.name for each in analysis.matched.streams], bool)
        own = found.chosen(mine[found.stream])
        dropped = _Long.of(analysis, own, effects).bounds(DROPPED_NS, row.sessions, of_sessions=True)
        yield f"groups.{number}.dropped_calls", dropped


def _sessions(analysis: Analysis) -> Ints:
    """The number of the session of each stream."""
    names = [each.session for each in analysis.matched.streams]
    number = {name: at for at, name in enumerate(dict.fromkeys(names))}
    return np.array([number[name] for name in names], np.int64)


def _timers(figures: Media, long: _Long) -> dict[str, Interval]:
    return {
        f"timers.{name}": long.bounds(after_ns, figures.sessions, of_sessions=True)
        if name in OF_SESSIONS
        else long.bounds(after_ns, figures.directions)
        for name, after_ns in TIMERS_NS.items()
    }


@dataclass(frozen=True, slots=True, eq=False)
class _Long:
    """Silences by what they belong to, apart and joined. `session`: of each stream."""

    session: Ints
    found: BoundedSilences
    joined: BoundedSilences
    doubted: bool

    @classmethod
    def of(cls, analysis: Analysis, found: BoundedSilences, effects: Effects) -> _Long:
        return cls(_sessions(analysis), found, found.joined(effects), effects.doubt is not None)

    def bounds(self, after_ns: int, every: int, *, of_sessions: bool = False) -> Interval:
        """Bounds of how many sessions, or streams, of all there are, had a silence of `after_ns` or more."""
        least = self.found.stream[self.found.certain & (self.found.least_ns >= after_ns)]
        most = self.joined.stream[self.joined.most_ns >= after_ns]
        count = [len(np.unique(self.session[rows] if of_sessions else rows)) for rows in (least, most)]
        return finite(count[0], every if self.doubted else count[1])


def _percent(count: Interval, every: int) -> Interval:
    if not every or count.low is None or count.high is None:
        return UNBOUNDED
    return finite(100 * count.low / every, 100 * count.high / every)


def _bursts(figures: BurstFigures, shift: Shift) -> dict[str, Interval]:
    names = ("mean_ms", "longest_ms", "density_percent", "gap_mean_ms", "gap_density_percent")
    known = not shift.either
    return {
        "bursts.number": around(figures.number, shift.either, shift.either),
        **{f"bursts.{name}": exactly(getattr(figures, name)) if known else UNBOUNDED for name in names},
    }


def _concealment(figures: ConcealmentFigures, shift: Shift) -> dict[str, Interval]:
    """A packet is of one second, which it can have made or left concealed."""
    bounds = {"concealment.seconds": exactly(figures.seconds)}
    for name in ("concealed", "severely_concealed"):
        count = getattr(figures, name)
        known = finite(max(0.0, count - shift.fewer), min(float(figures.seconds), count + shift.more))
        bounds[f"concealment.{name}"] = known
        bounds[f"concealment.{name}_percent"] = _percent(known, figures.seconds)
    return bounds


def _lengths_by_loss(
    analysis: Analysis, found: BoundedSilences, effects: Effects, more: Quantiles
) -> Mapping[str, Interval]:
    """As far as the packets of any of the silences can have had another fate; if another can have been one, unknown."""
    quantiles = (*LENGTH_QUANTILES, *more)
    values_ns = losses_of(analysis, analysis.interruptions)
    sure = effects.doubt is None and found.certain.all() and len(found.joined(effects).stream) == len(values_ns)
    if not sure or not len(found.stream):
        return {name: Interval(0.0, 0.0 if sure else None) for name, _ in quantiles}
    fewer, added = _changed(found)
    packet_ns = analysis.quality.loss.packet_ns[found.stream]
    less_ms, more_ms = (float((each * packet_ns).max()) / _MS for each in (fewer, added))
    return {name: around((quantile(values_ns, share) or 0.0) / _MS, less_ms, more_ms) for name, share in quantiles}


def _changed(found: BoundedSilences) -> tuple[Floats, Floats]:
    """How many packets fewer, and more, each silence can have cost."""
    length_ns = found.until_ns - found.from_ns
    return (length_ns - found.least_ns) // found.interval_ns, (found.most_ns - length_ns) // found.interval_ns


@dataclass(frozen=True, slots=True, eq=False)
class _Changes:
    """Of each stream, how many packets fewer and more can have been lost."""

    fewer: Floats
    more: Floats

    @classmethod
    def of(cls, found: BoundedSilences, shift: Shift, streams: int) -> _Changes:
        """Those of the silences of each stream; what relays chose by chance can have been of any."""
        (fewer, more) = (_of_streams(each, found, streams) for each in _changed(found))
        anywhere = max(0.0, shift.fewer - float(fewer.sum())), max(0.0, shift.more - float(more.sum()))
        return cls(fewer + anywhere[0], more + anywhere[1])


def _of_streams(values: Floats, found: BoundedSilences, streams: int) -> Floats:
    sums: Floats = np.bincount(found.stream, values, streams).astype(np.float64)
    return sums


def _quality(
    trips: Trips,
    analysis: Analysis,
    found: BoundedSilences,
    effects: Effects,
    shift: Shift,
) -> dict[str, Interval]:
    ratings = ("narrowband_r", "narrowband_mos", "fullband_r", "fullband_mos")
    names = [(rating, which) for rating in ratings for which in ("p50", "min")]
    rated = analysis.quality.loss.packets > 0
    if effects.doubt is not None or not rated.any():
        return {f"quality.{rating}.{which}": UNBOUNDED for rating, which in names}
    changes = _Changes.of(found, shift, len(rated))
    worst, best = _extremes(analysis, changes, _delays_ms(trips, analysis, changes), rated)
    return {
        f"quality.{rating}.{which}": finite(
            *(getattr(getattr(each, rating), which) for each in (worst, best)),
        )
        for rating, which in names
    }


def _extremes(
    analysis: Analysis, changes: _Changes, delays_ms: tuple[Floats, Floats], rated: Flags
) -> tuple[SpeechQuality, SpeechQuality]:
    """The figures with the most loss and the longest delays, which lower a rating, and with the least and the
    shortest."""
    loss = analysis.quality.loss
    packets, lost, runs = (each[rated].astype(float) for each in (loss.packets, loss.lost, loss.runs))
    fewer, more = changes.fewer[rated], changes.more[rated]
    least, most = np.maximum(lost - fewer, 0), np.minimum(lost + more, packets)
    found = []
    for count, other, at_runs, delay_ms in (
        (most, least, np.maximum(runs - fewer - more, 1), delays_ms[1]),
        (least, most, runs + fewer + more, delays_ms[0]),
    ):
        # Mean length of runs and share of lost packets apart, so that each is at its own end.
        ratio = np.maximum(count / np.maximum(at_runs, 1) * (1 - other / packets), 1.0)
        if not (fewer + more).any():
            ratio = burst_ratio(lost, runs, packets)
        percent = 100 * count / packets
        found.append(
            quality_of_ratings(narrowband_r(percent, ratio, delay_ms[rated]), fullband_r(percent, delay_ms[rated]))
        )
    return found[0], found[1]


def _delays_ms(trips: Trips, analysis: Analysis, changes: _Changes) -> tuple[Floats, Floats]:
    """The least and the largest mean delay of each stream. A packet more can have taken any time that any took."""
    packets, streams = analysis.matched.packets, len(analysis.matched.streams)
    stream, one_way_ns = packets.stream[packets.arrived], trips.one_way_ns
    count, others = np.bincount(stream, minlength=streams), changes.fewer + changes.more
    # One after the other: these columns are as long as the run has packets.
    high_ns = one_way_ns + trips.queued_ns + NOISE_NS
    other_ns = others * float(high_ns.max(initial=0))
    most_ns = (np.bincount(stream, high_ns, streams) + other_ns) / np.maximum(count - others, 1)
    del high_ns
    least_ns = np.bincount(stream, one_way_ns - trips.held_ns - NOISE_NS, streams) - other_ns
    return np.maximum(least_ns / np.maximum(count + others, 1), 0) / _MS, most_ns / _MS
