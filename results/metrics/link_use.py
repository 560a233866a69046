"""How much of its rate each link direction carried: from samples of the bytes that left it. Pure; times in ns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from results.metrics.analysis import Analysis, Evidence
from results.metrics.matching import Ints
from results.metrics.network_figures import LinkRow
from results.run_files.link_rates import RatedSpan, joined, rated_spans, rated_within
from results.run_files.plan import LinkPart, Plan
from results.run_files.records import Rows
from topologies.model import Direction


@dataclass(frozen=True, slots=True, eq=False)
class Carried:
    """What a direction had carried, bits, at some time between `from_ns` and `until_ns` of each sample, in order."""

    from_ns: Ints
    until_ns: Ints
    bits: Ints

    @classmethod
    def of(cls, rows: Rows, index: int) -> Carried:
        """Of LINK_SAMPLE rows, those of one direction."""
        mine = np.sort(rows[rows["direction"] == index], order="from_ns")
        return cls(mine["from_ns"].astype(np.int64), mine["until_ns"].astype(np.int64), 8 * mine["bytes"])

    def between(self, from_ns: float, until_ns: float) -> float | None:
        """What it carried between two times, bits, evenly between two samples; None beyond the samples."""
        if not len(self.bits) or from_ns < self.from_ns[0] or until_ns > self.until_ns[-1]:
            return None
        middle = (self.from_ns + self.until_ns) / 2
        return float(np.diff(np.interp([from_ns, until_ns], middle, self.bits))[0])

    def at_least(self, from_ns: float, until_ns: float) -> float:
        """The least that it can have carried between two times: from the first sample in them to the last, bits."""
        first, last = np.searchsorted(self.from_ns, from_ns), np.searchsorted(self.until_ns, until_ns, side="right") - 1
        return float(self.bits[last] - self.bits[first]) if first <= last < len(self.bits) else 0.0

    def at_most(self, from_ns: float, until_ns: float) -> float:
        """The most that it can have carried between two times: from the last sample before them to the first after
        them, bits; infinite beyond the samples."""
        first, last = np.searchsorted(self.until_ns, from_ns, side="right") - 1, np.searchsorted(self.from_ns, until_ns)
        known = first >= 0 and last < len(self.bits)
        return float(self.bits[last] - self.bits[first]) if known else float("inf")


def spans_asked(plan: Plan, part: LinkPart) -> tuple[RatedSpan, ...]:
    """When the direction of a part has a rate, within the times of the part."""
    spans = rated_spans(plan.topology, plan.faults, Direction(part.source, part.destination), plan.duration_ns)
    if part.from_ns is None or part.until_ns is None:
        return spans
    return rated_within(spans, part.from_ns, part.until_ns)


def carried_by(evidence: Evidence, part: LinkPart) -> Carried | None:
    """What the direction of a part carried; None if that is not recorded."""
    if evidence.link_bytes is None:
        return None
    index = evidence.plan.topology.directions.index(Direction(part.source, part.destination))
    return Carried.of(evidence.link_bytes, index)


def utilisation_percent(evidence: Evidence, analysis: Analysis, part: LinkPart) -> float | None:
    """The share of what the rate could have carried; None: unknown, or no time in which there is a rate."""
    spans, carried = spans_asked(evidence.plan, part), carried_by(evidence, part)
    if not spans or carried is None:
        return None
    start_ns = analysis.start_ns
    found = [carried.between(start_ns + begin, start_ns + end) for begin, end in joined(spans)]
    bits = [each for each in found if each is not None]
    return round(100 * sum(bits) / sum(span.bits for span in spans), 3) if len(bits) == len(found) else None


def link_rows(evidence: Evidence, analysis: Analysis) -> Iterator[LinkRow]:
    """A row per direction that has a rate at some time, in the topology's order."""
    for direction in evidence.plan.rated_directions:
        part = LinkPart(*direction)
        yield LinkRow(*direction, utilisation_percent=utilisation_percent(evidence, analysis, part))
