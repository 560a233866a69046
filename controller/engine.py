"""The controller without its I/O: events and times in, rules to install and records to log out. Pure; times are ns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from controller.decisions import HealthChange, Kept, Review
from controller.health import Health, Tracker
from controller.installer import Installer
from controller.lane_moves import LaneMoves, Shift
from controller.messages import (
    Action,
    BarrierReply,
    Install,
    Milestone,
    PortState,
    SwitchConnected,
    SwitchError,
    SwitchEvent,
    SwitchRefused,
)
from controller.policy import Move, Pair, Situation, after, reviews, wanted
from controller.relay_watch import RelayPath, RelayWatch
from controller.rules import (
    FlowRule,
    FoundReroute,
    clear_rules,
    direct_rules,
    reroute_rules,
    reroutes_in,
    restore_rules,
)
from controller.settings import ControllerSettings
from hostio.timing import S
from relay_app.probing.probe_report import ProbeReport
from topologies.model import Direction, Link, Topology

_CHECK_NS = 1 * S
"""How often the log says why traffic stays where it is."""


class Engine:
    """Joins health, policy and rules.

    Health is watched from the first probe that arrives once every switch has confirmed its direct paths: earlier,
    either no probe can pass or nobody sends any.
    """

    def __init__(self, topology: Topology, settings: ControllerSettings) -> None:
        self._topology = topology
        self._settings = settings
        self._clusters = {cluster.ordinal: cluster for cluster in topology.clusters}
        self._installer = Installer(self._clusters)
        self._trackers: dict[Direction, Tracker] = {}
        self._relays = RelayWatch(topology, settings)
        self._lanes = LaneMoves(settings.pace_ns)
        self._next_check_ns = 0
        self._links = {
            frozenset((topology.cluster(link.a).ordinal, topology.cluster(link.b).ordinal)): link
            for link in topology.links
        }
        self._down_ports: set[tuple[int, int]] = set()
        """Switch and port number."""
        self._rerouted: Mapping[Pair, str] = {}
        self._kept: dict[Pair, str] = {}
        self._reached: set[str] = set()
        """Milestones."""
        self._met: dict[int, list[FoundReroute]] = {}
        """What each switch had in force when it connected for the first time."""

    def report(self, report: ProbeReport) -> list[Action]:
        """A probe or a canary arrived. KeyError if no such link is in the topology."""
        ends = self._direction(report.source, report.via or report.destination)
        self._topology.link(*ends)
        if not self._installer.complete:
            return []
        begun: list[Action] = [] if self._trackers else [*self._begin(report.received_ns)]
        if report.via:
            self._relays.report(RelayPath(*ends), report)
        else:
            self._trackers[ends].report(report)
        return begun

    def handle(self, event: SwitchEvent, now_ns: int) -> list[Action]:
        """A switch said something; SwitchError if it refused a message."""
        if isinstance(event, SwitchRefused):
            raise SwitchError(f"{self._clusters[event.switch].name}'s switch refused a message: {event.error}")
        if isinstance(event, SwitchConnected):
            return [*self._connected(event, now_ns)]
        if isinstance(event, PortState):
            return self._port_state(event, now_ns)
        return self._confirm(event)

    def tick(self, now_ns: int) -> list[Action]:
        """Judge every direction and every relay on the evidence so far."""
        changes: list[Action] = [change for tracker in self._trackers.values() for change in tracker.tick(now_ns)]
        changes += self._relays.tick(now_ns, self.health)
        known = bool(self._trackers) and all(health.state != "unknown" for health in self.health.values())
        return changes + self._reach("watching", reached=known and self._relays.known)

    def decide(self, now_ns: int) -> list[Action]:
        """Let the policy look at health and paths, and put its wishes in force."""
        if not self._trackers:
            return []
        wishes = wanted(self._situation(now_ns))
        actions: list[Action] = self._new_reasons([wish for wish in wishes if isinstance(wish, Kept)])
        for move in [wish for wish in wishes if isinstance(wish, Move)]:
            self._rerouted = after(move, self._rerouted)
            self._lanes.begin(move, now_ns)
        for shift in self._lanes.due(now_ns):
            actions += self._installer.move(shift.move, shift.lanes, self._rules_of(shift), now_ns)
        return [*actions, *self._checks(now_ns)]

    def sent(self, install: Install, at_ns: int) -> None:
        """An installation was handed to the switch's connection."""
        self._installer.sent(install.token, at_ns)

    @property
    def health(self) -> dict[Direction, Health]:
        """What is known of every direction; empty before the watch began."""
        return {direction: tracker.health for direction, tracker in self._trackers.items()}

    def _direction(self, source: int, destination: int) -> Direction:
        return Direction(self._clusters[source].name, self._clusters[destination].name)

    def _connected(self, event: SwitchConnected, now_ns: int) -> Iterator[Action]:
        """A switch that is met for the first time keeps the reroutes that another controller gave it: media flow over
        them. When all are met, those that both ends have are taken up, and the others taken away."""
        if event.switch in self._met:
            yield from self._installer.install(self._all_rules(event.switch))
            return
        found = reroutes_in(self._topology, event.rules)
        self._met[event.switch] = [reroute for reroute, _ in found]
        yield from self._installer.install([*self._all_rules(event.switch), *(rule for _, rule in found)])
        if self._met.keys() == self._clusters.keys():
            yield from self._take_up(now_ns)

    def _take_up(self, now_ns: int) -> Iterator[Action]:
        found = {reroute for each in self._met.values() for reroute in each}
        whole = sorted(reroute for reroute in found if reroute.other_end() in found)
        halves = sorted(found - set(whole))
        yield from self._installer.install(
            rule
            for half in halves
            for rule in restore_rules(self._topology, half.at, half.towards, (half.lane,))
            if self._clusters[rule.switch].name == half.at
        )
        for link in self._topology.links:
            lanes = {each.lane: each.via for each in whole if (each.at, each.towards) == (link.a, link.b)}
            if lanes:
                yield self._take_up_pair(link, lanes, now_ns)

    def _take_up_pair(self, link: Link, lanes: Mapping[int, str], now_ns: int) -> Review:
        """A move that was not made to its end goes on."""
        pair, via = Pair((link.a, link.b)), next(iter(lanes.values()))
        for relay in set(lanes.values()):
            self._lanes.take_up(pair, relay, [lane for lane, each in lanes.items() if each == relay])
        move = Move(link.a, link.b, via, "found so on the switches", now_ns)
        self._rerouted = after(move, self._rerouted)
        self._lanes.begin(move, now_ns)
        return Review(link.a, link.b, via, f"{len(lanes)} of its lanes were found so on the switches", now_ns)

    def _all_rules(self, switch: int) -> list[FlowRule]:
        rules = [clear_rules(switch), *direct_rules(self._topology, self._clusters[switch])]
        for (a, b), via, lanes in self._lanes.reroutes():
            rules += reroute_rules(self._topology, a, b, via, lanes)
        return [rule for rule in rules if rule.switch == switch]

    def _confirm(self, reply: BarrierReply) -> list[Action]:
        decisions = self._installer.confirm(reply)
        return [*decisions, *self._reach("installed", reached=self._installer.complete)]

    def _reach(self, name: Literal["installed", "watching"], *, reached: bool) -> list[Action]:
        """The milestone, the first time it is reached."""
        if not reached or name in self._reached:
            return []
        self._reached.add(name)
        return [Milestone(name)]

    def _begin(self, now_ns: int) -> list[HealthChange]:
        for link in self._topology.links:
            for direction in link.directions:
                self._trackers[direction] = Tracker(direction, link.one_way_ns, link.jitter_ns, self._settings, now_ns)
        self._relays.begin(now_ns)
        down = [link for link in self._topology.links if self._port_down(link)]
        return [change for link in down for change in self._follow_ports(link, now_ns)]

    def _port_state(self, event: PortState, now_ns: int) -> list[Action]:
        link = self._links.get(frozenset((event.switch, event.port)))
        if link is None:
            return []
        was_down = self._port_down(link)
        port = (event.switch, event.port)
        (self._down_ports.discard if event.up else self._down_ports.add)(port)
        if self._port_down(link) == was_down or not self._trackers:
            return []
        return [*self._follow_ports(link, now_ns)]

    def _port_down(self, link: Link) -> bool:
        ends = self._topology.cluster(link.a).ordinal, self._topology.cluster(link.b).ordinal
        return not self._down_ports.isdisjoint((ends, ends[::-1]))

    def _follow_ports(self, link: Link, now_ns: int) -> list[HealthChange]:
        """A port is full duplex: either end's port down takes both directions of the link with it."""
        trackers = [self._trackers[direction] for direction in link.directions]
        if self._port_down(link):
            return [change for tracker in trackers for change in tracker.port_down(now_ns)]
        return [change for tracker in trackers for change in tracker.port_up(now_ns)]

    def _new_reasons(self, kept: list[Kept]) -> list[Action]:
        """Those whose reason is not the one last logged for their pair."""
        reasons = {Pair((record.a, record.b)): record.reason for record in kept}
        known, self._kept = self._kept, reasons
        return [record for record in kept if known.get(Pair((record.a, record.b))) != record.reason]

    def _situation(self, now_ns: int) -> Situation:
        relays, unconfirmed = self._relays.relays, self._installer.unconfirmed
        return Situation(self._topology, self.health, relays, self._rerouted, self._settings, now_ns, unconfirmed)

    def _checks(self, now_ns: int) -> list[Review]:
        """Why each rerouted pair stays where it is, once a second."""
        if now_ns < self._next_check_ns:
            return []
        self._next_check_ns = now_ns + _CHECK_NS
        return reviews(self._situation(now_ns))

    def _rules_of(self, shift: Shift) -> tuple[FlowRule, ...]:
        move = shift.move
        if move.via is None:
            return restore_rules(self._topology, move.a, move.b, shift.lanes)
        return reroute_rules(self._topology, move.a, move.b, move.via, shift.lanes)
