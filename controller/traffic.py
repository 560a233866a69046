"""What a run's plan says of the load of relays: packets a second by pair and lane, and what a relay may carry. Pure.

It is a setting, not a measurement: every stream counts with the most packets a second that its media have, from the
beginning of the run to its end. A stream counts once at each relay on its path.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from relay_app.ports import LANES


@dataclass(frozen=True, slots=True)
class PairTraffic:
    """Packets a second between two clusters, of both directions, in each of the lanes. `records`: how many streams have
    a record in the session directory, by which relays forward them."""

    a: str
    b: str
    lanes: tuple[int, ...]
    records: int = 0


@dataclass(frozen=True, slots=True)
class RelayCapacity:
    """How many packets a second the relay of a cluster is stated to carry."""

    cluster: str
    packets_per_s: int


@dataclass(frozen=True)
class Traffic:
    """The traffic of every pair that has any, once; a relay without a stated capacity has no limit."""

    pairs: tuple[PairTraffic, ...] = ()
    capacities: tuple[RelayCapacity, ...] = ()

    def of_pair(self, a: str, b: str) -> tuple[int, ...]:
        """Packets a second in each lane between two clusters, in either order."""
        return self._lanes.get(frozenset((a, b)), (0,) * LANES)

    def records_of(self, a: str, b: str) -> int:
        """Of how many streams between two clusters, in either order, there is a record."""
        return self._records.get(frozenset((a, b)), 0)

    def ending_at(self, cluster: str) -> int:
        """Packets a second that begin or end at a cluster: its relay forwards them whichever path they take."""
        return self._ending[cluster]

    def capacity_of(self, cluster: str) -> int | None:
        """Packets a second that a relay is stated to carry; None: nothing is stated."""
        return self._capacities.get(cluster)

    @cached_property
    def _lanes(self) -> Mapping[frozenset[str], tuple[int, ...]]:
        return {frozenset((each.a, each.b)): each.lanes for each in self.pairs}

    @cached_property
    def _records(self) -> Mapping[frozenset[str], int]:
        return {frozenset((each.a, each.b)): each.records for each in self.pairs}

    @cached_property
    def _ending(self) -> Counter[str]:
        found: Counter[str] = Counter()
        for each in self.pairs:
            found.update(dict.fromkeys((each.a, each.b), sum(each.lanes)))
        return found

    @cached_property
    def _capacities(self) -> Mapping[str, int]:
        return {each.cluster: each.packets_per_s for each in self.capacities}


NO_TRAFFIC = Traffic()
