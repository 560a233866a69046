"""Instants that depend on nothing that came before: multiples of a period of CLOCK_MONOTONIC."""

from __future__ import annotations

from hostio.units import MS

GRID_NS = 200 * MS
"""Media and the controller's ticks begin on multiples of it, and probes half their interval after one: so their phases
to one another are those of the plan, and not of how long the set-up took."""


def on_grid(earliest_ns: int, period_ns: int = GRID_NS) -> int:
    """The first multiple of a period that is not before an instant, ns."""
    return -(-earliest_ns // period_ns) * period_ns
