"""What hold-ups can have done to a time that was measured. Pure; times in ns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hostio.lateness import HOLD_UP_NS
from results.bounds.doubts import Doubt
from results.bounds.held_up import HeldUp
from results.metrics.analysis import Evidence
from results.metrics.matching import Flags, Ints
from results.metrics.streams import Floats
from results.run_files.events import FaultEdge
from results.run_files.faults import Fault, LinkFault

NOISE_NS = HOLD_UP_NS
"""Hold-ups shorter than this are not recorded: every time is known to this only."""

CLOSE_NS = 2 * NOISE_NS
"""How close to the edge of a fault a packet is sent that may meet its link before or after: it comes there later than
it was sent."""


@dataclass(frozen=True, slots=True, eq=False)
class EdgeErrors:
    """When edges of faults were applied, and by how much before or after their planned time, ns; less than NOISE_NS
    counts as nothing. `losing`: flags edges of faults to which packets can be lost."""

    at_ns: Ints
    error_ns: Ints
    losing: Flags

    @classmethod
    def of(cls, evidence: Evidence) -> EdgeErrors:
        """Those of a run, in order of time."""
        edges = sorted(evidence.of(FaultEdge), key=lambda edge: edge.applied_last_ns)
        errors = [max(abs(e.applied_first_ns - e.planned_ns), abs(e.applied_last_ns - e.planned_ns)) for e in edges]
        error_ns = np.array(errors, np.int64)
        at_ns = np.array([edge.applied_last_ns for edge in edges], np.int64)
        losing = np.array([may_lose(evidence.plan.faults[edge.fault]) for edge in edges], bool)
        return cls(at_ns, np.where(error_ns >= NOISE_NS, error_ns, 0), losing)

    @property
    def losing_ns(self) -> list[int]:
        """When those were applied to which packets can be lost: beside them, one more or less may have been."""
        times: list[int] = self.at_ns[self.losing].tolist()
        return times

    def within(self, from_ns: Ints, until_ns: Ints) -> Ints:
        """Sum of the errors of the edges in each window, both ends included, ns."""
        total = np.concatenate([np.zeros(1, np.int64), np.cumsum(self.error_ns)])
        first = np.searchsorted(self.at_ns, from_ns, side="left")
        last = np.searchsorted(self.at_ns, until_ns, side="right")
        inside: Ints = total[last] - total[np.minimum(first, last)]
        return inside


@dataclass(frozen=True, slots=True, eq=False)
class Effects:
    """The disturbances of a run, and from when on nothing is known of their effect."""

    held: HeldUp
    edges: EdgeErrors
    detection_ns: int
    """How long the controller needs to call a link down."""
    doubt: Doubt | None
    locks: bool
    """Whether packets waited for locks in a relay."""

    def left_to_chance(self, sent_ns: Ints, from_ns: Ints, until_ns: Ints, interval_ns: Ints) -> Flags:
        """Flags silences that an edge of a fault began or ended so close to a packet that a little more delay would
        have spared it, or cost one more. `sent_ns`: of any packet of the stream, which sends one every `interval_ns`.
        """
        close: Flags = np.zeros(len(sent_ns), dtype=bool)
        for edge_ns in self.edges.losing_ns:
            around = (from_ns - interval_ns <= edge_ns) & (edge_ns <= until_ns)
            phase_ns = (edge_ns - sent_ns) % np.maximum(interval_ns, 1)
            close |= around & ((phase_ns < CLOSE_NS) | (interval_ns - phase_ns < CLOSE_NS))
        return close

    def known_until(self, from_ns: Ints, until_ns: Ints) -> Ints:
        """The end of each window, or the doubt in it, ns."""
        return until_ns if self.doubt is None else np.clip(self.doubt.from_ns, from_ns, until_ns)

    def shortest(self, from_ns: Ints, until_ns: Ints, interval_ns: Ints, waits_ns: Ints, chance: Flags) -> Floats:
        """The least that each silence can have lasted without the machine's doings, ns.

        All that was held up in it can have made it longer, and so can edges of faults at the wrong time, from a packet
        interval before it on. If anything was, or if a packet more or less was left to `chance`, one more may have been
        missed. `waits_ns`: what threads without real-time priority waited in it.
        """
        known_ns = self.known_until(from_ns, until_ns)
        taken = self.held.time_in(from_ns, known_ns) + self.edges.within(from_ns - interval_ns, known_ns) + waits_ns
        length = known_ns - from_ns - taken - np.where((taken > 0) | chance, interval_ns, 0)
        least: Floats = np.maximum(length - self.noise_ns(from_ns, known_ns), 0.0)
        return least

    def longest(self, from_ns: Ints, until_ns: Ints, interval_ns: Ints, late_before_ns: Ints, chance: Flags) -> Floats:
        """The most that each silence can have lasted, ns; inf where nothing is known.

        It was shortened if the packet before it came late (`late_before_ns`), if sources thinned what had to be
        served, or if a hold-up before the fault was taken for a part of it, so that it was found early.
        """
        early = self.held.detection.overlap(from_ns - self.detection_ns, from_ns)
        late = self.held.inputs.most_within(from_ns, until_ns)
        edges = self.edges.within(from_ns - interval_ns, until_ns)
        hidden = late_before_ns + late + early + edges
        length = until_ns - from_ns + hidden + np.where((hidden > 0) | chance, interval_ns, 0)
        most: Floats = length + self.noise_ns(from_ns, until_ns)
        if self.doubt is not None:
            most = np.where(until_ns > self.doubt.from_ns, np.inf, most)
        return most

    def noise_ns(self, from_ns: Ints, until_ns: Ints) -> Floats:
        """How well a time from one instant to another is known at best, ns."""
        noise: Floats = NOISE_NS + self.held.drift * np.maximum(until_ns - from_ns, 0)
        return noise


def may_lose(fault: Fault) -> bool:
    """Whether packets can be lost to a fault."""
    return not isinstance(fault, LinkFault) or fault.change.may_lose
