"""Bounds of latency and jitter: by how much hold-ups can have delayed each packet. Pure; times in ns, results in ms."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from hostio.timing import MS
from results.bounds.effects import NOISE_NS, Effects
from results.bounds.interval import UNBOUNDED, Interval, around, exactly, finite
from results.bounds.quantiles import least_quantiles, most_quantiles
from results.bounds.times import Quantiles
from results.metrics.analysis import Analysis, Evidence
from results.metrics.delay import UNKNOWN, emulated_delays
from results.metrics.figures import Media
from results.metrics.matching import UNMATCHED, Flags, Ints, Packets
from results.metrics.parts import Window
from results.metrics.streams import Floats
from results.run_files.faults import LinkFault
from results.run_files.hold_ups import RunDelayPlace

_MS = 1e6
_QUANTILES: Quantiles = (("p50", 0.5), ("p99", 0.99))
QUEUED_NS = 10 * MS
"""Delay beyond the emulated one from which a packet counts as one that waited in a relay."""

_JITTER_MEMORY = 100
"""Arrivals after which 1/600 of a deviation is left in the estimate of jitter, whose gain is 1/16."""


@dataclass(frozen=True, slots=True, eq=False)
class Trips:
    """Of every packet that arrived, in order: its delay, that beyond the emulated one of its path, and whether that is
    known; by how much hold-ups can have changed what it waited in a queue, and how much of its delay they can have been
    in all, ns; and whether it was sent when nothing is known any more (`Doubt`)."""

    one_way_ns: Ints
    added_ns: Ints
    known: Flags
    queued_ns: Ints
    held_ns: Ints
    doubted: Flags

    @classmethod
    def of(cls, evidence: Evidence, analysis: Analysis, effects: Effects) -> Trips:
        """Those of an analysis."""
        packets = analysis.matched.packets
        arrived = packets.arrived
        sent_ns, received_ns = packets.sent_ns[arrived], packets.received_ns[arrived]
        added_ns, known = added_delay(evidence, packets, arrived)
        queued_ns = of_queues(analysis, effects, added_ns, received_ns)
        held_ns = np.minimum(effects.held.on_way(sent_ns, received_ns) + queued_ns, np.maximum(added_ns, 0))
        doubt = effects.doubt
        doubted = np.zeros(len(sent_ns), bool) if doubt is None else sent_ns >= doubt.from_ns
        return cls(received_ns - sent_ns, added_ns, known, queued_ns, held_ns, doubted)

    def chosen(self, rows: Flags) -> Trips:
        """Some of them."""
        return Trips(*(getattr(self, each.name)[rows] for each in fields(self)))


OF_LATENCY = ("one_way_ms", "added_ms", "jitter_ms")
"""The quantities of `latency_bounds`."""


def latency_bounds(
    trips: Trips,
    analysis: Analysis,
    effects: Effects,
    other_packets: float,
    more: Quantiles = (),
    within: Window | None = None,
) -> dict[str, Interval]:
    """Bounds of OF_LATENCY of the media, by name, and of `more` quantiles of each.

    `other_packets`: how many of those that arrived can be others without the machine's doings. `within`: only packets
    that were due then count.
    """
    packets, quantiles = analysis.matched.packets, (*_QUANTILES, *more)
    if within:
        trips = trips.chosen(within.has(packets.due_ns[packets.arrived]))
    missing = _share(other_packets + int(np.count_nonzero(trips.doubted)), len(trips.one_way_ns))
    of_known = trips if trips.known.all() else trips.chosen(trips.known)
    return {
        **_bounds("one_way_ms", quantiles, trips.one_way_ns, trips.held_ns, missing, trips.queued_ns),
        **_bounds("added_ms", quantiles, of_known.added_ns, of_known.held_ns, missing, of_known.queued_ns),
        **_jitter(analysis, quantiles, effects, missing, within),
    }


def queued(evidence: Evidence, analysis: Analysis) -> Flags:
    """Flags packets that arrived and had waited in a relay, or on a link that a fault made longer."""
    packets = analysis.matched.packets
    arrived = packets.arrived
    found: Flags = np.zeros(len(arrived), dtype=bool)
    added_ns, _ = added_delay(evidence, packets, arrived)
    found[arrived] = added_ns >= QUEUED_NS
    return found


def added_delay(evidence: Evidence, packets: Packets, rows: Flags | Ints) -> tuple[Ints, Flags]:
    """Delay of some packets, all of which arrived, beyond the emulated one of their path, ns; all of it where that is
    not known, and whether it is."""
    one_way_ns = packets.received_ns[rows] - packets.sent_ns[rows]
    emulated_ns = emulated_delays(packets.path[rows], evidence.plan.topology)
    known: Flags = emulated_ns != UNKNOWN
    added_ns: Ints = np.where(known, one_way_ns - emulated_ns, one_way_ns)
    return added_ns, known


def _bounds(
    name: str,
    quantiles: Quantiles,
    values_ns: Ints | Floats,
    held_ns: Ints | Floats,
    missing: float,
    more_ns: Ints | Floats | int = 0,
) -> dict[str, Interval]:
    names, shares = [f"{name}.{which}" for which, _ in quantiles], [share for _, share in quantiles]
    if not len(values_ns):
        return dict.fromkeys(names, UNBOUNDED)
    # One after the other: these columns are as long as the run has packets.
    least = least_quantiles(_low_ms(name, values_ns - held_ns), shares, missing)
    most = most_quantiles(np.asarray((values_ns + more_ns + NOISE_NS) / _MS, np.float64), shares, missing)
    return dict(zip(names, map(finite, least, most), strict=True))


def _low_ms(name: str, least_ns: Ints | Floats) -> Floats:
    low: Floats = np.asarray((least_ns - NOISE_NS) / _MS, np.float64)
    # What is added can be less than nothing, within the noise of time stamps.
    return low if name == "added_ms" else np.maximum(low, 0.0, out=low)


def of_queues(analysis: Analysis, effects: Effects, added_ns: Ints, received_ns: Ints) -> Ints:
    """By how much hold-ups of a stalled relay can have changed what packets waited behind it, ns: those that came to it
    last waited least, and all until it went on, which can have been earlier or later by the same."""
    changed = np.zeros(len(added_ns), np.int64)
    queued = np.flatnonzero(added_ns >= QUEUED_NS)
    if len(queued):
        longest_ns = max((each.length_ns for each in analysis.interruptions), default=0)
        until_ns = received_ns[queued]
        waits = effects.held.waits(RunDelayPlace.RELAY, RunDelayPlace.DIRECTORY)
        from_ns = until_ns - np.maximum(longest_ns, added_ns[queued])
        held_ns = effects.held.time_in(from_ns, until_ns, waits)
        changed[queued] = held_ns + round(effects.held.drift * longest_ns)
    return changed


def _jitter(
    analysis: Analysis, quantiles: Quantiles, effects: Effects, missing: float, within: Window | None
) -> dict[str, Interval]:
    arrivals, due_ns = analysis.matched.arrivals, analysis.matched.packets.due_ns
    late = effects.held.on_way(arrivals.sent_ns, arrivals.received_ns) > 0
    disturbed, estimate_ns = _soon_after(arrivals.stream, late), analysis.jitter_ns
    if within:
        counted = (arrivals.packet != UNMATCHED) & within.has(np.append(due_ns, 0)[arrivals.packet])
        disturbed, estimate_ns = disturbed[counted], estimate_ns[counted]
    found = _bounds("jitter_ms", quantiles, estimate_ns, np.where(disturbed, estimate_ns, 0.0), missing)
    # Where packets waited for locks, which of them waited for how long is chance.
    return {name: Interval(each.low, None) for name, each in found.items()} if effects.locks else found


def pause_bounds(evidence: Evidence, analysis: Analysis, figures: Media, effects: Effects) -> dict[str, Interval]:
    """Bounds of `pauses` and `longest_pause_ms` of the media, by name.

    A packet that was held up can have made a pause of two arrivals, or have filled one. Where the links vary no delay
    there is none, whatever is held up.
    """
    if not figures.pauses and not _links_vary(evidence):
        return {"pauses": exactly(0), "longest_pause_ms": exactly(0.0)}
    if effects.doubt is not None:
        return {"pauses": UNBOUNDED, "longest_pause_ms": UNBOUNDED}
    arrivals = analysis.matched.arrivals
    held_ns = effects.held.on_way(arrivals.sent_ns, arrivals.received_ns)
    late, longest_ms = 2 * int(np.count_nonzero(held_ns)), (int(held_ns.max(initial=0)) + NOISE_NS) / _MS
    return {
        "pauses": around(figures.pauses, late, late),
        "longest_pause_ms": around(figures.longest_pause_ms, longest_ms, longest_ms),
    }


def _links_vary(evidence: Evidence) -> bool:
    """Whether a link gives packets different delays at any time."""
    changes = [fault.change for fault in evidence.plan.faults if isinstance(fault, LinkFault)]
    varied = any(each.jitter or each.reorder or each.extra_delay_ns or each.rate_bps for each in changes)
    links = evidence.plan.topology.links
    return varied or any(way.jitter_ns or way.rate_bps for link in links for way in (link.there, link.back))


def _soon_after(stream: Ints, late: Flags) -> Flags:
    """Flags the arrivals of a stream that came no more than `_JITTER_MEMORY` arrivals after a late one."""
    number = np.arange(len(stream))
    last = np.maximum.accumulate(np.where(late, number, -1))
    found: Flags = (last >= 0) & (number - last <= _JITTER_MEMORY) & (stream[last] == stream)
    return found


def _share(part: float, whole: int) -> float:
    return min(1.0, part / whole) if whole else 0.0
