"""Bounds of the utilisation of links. Pure; times in ns.

Between two samples it is not known when frames passed. And what was held up shortly before a time or in it can have
moved frames by as much: without that, those that passed later than by this into the time passed in it, and none but
those that passed until as much after it did.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from hostio.timing import S
from results.bounds.effects import NOISE_NS, Effects
from results.bounds.interval import UNBOUNDED, Interval, finite
from results.metrics.analysis import Analysis, Evidence
from results.metrics.link_use import Carried, carried_by, spans_asked
from results.run_files.hold_ups import RunDelayPlace
from results.run_files.link_rates import joined
from results.run_files.plan import LinkPart

_BEFORE_NS = S
"""For so long a hold-up can move frames after it: what waits for it follows within this."""

_DECIDING = (RunDelayPlace.CONTROLLER, RunDelayPlace.PROBER, RunDelayPlace.PEER)
"""On whose waits depends when traffic comes to a link."""


def link_bounds(evidence: Evidence, analysis: Analysis, effects: Effects) -> Iterator[tuple[str, Interval]]:
    """Of each utilisation that is in the summary or that an expectation names, by its name."""
    for number, direction in enumerate(evidence.plan.rated_directions):
        yield f"links.{number}.utilisation_percent", _bounds(evidence, analysis, effects, LinkPart(*direction))
    for expectation in evidence.plan.expectations:
        if expectation.link:
            yield expectation.metric, _bounds(evidence, analysis, effects, expectation.link)


def _bounds(evidence: Evidence, analysis: Analysis, effects: Effects, part: LinkPart) -> Interval:
    spans, carried = spans_asked(evidence.plan, part), carried_by(evidence, part)
    if not spans or carried is None:
        return UNBOUNDED
    times = [(analysis.start_ns + begin, analysis.start_ns + end) for begin, end in joined(spans)]
    parts = [_bits(carried, effects, *each) for each in times]
    whole = sum(span.bits for span in spans) / 100
    return finite(sum(least for least, _ in parts) / whole, sum(most for _, most in parts) / whole)


def _bits(carried: Carried, effects: Effects, from_ns: int, until_ns: int) -> tuple[float, float]:
    """The least and the most that passed in a time, without the machine's doings."""
    begin, end = np.array([from_ns - _BEFORE_NS]), np.array([until_ns])
    held_ns = effects.held.time_in(begin, end, effects.held.waits(*_DECIDING)) + effects.edges.within(begin, end)
    late_ns = int(held_ns[0]) + NOISE_NS
    if effects.doubt is not None and effects.doubt.from_ns < until_ns + late_ns:
        return 0.0, float("inf")
    return carried.at_least(from_ns + late_ns, until_ns), carried.at_most(from_ns, until_ns + late_ns)
