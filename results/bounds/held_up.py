"""Where and when the machine held up the run, from its records. Pure; times in ns.

A *hold-up* is a window of time in which something was ready to act and could not. At any instant a chain of work is
held up or it is not, so that the hold-ups of one window lengthen what happens in it by at most their union. Waits that
are known by their sum only (run delays of threads without real-time priority) are added to that, of those processes on
which the chain can depend. Hold-ups of less than HOLD_UP_NS are not recorded one by one; `drift` has what they add up
to over many trips.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from hostio.lateness import HOLD_UP_NS
from results.bounds.blocks import in_parallel, slices
from results.bounds.late_inputs import LateInputs
from results.bounds.spans import Spans
from results.metrics.analysis import Analysis, Evidence
from results.metrics.delay import probe_excesses
from results.metrics.matching import Flags, Ints
from results.run_files.faults import ProcessFault
from results.run_files.hold_ups import HoldUpPlace, HoldUps, RunDelayPlace
from results.run_files.records import Rows


@dataclass(frozen=True, slots=True, eq=False)
class Waits:
    """Waits for a core known by their sum: `delay_ns` ended between `from_ns` and `until_ns`; int64[n] each."""

    from_ns: Ints
    until_ns: Ints
    delay_ns: Ints

    @classmethod
    def of(cls, rows: Rows) -> Waits:
        """RUN_DELAY rows; waits of one sample are added up."""
        until_ns, which = np.unique(rows["until_ns"], return_inverse=True)
        delay_ns = np.zeros(len(until_ns), np.int64)
        np.add.at(delay_ns, which, rows["delay_ns"])
        from_ns = until_ns.copy()
        np.minimum.at(from_ns, which, rows["from_ns"])
        return cls(from_ns, until_ns, delay_ns)

    def within(self, from_ns: Ints, until_ns: Ints) -> Ints:
        """The longest that they can have taken of each window, ns. A wait may have begun before its sample."""
        total = np.zeros(np.shape(from_ns), np.int64)
        for begin, end, delay in zip(self.from_ns, self.until_ns, self.delay_ns, strict=True):
            common = np.minimum(until_ns, end) - np.maximum(from_ns, begin - delay)
            total += np.clip(common, 0, delay)
        return total


@dataclass(frozen=True, slots=True, eq=False)
class HeldUp:
    """The hold-ups of a run.

    `anywhere`: of every place but senders, whose late packets are `inputs`. `path`: of what packets pass once they are
    sent: links, relays, cores. `network`: of links and cores. `detection`: of what finds faults: probers, links, cores.
    `run_delays`: RUN_DELAY rows. `queues`: a link has a rate, behind which packets of all kinds wait for each other.
    `drift`: the share of a time full of trips over links by which links and switches, beyond what they emulate,
    lengthened it.
    """

    anywhere: Spans
    path: Spans
    network: Spans
    detection: Spans
    inputs: LateInputs
    run_delays: Rows
    queues: bool
    drift: float

    def waits(self, *places: RunDelayPlace, number: int | None = None) -> Waits:
        """Waits of the threads of some kinds of process; with `number`, of that cluster only."""
        mine = np.isin(self.run_delays["place"], [int(place) for place in places])
        if number is not None:
            mine &= self.run_delays["number"] == number
        return Waits.of(self.run_delays[mine])

    def time_in(self, from_ns: Ints, until_ns: Ints, *waits: Waits) -> Ints:
        """The most that hold-ups, late inputs and these waits can have taken of each window, ns."""
        taken = self.anywhere.overlap(from_ns, until_ns) + self.inputs.most_within(from_ns, until_ns)
        return _with_waits(taken, from_ns, until_ns, waits)

    def beside_media(self, from_ns: Ints, until_ns: Ints, *waits: Waits) -> Ints:
        """The most that hold-ups and these waits can have taken of each window of traffic that passes no relay, ns."""
        taken = self.network.overlap(from_ns, until_ns)
        if self.queues:
            taken = taken + self.inputs.most_within(from_ns, until_ns)
        return _with_waits(taken, from_ns, until_ns, waits)

    def on_way(self, from_ns: Ints, until_ns: Ints) -> Ints:
        """The most that hold-ups of the path, and late inputs before it, can have taken of a packet's way, ns."""
        found = np.empty(len(from_ns), np.int64)

        def fill(rows: slice) -> None:
            found[rows] = self.path.overlap(from_ns[rows], until_ns[rows])
            found[rows] += self.inputs.most_within(from_ns[rows], until_ns[rows])

        in_parallel(fill, slices(len(found)))
        return found


def _with_waits(taken_ns: Ints, from_ns: Ints, until_ns: Ints, waits: Iterable[Waits]) -> Ints:
    """With what waits can have taken too, of each window at most all."""
    total = taken_ns + sum(each.within(from_ns, until_ns) for each in waits)
    taken: Ints = np.minimum(total, np.maximum(until_ns - from_ns, 0))
    return taken


def held_up(evidence: Evidence, analysis: Analysis, found: HoldUps) -> HeldUp:
    """The hold-ups of a run whose records have them."""
    excesses = list(probe_excesses(evidence, analysis.start_ns, analysis.end_ns))
    links = Spans.all_of([_late_probes(*each) for each in excesses])
    late = {place: of_place(evidence, found.late, place) for place in HoldUpPlace}
    core, wire = late[HoldUpPlace.CORE], late[HoldUpPlace.LINK]
    network = Spans.all_of([links, core, wire])
    del late[HoldUpPlace.SENDER]  # what it sent late is in the packets' own times
    return HeldUp(
        anywhere=Spans.all_of([links, *late.values()]),
        path=Spans.all_of([network, late[HoldUpPlace.RELAY]]),
        network=network,
        detection=Spans.all_of([network, late[HoldUpPlace.PROBER]]),
        inputs=LateInputs.of(*late_packets(analysis)),
        run_delays=found.waits,
        queues=bool(evidence.plan.rated_directions),
        drift=_drift(evidence, excesses),
    )


def late_packets(analysis: Analysis) -> tuple[Ints, Ints]:
    """When packets that were sent late were due, and when they were sent, ns."""
    packets = analysis.matched.packets
    late = packets.sent_ns - packets.due_ns >= HOLD_UP_NS
    return packets.due_ns[late], packets.sent_ns[late]


def _late_probes(received_ns: Ints, excess_ns: Ints) -> Spans:
    """Before the arrival of a probe, the time by which links and switches delayed it beyond what they emulate."""
    late = excess_ns >= HOLD_UP_NS
    return Spans.union(received_ns[late] - excess_ns[late], received_ns[late])


def of_place(evidence: Evidence, late: Rows, place: HoldUpPlace) -> Spans:
    """The HOLD_UP rows of one kind of place, without those of relays while a planned fault acted on them."""
    rows = late[late["place"] == place]
    if place == HoldUpPlace.RELAY:
        rows = rows[~_by_plan(evidence, rows)]
    return Spans.union(rows["from_ns"].astype(np.int64), rows["until_ns"].astype(np.int64))


def _by_plan(evidence: Evidence, rows: Rows) -> Flags:
    """Flags hold-ups of relays while a planned fault acted on them."""
    found = np.zeros(len(rows), dtype=bool)
    for applied in evidence.applied_faults:
        if isinstance(applied.fault, ProcessFault) and applied.fault.process.kind == "relay":
            ordinal = evidence.plan.topology.cluster(applied.fault.process.cluster).ordinal
            found |= (rows["number"] == ordinal) & applied.meets(rows["from_ns"], rows["until_ns"])
    return found


def _drift(evidence: Evidence, excesses: list[tuple[Ints, Ints]]) -> float:
    """Median excess of all probes over the mean delay of a link, at most 1."""
    excess_ns = np.concatenate([np.empty(0, np.int64), *(excess for _, excess in excesses)])
    one_way_ns = [way.delay_ns for way in evidence.plan.topology.one_ways.values()]
    if not len(excess_ns) or not sum(one_way_ns):
        return 0.0
    return min(1.0, max(0.0, float(np.median(excess_ns))) / (sum(one_way_ns) / len(one_way_ns)))
