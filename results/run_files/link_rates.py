"""The rate of a link direction over time, without faults and under those that set one. Pure.

Times in ns after the media start.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from results.run_files.faults import Fault, LinkFault
from topologies.model import Direction, Topology


@dataclass(frozen=True, slots=True)
class RatedSpan:
    """A time in which a direction has this rate, bit/s."""

    from_ns: int
    until_ns: int
    rate_bps: int

    @property
    def bits(self) -> float:
        """What the rate carries in it at most."""
        return (self.until_ns - self.from_ns) * self.rate_bps / 1e9

    def within(self, from_ns: int, until_ns: int) -> RatedSpan:
        """The part of it between two times; empty if there is none."""
        begin = max(self.from_ns, from_ns)
        return RatedSpan(begin, max(begin, min(self.until_ns, until_ns)), self.rate_bps)


def rated_spans(
    topology: Topology, faults: Sequence[Fault], direction: Direction, duration_ns: int
) -> tuple[RatedSpan, ...]:
    """The times of a run in which a direction has a rate, in order."""
    base = topology.one_ways[direction].rate_bps
    rating = [each for each in faults if isinstance(each, LinkFault) and direction in each.directions]
    rating = [each for each in rating if each.sets_rate and not each.match]
    edges = {0, duration_ns, *(at_ns for fault in rating for at_ns in _edges(fault) if at_ns < duration_ns)}
    spans = ((begin, end, _rate_at(rating, base, begin)) for begin, end in pairwise(sorted(edges)))
    return tuple(RatedSpan(begin, end, rate) for begin, end, rate in spans if rate is not None)


def _edges(fault: LinkFault) -> Iterator[int]:
    yield from (fault.at_ns, fault.until_ns)
    yield from (level.at_ns for level in fault.levels)


def _rate_at(faults: Sequence[LinkFault], base: int | None, at_ns: int) -> int | None:
    changes = (fault.change_at(at_ns) for fault in faults)
    rates = [change.rate_bps for change in changes if change and change.rate_bps is not None]
    return rates[-1] if rates else base


def rated_within(spans: Sequence[RatedSpan], from_ns: int, until_ns: int) -> tuple[RatedSpan, ...]:
    """What of them lies between two times."""
    parts = (span.within(from_ns, until_ns) for span in spans)
    return tuple(part for part in parts if part.until_ns > part.from_ns)


def joined(spans: Sequence[RatedSpan]) -> tuple[tuple[int, int], ...]:
    """The times that spans cover, as few as there are: those that touch are one."""
    found: list[tuple[int, int]] = []
    for span in spans:
        if found and found[-1][1] == span.from_ns:
            found[-1] = (found[-1][0], span.until_ns)
        else:
            found.append((span.from_ns, span.until_ns))
    return tuple(found)
