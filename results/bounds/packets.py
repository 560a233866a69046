"""Bounds of the counts of packets, by what can have had another fate. Pure; times in ns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np

from results.bounds.chains import waited_for_a_lock
from results.bounds.effects import Effects, may_lose
from results.bounds.interval import UNBOUNDED, Interval, around, exactly, finite
from results.bounds.latency import queued
from results.bounds.silences import BoundedSilences
from results.metrics.analysis import Analysis, Evidence
from results.metrics.figures import Media
from results.metrics.matching import Flags
from results.metrics.system_figures import LedgerFigures, RelayFigures
from results.run_files.faults import LinkFault

_INF = float("inf")


@dataclass(frozen=True, slots=True)
class Shift:
    """How many packets fewer, and more, can have been lost without the machine's doings, and how many copies fewer or
    more links can have made; all may be inf."""

    fewer: float
    more: float
    copies: float

    @property
    def either(self) -> float:
        """Both together: how many packets can have had another fate."""
        return self.fewer + self.more


def packet_shift(
    evidence: Evidence, analysis: Analysis, relays: Mapping[str, RelayFigures], found: BoundedSilences, effects: Effects
) -> Shift:
    """What shorter and longer silences, and another order of threads at the locks of relays, make of packets' fates."""
    if effects.doubt is not None:
        return Shift(_INF, _INF, _INF)
    length_ns = found.until_ns - found.from_ns
    fewer = (length_ns - found.least_ns) // found.interval_ns
    more = (found.most_ns - length_ns) // found.interval_ns
    copied = _while_links_copy(evidence, analysis, found)
    dropped, waiting = _order_of_threads(evidence, analysis, relays)
    copies = float((fewer + more)[copied].sum()) + dropped + waiting
    if not _anything_loses(evidence, analysis, relays):
        return Shift(dropped, waiting, copies)
    return Shift(float(fewer.sum()) + dropped, float(more.sum()) + waiting, copies)


def _anything_loses(evidence: Evidence, analysis: Analysis, relays: Mapping[str, RelayFigures]) -> bool:
    """Whether anything loses packets at a time of its own, so that a silence of another length is one of other packets.

    What a sender sent with an SSRC that another stream had first is lost whenever it came.
    """
    streams = analysis.matched.streams
    ssrcs = {each.ssrc for each in streams}
    misled = np.array([each.taken in ssrcs for each in streams], bool)
    lost = analysis.fate.lost & ~misled[analysis.matched.packets.stream]
    faults = any(may_lose(applied.fault) for applied in evidence.applied_faults)
    in_relays = any(row.receive_buffer or any(row.dropped.values()) for row in relays.values())
    unknown = evidence.plan.rated_directions or evidence.plan.relays.programs
    return bool(lost.any() or faults or evidence.moves or in_relays or unknown)


def _while_links_copy(evidence: Evidence, analysis: Analysis, found: BoundedSilences) -> Flags:
    """Flags silences at a time at which a link makes copies."""
    copied = np.zeros(len(found.stream), dtype=bool)
    on_the_way_ns = _longest_transit_ns(analysis)
    for fault in evidence.plan.faults:
        if isinstance(fault, LinkFault) and fault.change.duplicate:
            begun_ns, ended_ns = analysis.start_ns + fault.at_ns, analysis.start_ns + fault.until_ns
            copied |= (found.from_ns - on_the_way_ns <= ended_ns) & (found.from_ns + found.most_ns >= begun_ns)
    return copied


def _longest_transit_ns(analysis: Analysis) -> int:
    """A silence is heard by at most this later than its packets met a fault on their way."""
    packets = analysis.matched.packets
    transit_ns = (packets.received_ns - packets.sent_ns)[packets.arrived]
    return int(transit_ns.max(initial=0))


def _order_of_threads(
    evidence: Evidence, analysis: Analysis, relays: Mapping[str, RelayFigures]
) -> tuple[float, float]:
    """How many packets a relay dropped, and how many waited, whose fate can have been the other.

    While the packet path of a relay waits for a lock, it is chance which packets it has dropped before that because
    their stream was unknown, and which wait with it.
    """
    waited = [row for cluster, row in relays.items() if waited_for_a_lock(evidence, analysis, cluster, row)]
    if not waited:
        return 0.0, 0.0
    return sum(row.dropped.get("cold", 0) for row in waited), int(queued(evidence, analysis).sum())


def packet_bounds(figures: Media, shift: Shift) -> dict[str, Interval]:
    """Bounds of the counts of packets in `media`, by their names there. What is sent is fixed by the plan."""
    judged = figures.lost + figures.received
    least, most = max(0, figures.lost - shift.fewer), min(judged, figures.lost + shift.more)
    return {
        **{name: exactly(getattr(figures, name)) for name in ("sessions", "directions", "resolution_ms", "sent")},
        "lost": finite(least, most),
        "received": finite(judged - most, judged - least),
        "in_flight": around(figures.in_flight, shift.either, shift.either),
        "duplicates": _copies(figures.duplicates, shift),
        "collided": around(figures.collided, shift.either, shift.either) if figures.collided else exactly(0),
        "loss_percent": finite(100 * least / judged, 100 * most / judged) if judged else UNBOUNDED,
    }


def ledger_bounds(figures: LedgerFigures, shift: Shift) -> dict[str, Interval]:
    """Bounds of the numbers of `ledger`, by their names there.

    A packet that is not lost is delivered, or under way; what was sent and what is unexplained does not change. Of
    those known by number only, each can have been lost where it is known one by one.
    """
    by_number = min(shift.either, figures.untold)
    changed = {name: getattr(figures, name) for name in ("delivered", "under_way", "untold")}
    changed |= {f"not_in_media.{name}": count for name, count in asdict(figures.not_in_media).items()}
    counts = {name: around(count, shift.either, shift.either) for name, count in changed.items()}
    return {
        **counts,
        "lost": around(figures.lost, shift.fewer, shift.more + by_number),
        "sent": exactly(figures.sent),
        "duplicated": _copies(figures.duplicated, shift),
        "unexplained": exactly(figures.unexplained),
    }


def _copies(count: int, shift: Shift) -> Interval:
    return around(count, shift.copies, shift.copies) if count else exactly(0)
