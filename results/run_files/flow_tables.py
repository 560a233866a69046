"""`flow-tables.json`: the flow rules of every switch when the controller had ended. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FlowTables:
    """`at_ns`: when the first was read, CLOCK_MONOTONIC. `rules`: by cluster, each as ovs-ofctl(8) shows it without its
    counters, sorted. `lanes_apart`: lanes of pairs with sessions were given direct rules of their own, which earlier
    versions did not."""

    at_ns: int
    rules: dict[str, tuple[str, ...]]
    lanes_apart: bool = False
