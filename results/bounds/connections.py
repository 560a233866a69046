"""Bounds of the figures of TCP connections beside the media. Pure; times in ns, results in the metrics' units."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from results.bounds.effects import Effects
from results.bounds.interval import UNBOUNDED, Interval, around, exactly
from results.bounds.times import each_time
from results.metrics.beside_sessions import ConnectionFigures
from results.metrics.group_figures import wait_ends
from results.run_files.hold_ups import RunDelayPlace
from results.run_files.records import Rows


def connection_bounds(figures: ConnectionFigures, rows: Rows, effects: Effects) -> Iterator[tuple[str, Interval]]:
    """Bounds of every number of a group of connections, by its name there. `rows`: its exchanges."""
    sent_ns, ended_ns = rows["sent_ns"].astype(np.int64), wait_ends(rows)
    waits = effects.held.waits(RunDelayPlace.PEER)
    held_ns = effects.held.beside_media(sent_ns, ended_ns, waits)
    # Each connection sends on a grid of times: what is late at the media end is one request of each.
    moved = figures.connections if effects.held.beside_media(sent_ns[:1], ended_ns[-1:], waits).any() else 0
    unknown = effects.doubt is not None
    for name in ("requests", "answered"):
        yield name, UNBOUNDED if unknown else around(getattr(figures, name), moved, moved)
    yield "connections", exactly(figures.connections)
    yield "lost", Interval(0.0 if held_ns.any() or unknown else figures.lost, None if unknown else figures.lost)
    answered = rows["answered_ns"] > 0
    yield from each_time("response_ms", sent_ns[answered], ended_ns[answered], held_ns[answered], effects)
    yield "longest_wait_ms", dict(each_time("wait", sent_ns, ended_ns, held_ns, effects))["wait.max"]
