"""Figures of the oracle in `summary.json`: where the run differed from what a second opinion predicts (docs/oracle.md).

Times are seconds since the media start; None (null) is unknown, or nothing to compare.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from results.metrics.figure_types import Count, Lane, NonNegative

SeenIn = Literal["decisions", "packets", "flow rules"]


@dataclass(frozen=True, slots=True)
class OracleRow:
    """A disagreement: lanes that took another path than the one predicted."""

    seen_in: SeenIn
    """decisions: the controller's log; packets: path logs; flow rules: the switches' tables at the end."""
    source: str
    """Cluster at one end; of packets where they came from; of flow rules that of the switch."""
    destination: str
    """Cluster at the other end."""
    lanes: list[Lane]
    """The lanes; of flow rules of no lane empty."""
    predicted: list[str]
    """The paths that were right at the time: several while lanes were to change path, none of rules too many."""
    taken: str
    """The path that was taken, or the flow rule that is too many; empty: a flow rule is missing."""
    from_at: float
    """Since when, s since the media start; of packets when the first was sent."""
    until_at: float | None
    """Until when, s since the media start; of packets when the last was received; null: it was so at the end."""
    packets: Count = 0
    """Packets that took it, of media whose path logs were compared."""


@dataclass(frozen=True, slots=True)
class OracleFigures:
    """The run compared with the path that each lane should have taken, given the plan, the health in the controller's
    log, and the faults."""

    changes: Count
    """Changes of path that were predicted, each of one pair to one path."""
    compared: Count
    """Media packets that were received and tell their way."""
    misrouted: Count
    """Of these, packets that went a way that was not right at any time while they were under way."""
    disagreements: Count
    """Entries in `rows`."""
    still: Count
    """Of these, ones that were still so at the end."""
    longest_misroute_ms: NonNegative
    """The longest time that a lane had another path than the one predicted; 0: none had."""
    rules: Count | None
    """Flow rules that the switches had at the end; null: not recorded."""
    rules_differing: Count | None
    """Flow rules that were too many or missing then; null: not recorded."""
    rows: list[OracleRow] = field(default_factory=list)
    """Every disagreement, in the order of time."""
