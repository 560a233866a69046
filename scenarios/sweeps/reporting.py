"""Writes the table and the page of what a sweep's store holds, be the sweep done or not."""

from __future__ import annotations

from results.page.sweep_contents import SweepShape, sweep_page
from results.page.writing import write_sweep
from results.sweeps.result import RELAY, SEED, AxisValue, SweepResult
from results.sweeps.table import write_table
from scenarios.sweeps.counting import Total
from scenarios.sweeps.loading import Sweep
from scenarios.sweeps.magnitudes import magnitude
from scenarios.sweeps.store import Store

_PER = {"time": 1e-6, "share": 100.0}
"""Of which unit of its kind a number in table and page is: ms, percent."""


def write_reports(sweep: Sweep, store: Store, total: Total) -> None:
    """Write `results.parquet` and `report.html`. DocumentError, OSError."""
    results = [*store.results()]
    write_table(store.table, results, number)
    write_sweep(store.page, sweep_page(shape_of(sweep, total), _of_axes(sweep, results), number, store.page_of))


def shape_of(sweep: Sweep, total: Total) -> SweepShape:
    """What the page needs to know of a sweep."""
    space = sweep.space
    names = tuple(axis.name for axis in space.axes)
    also = (*([RELAY] if space.relays else []), *([SEED] if space.seeds else []))
    logarithmic = frozenset(axis.name for axis in space.axes if axis.range and axis.range.log)
    return SweepShape(sweep.name, sweep.description, total.runs, total.exact, (*names, *also), logarithmic)


def number(value: AxisValue) -> float | None:
    """A value of an axis as a number: ms, percent, bit/s, per minute, bytes; None if it is a word."""
    found = magnitude(value)
    return None if found is None else found.number * _PER.get(found.kind, 1.0)


def _of_axes(sweep: Sweep, results: list[SweepResult]) -> list[SweepResult]:
    """The results that have the sweep's axes: an earlier form of the file may have had others."""
    names = {*(axis.name for axis in sweep.space.axes)}
    names |= {RELAY} if sweep.space.relays else set()
    names |= {SEED} if sweep.space.seeds else set()
    return [each for each in results if set(each.point) == names]
