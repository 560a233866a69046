"""When packets can have arrived, and which of them can have overtaken others at all. Pure; times in ns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from results.bounds.effects import NOISE_NS, Effects
from results.bounds.latency import QUEUED_NS, added_delay, of_queues
from results.metrics.analysis import Analysis, Evidence
from results.metrics.delay_bounds import delay_bounds
from results.metrics.matching import Flags, Ints
from results.metrics.order import Order, silent_from
from results.metrics.paths import by_way

NEVER = int(np.iinfo(np.int64).max)
EVER = -NEVER // 2
"""Before any time, so that a time less this one is a number still."""


@dataclass(frozen=True, slots=True, eq=False)
class Windows:
    """When packets can have arrived, in the order of sending; columns of equal length.

    Streams follow one another and their times are shifted apart, so that one pass serves all of them.
    `free`: its order was not kept by queues alone. `changes`: the rows, few, whose stream or path is another than that
    of the row before; `changed`: flags those of the same stream.
    """

    earliest_ns: Ints
    latest_ns: Ints
    silent_ns: Ints
    free: Flags
    changes: Ints
    changed: Flags


def windows_of(evidence: Evidence, analysis: Analysis, effects: Effects, order: Order) -> tuple[Windows, Ints]:
    """The windows, and the row in `order` of each."""
    packets, streams = analysis.matched.packets, analysis.matched.streams
    sent = np.argsort(order.rank, kind="stable")  # nearly in order: one pass
    rows = order.packet[sent]
    added_ns, _ = added_delay(evidence, packets, rows)
    received_ns, stream = packets.received_ns[rows], packets.stream[rows]
    more_ns = of_queues(analysis, effects, added_ns, received_ns)
    # In place where it can be: these columns are as long as the run has packets, and there are many of them.
    earliest_ns = effects.held.on_way(packets.due_ns[rows], received_ns)
    np.subtract(received_ns, earliest_ns, out=earliest_ns)
    earliest_ns -= more_ns
    earliest_ns -= NOISE_NS
    latest_ns = received_ns
    latest_ns += more_ns
    latest_ns += NOISE_NS
    start_ns = earliest_ns.min(initial=0)
    apart_ns = stream * (latest_ns.max(initial=0) - start_ns + 1) - start_ns
    free = (added_ns >= QUEUED_NS) | _passed_a_link_that_overtakes(evidence, analysis, rows)
    earliest_ns += apart_ns
    latest_ns += apart_ns
    path = packets.path[rows]
    changes = np.flatnonzero((stream[1:] != stream[:-1]) | (path[1:] != path[:-1])) + 1
    return Windows(
        earliest_ns,
        latest_ns,
        silent_from(streams, analysis.intervals)[stream],
        free | bool(evidence.plan.relays.programs),
        changes,
        stream[changes] == stream[changes - 1],
    ), sent


def _passed_a_link_that_overtakes(evidence: Evidence, analysis: Analysis, rows: Ints) -> Flags:
    packets, streams = analysis.matched.packets, analysis.matched.streams
    bounds = delay_bounds(evidence.plan, evidence.fault_edges)
    found = np.zeros(len(rows), dtype=bool)
    for way, places in by_way(streams, packets.stream[rows], packets.path[rows]):
        sent_ns, received_ns = packets.sent_ns[rows[places]], packets.received_ns[rows[places]]
        for first_ns, last_ns in bounds.overtaking(way):
            found[places] |= (received_ns >= first_ns) & (sent_ns <= last_ns)
    return found


def least_after(values: Ints) -> Ints:
    """The least of the values after each."""
    least = np.full(len(values), NEVER, np.int64)
    least[:-1] = np.minimum.accumulate(values[:0:-1])[::-1]
    return least


def most_before(values: Ints) -> Ints:
    """The largest of the values before each."""
    most = np.full(len(values), EVER, np.int64)
    most[1:] = np.maximum.accumulate(values[:-1])
    return most
