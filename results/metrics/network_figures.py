"""Figures of the network in `summary.json`: what links carried, and the times of faults and reroutes.

Times are seconds since the media start; None (null) is unknown, or nothing to measure.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from controller.decisions import FoundBy
from results.metrics.figure_types import Count, Lane, LengthQuantiles, NonNegative


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
class ConvergenceRow:
    """How media converged after a fault (RFC 6412): the streams that fell silent after it and before the next fault, of
    each its first silence. A recovery counts once a stream was heard for max(5 packets, 5 s): silences that follow one
    another sooner are one."""

    fault: Count
    """Its number in `faults`."""
    event_at: float
    """Convergence event instant: when it was applied to the first direction, s since the media start."""
    routes: Count
    """Streams that fell silent."""
    recovered: Count
    """Of these, streams that were heard again."""
    unsustained: Count
    """Of the recovered, streams whose media ended before that was sustained."""
    first_route_at: float | None
    """First route convergence instant, s since the media start; null: none recovered."""
    full_at: float | None
    """Convergence recovery instant: when the last was heard again, s since the media start; null: one never was, or
    none fell silent."""
    first_route_ms: NonNegative | None
    """From the event until then; null as above."""
    full_ms: NonNegative | None
    """From the event until then: full convergence time; null as above."""
    by_timestamps_ms: LengthQuantiles
    """Sum of the silences of a stream until it recovered, each from the last packet before to the first packet after;
    of one that lasts, until the media end (right-censored)."""
    by_loss_ms: LengthQuantiles
    """Packets lost in all of these over the rate of the stream: route-specific loss-derived convergence time."""
    resolution_ms: NonNegative | None
    """Resolution of each of these lengths: the nominal packet interval, of several media the coarsest (RFC 6413 section
    6.1.3); null: none fell silent."""


@dataclass(frozen=True, slots=True)
class RerouteParts:
    """What the interruption of a stream is made of, ms (docs/reroutes.md): all parts, `unexplained` too, add up to it.
    Null: one of the two times between which a part lies is not known; what it took is then in `unexplained`."""

    detect_ms: NonNegative | None
    """From the fault, or where the silence began later from there, until a detector saw it."""
    decide_ms: NonNegative | None
    """Until the policy had decided on the move of these lanes; of the later steps of a paced one, with the waiting."""
    install_ms: NonNegative | None
    """Until the last switch had confirmed the rules, or the stream's first packet had taken them before that."""
    first_packet_ms: NonNegative | None
    """Until its first packet that took the new path was sent."""
    relay_ms: NonNegative | None
    """Until the last relay of the new path gave out its first packet: the way to there, and what relays kept it."""
    recovered_ms: NonNegative | None
    """Until the silence of the stream ended: the way from that relay to the listener, and what else was waited for."""
    under_way_ms: float | None
    """Zero or less: the listener still heard the packets that were past the fault's place when it began, for as long as
    the links from there take."""
    unexplained_ms: float
    """The interruption less all of these: within one packet interval where all is known."""
    still: bool
    """It lasted until the media end, and is counted until then (right-censored)."""


@dataclass(frozen=True, slots=True)
class LaneRow:
    """One lane of a reroute that streams between the link's ends use."""

    lane: Lane
    """The lane."""
    directions: Count
    """Streams on it that moved."""
    first_packet_sent_at: float | None
    """When the first packet of the lane that took the new path was sent, as its path log or a relay's log of packets
    not forwarded shows, s since the media start."""
    relay_first_output_at: float | None
    """When the last relay of the new path first gave out a packet of the lane: its arrival less the delay of the links
    from there, s since the media start."""
    first_packet_at: float | None
    """When the first packet of the lane that had taken the new path was received, s since the media start."""
    media_recovered_at: float | None
    """When the last stream of the lane that the reroute found or made silent was heard again, s since the media start;
    null: none was silent, or one is still."""
    returned_at: float | None
    """When the lane was next confirmed on the direct path, s since the media start."""
    interruption_ms: NonNegative | None
    """The longest of these silences, ms; null: there was none."""
    parts: RerouteParts | None
    """What it is made of; null: there was none."""
    reordered: Count | None = None
    """Packets of these streams out of order (RFC 4737) because they took the new path and what overtook them did not,
    or the other way round; null: they do not tell their path, or the run was judged without."""


@dataclass(frozen=True, slots=True)
class RerouteRow:
    """A move of lanes between two clusters to a relay, or two, taken apart (docs/reroutes.md)."""

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
    """When the latest fault on the link that was seen, or on the relay, was applied of those that began before it was
    seen, s since the media start."""
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
    repaired_at: float | None = None
    """When the controller heard that a switch had moved the lanes by itself (local repair), s since the media start;
    null: none had."""
    detector: FoundBy | None = None
    """Which detector saw it; null: the controller's log does not tell."""
    decided_at: float | None = None
    """When the policy had decided on the move of these lanes, s since the media start."""
    flow_mods_sent_at: float | None = None
    """When the last byte of the rules had been written to the last switch's socket, s since the media start; null: the
    run was recorded without."""
    barrier_at: float | None = None
    """As installed_at."""
    relay_first_output_at: float | None = None
    """The earliest of its lanes, s since the media start."""
    media_recovered_at: float | None = None
    """The latest of its lanes, s since the media start; null: no stream was silent, or one is still."""
    interruption_ms: NonNegative | None = None
    """The longest of its lanes, ms; null: no stream was silent."""
    parts: RerouteParts | None = None
    """What that is made of; null: no stream was silent."""
    by_lane: list[LaneRow] = field(default_factory=list)
    """One entry per lane moved that streams use."""
    reordered: Count | None = None
    """Packets that the move and the return put out of order, of all lanes that tell; null: none does."""

    @property
    def relays(self) -> tuple[str, ...]:
        """The clusters of its relays."""
        return (self.via,) if self.then is None else (self.via, self.then)

    @property
    def in_force_at(self) -> float:
        """When the path is known to have been taken: since the local repair, or the installation."""
        return self.installed_at if self.repaired_at is None else self.repaired_at
