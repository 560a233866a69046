"""Which relays were told to load the records of which pairs, and since when these wait. Pure; times are ns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from controller.moves import Load, Pair
from hostio.timing import S
from relay_app.load_order import LoadOrder
from topologies.model import Topology

REPEAT_NS = 1 * S
"""An order is given again after this long: a relay that was not there, or had no directory, did not follow it."""


@dataclass(frozen=True, slots=True)
class Loading:
    """`since_ns`: since when each pair waits; `told_ns`: when each relay was last told to load a pair's records."""

    since_ns: Mapping[Pair, int] = field(default_factory=dict)
    told_ns: Mapping[tuple[Pair, str], int] = field(default_factory=dict)

    def after(self, loads: Iterable[Load], topology: Topology, now_ns: int) -> tuple[Loading, list[LoadOrder]]:
        """With all that the policy has loading now, in place of what it had before; and the orders to give."""
        since_ns, told_ns = dict[Pair, int](), dict[tuple[Pair, str], int]()
        orders = []
        for load in loads:
            since_ns[load.pair] = self.since_ns.get(load.pair, now_ns)
            for relay in load.relays:
                last_ns = self.told_ns.get((load.pair, relay))
                due = last_ns is None or now_ns - last_ns >= REPEAT_NS
                told_ns[load.pair, relay] = now_ns if last_ns is None or due else last_ns
                if due:
                    orders.append(_order(load, relay, topology))
        return Loading(since_ns, told_ns), orders


def _order(load: Load, relay: str, topology: Topology) -> LoadOrder:
    at, a, b = (topology.cluster(name).ordinal for name in (relay, load.a, load.b))
    return LoadOrder(at, (min(a, b), max(a, b)), load.lanes)


NOTHING_LOADING = Loading()
