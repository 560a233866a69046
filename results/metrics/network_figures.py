"""Figures of the network in `summary.json`: what links carried, and the times of faults and reroutes.

Times are seconds since the media start; None (null) is unknown, or nothing to measure.
"""

from __future__ import annotations

from dataclasses import dataclass

from results.metrics.figure_types import Count, Lane, NonNegative


@dataclass(frozen=True, slots=True)
class LinkRow:
    """A link direction that has a rate, of its own or by a fault."""

    source: str
    """Cluster at its beginning."""
    destination: str
    """Cluster at its end."""
    utilisation_percent: NonNegative | None
    """Bits of the Ethernet frames that left it at its end, while it had a rate, in percent of what the rate carries in
    that time; null: not recorded."""


@dataclass(frozen=True, slots=True)
class FaultRow:
    """A planned fault."""

    what: str
    """Fault word: what is done to the links or the process."""
    where: str
    """a–b: both directions; a→b: one. A relay's cluster; empty for the directory and the controller."""
    planned_at: float
    """Planned start, s since the media start."""
    planned_until: float
    """Planned end, s since the media start."""
    applied_at: float | None
    """When it was applied to the first direction, s since the media start."""
    applied_until: float | None
    """When the last direction was restored, s since the media start."""


@dataclass(frozen=True, slots=True)
class RerouteRow:
    """A move of lanes between two clusters to a relay, or two: when fault, seen, installed, first packet, returned."""

    link: str
    """The clusters whose traffic moved, both directions, as the link between them is named."""
    via: str
    """The relay's cluster."""
    lanes: list[Lane]
    """The lanes moved."""
    directions: Count
    """Streams between the link's ends on these lanes, which moved; 0: no session used them."""
    reason: str
    """The controller's reason."""
    fault_at: float | None
    """When the latest fault on the link that began before it was seen was applied, s since the media start."""
    seen_at: float
    """When the evidence reached the controller, s since the media start."""
    installed_at: float
    """When the last switch confirmed the new path (barrier reply), s since the media start."""
    first_packet_at: float | None
    """When the first packet between the link's ends that had passed the relay was received, s since the media start."""
    returned_at: float | None
    """When lanes moved were first confirmed on the direct path again, s since the media start."""
    then: str | None = None
    """The cluster of the relay after it, from the first cluster to the second, if there are two."""

    @property
    def relays(self) -> tuple[str, ...]:
        """The clusters of its relays."""
        return (self.via,) if self.then is None else (self.via, self.then)
