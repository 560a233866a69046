"""`flow-tables.json`: the flow rules of every switch when the controller had ended. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FlowTables:
    """`at_ns`: when the first was read, CLOCK_MONOTONIC. `rules`: by cluster, each as ovs-ofctl(8) shows it without its
    counters, sorted."""

    at_ns: int
    rules: dict[str, tuple[str, ...]]
