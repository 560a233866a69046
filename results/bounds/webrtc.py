"""Bounds of the figures of WebRTC calls. Pure; times in ns, results in the metrics' units."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from results.bounds.effects import Effects
from results.bounds.interval import UNBOUNDED, Interval, exactly
from results.bounds.times import each_time
from results.metrics.analysis import Analysis
from results.metrics.beside_sessions import WebrtcFigures
from results.metrics.matching import Ints
from results.metrics.webrtc_figures import CallDirection, one_way, silences
from results.run_files.hold_ups import RunDelayPlace

_PACKETS = ("sent", "received", "lost", "lost_after_last", "stats_lost")
"""More or fewer of these, if anything was held up: a peer sends what its own clock has due."""

_OUTCOMES = ("restarts", "still_interrupted", "stats_off")
"""Hold-ups are shorter than the six checks in a row, or the second, that make one more of these."""


def webrtc_bounds(
    figures: WebrtcFigures, directions: Sequence[CallDirection], analysis: Analysis, effects: Effects
) -> Iterator[tuple[str, Interval]]:
    """Bounds of every number of a group of calls, by its name there."""
    waits = effects.held.waits(RunDelayPlace.PEER, RunDelayPlace.RELAY)
    quiet = not effects.held.time_in(np.array([analysis.start_ns]), np.array([analysis.end_ns]), waits).any()
    yield "calls", exactly(figures.calls)
    for names, known in ((_PACKETS, quiet), (_OUTCOMES, True)):
        for name in names:
            yield name, exactly(getattr(figures, name)) if known and effects.doubt is None else UNBOUNDED
    lost = [each for direction in directions for each in direction.losses_ns]
    noticed = np.array(lost, np.int64).reshape(-1, 2)
    ways = one_way([stream for each in directions for stream in each.streams])
    for name, (from_ns, until_ns) in (
        ("longest_interruption_ms", silences(directions, analysis.end_ns)),
        ("noticed_ms", (noticed[:, 0], noticed[:, 1])),
        ("one_way_ms", ways),
    ):
        yield from _times(name, from_ns, until_ns, effects.held.time_in(from_ns, until_ns, waits), effects)


def _times(name: str, from_ns: Ints, until_ns: Ints, held_ns: Ints, effects: Effects) -> Iterator[tuple[str, Interval]]:
    found = dict(each_time(name, from_ns, until_ns, held_ns, effects))
    if name == "one_way_ms":
        yield from ((f"{name}.{which}", found[f"{name}.{which}"]) for which in ("p50", "p99"))
    else:
        yield name, found[f"{name}.max"]
