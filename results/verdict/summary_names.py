"""The numbers of `summary.json` that expectations name by the row in which they stand, and those of the machine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from types import MappingProxyType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from results.fidelity.checks import CheckId, FidelityCheck
from results.metrics.figures import WitnessRow
from results.metrics.machine_summary import MachineFigures
from results.metrics.metric_names import Unit, unit_of
from results.metrics.network_figures import ConvergenceRow, FaultRow, RerouteRow
from results.metrics.system_figures import RouteRow

ROWS: Mapping[str, type] = MappingProxyType(
    {
        "fidelity": FidelityCheck,
        "faults": FaultRow,
        "convergence": ConvergenceRow,
        "reroutes": RerouteRow,
        "witnesses": WitnessRow,
        "ledger.routes": RouteRow,
    }
)
"""Lists of the summary, by their path, and what their rows are."""

CHECKS: tuple[str, ...] = get_args(CheckId)
"""Ids of all fidelity checks."""

NAMED_BY = ("id", "name", "session")
"""Fields by which a row is selected; otherwise by its number, from 0."""


def _numbers(of: type) -> Iterator[str]:
    """Paths of the numbers in a type."""
    hints = get_type_hints(of, include_extras=False)
    for field in fields(of):
        kinds = _kinds(hints[field.name])
        nested = next((kind for kind in kinds if is_dataclass(kind)), None)
        if isinstance(nested, type):
            yield from (f"{field.name}.{each}" for each in _numbers(nested))
        elif kinds & {int, float}:
            yield field.name


def _kinds(hint: Any) -> set[Any]:
    if get_origin(hint) is Annotated:
        return _kinds(get_args(hint)[0])
    # What is annotated makes a Union, and what is not a UnionType.
    return set(get_args(hint)) if get_origin(hint) in (Union, UnionType) else {hint}


def summary_unit(metric: str) -> Unit:
    """The unit of a metric of a row, or of the machine: times of the run are in s, and limits and values of checks in
    units of their own."""
    last = metric.rpartition(".")[2]
    if metric.startswith("fidelity."):
        return "number"
    if last in ("at", "applied_until", "planned_until") or last.endswith("_at"):
        return "s"
    return "percent" if last == "percent" else unit_of(last)


MACHINE_METRICS: Mapping[str, Unit] = MappingProxyType(
    {name: summary_unit(name) for name in (f"machine.{each}" for each in _numbers(MachineFigures))}
)
"""Every number under `machine`."""

IN_ROWS: Mapping[str, tuple[str, ...]] = MappingProxyType({path: tuple(_numbers(of)) for path, of in ROWS.items()})
"""The numbers of a row, by the path of its list."""


MEASURED_OF_THE_MACHINE = ("machine.", "fidelity.", "faults.")
"""How the names of metrics begin that are what the machine itself did: they need no bounds."""
