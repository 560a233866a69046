"""The controller without its I/O: events and times in, rules to install and records to log out. Pure; times are ns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from controller.coverage import NO_COVERAGE
from controller.decisions import HealthChange, Kept, Review
from controller.flow_rules import SwitchRule, clear_groups, clear_rules
from controller.health import Health
from controller.health_watch import HealthWatch
from controller.installer import Installer
from controller.loading import NOTHING_LOADING
from controller.local_repair import LocalRepair
from controller.messages import (
    Action,
    BarrierReply,
    Install,
    LanePaths,
    Milestone,
    PortState,
    SwitchConnected,
    SwitchError,
    SwitchEvent,
    SwitchRefused,
)
from controller.moves import (
    NO_REROUTES,
    LaneReroutes,
    Load,
    Move,
    Relays,
    after_in_lanes,
    relays_between,
    second_of,
)
from controller.policies import POLICIES, Policy
from controller.policies.steps import LaneTable, Step, lane_groups, paced
from controller.reviews import reviews
from controller.routing_rules import (
    Ends,
    FoundReroute,
    direct_rules,
    lane_rules,
    reroute_rules,
    reroutes_in,
    restore_rules,
)
from controller.settings import ControllerSettings
from controller.situation import Situation
from controller.traffic import NO_TRAFFIC, Traffic
from hostio.timing import S
from relay_app.coverage_report import CoverageReport
from relay_app.media_report import MediaReport
from relay_app.ports import LANES
from relay_app.probing.probe_report import ProbeReport, ReflectionReport
from topologies.model import Direction, DirectPath, Topology

_REVIEW_NS = 1 * S
"""How often the log says why traffic stays where it is."""

_REROUTES_WITHIN_NS = 60 * S
"""Of what time `max_reroutes` is the most."""


class Engine:
    """Joins health, policy and rules.

    Health is watched from the first probe that arrives once every switch has confirmed its direct paths: earlier,
    either no probe can pass or nobody sends any.
    """

    def __init__(
        self,
        topology: Topology,
        settings: ControllerSettings,
        policy: Policy | None = None,
        traffic: Traffic = NO_TRAFFIC,
    ) -> None:
        """`policy`: unless given, the one that the settings name."""
        self._topology = topology
        self._settings = settings
        self._policy = policy or POLICIES[settings.policy.name]
        self._traffic = traffic
        self._clusters = {cluster.ordinal: cluster for cluster in topology.clusters}
        self._installer = Installer(self._clusters)
        self._watch = HealthWatch(topology, settings)
        self._lanes = LaneTable(one_way=settings.one_way)
        self._repair = LocalRepair(topology, settings)
        carrying = [pair for pair in topology.direct_paths if any(traffic.of_pair(pair.a, pair.b))]
        self._apart = [pair for pair in carrying if settings.may_reroute and not self._repair.has_groups(pair)]
        """The pairs whose lanes have direct rules of their own."""
        self._reroutes: LaneReroutes = NO_REROUTES
        self._coverage = NO_COVERAGE
        self._loading = NOTHING_LOADING
        self._logged: Mapping[Direction, str] = {}
        """Of each pair, by its ends, that the policy keeps on a path that is not clean, the reason last logged."""
        self._moved_ns: tuple[int, ...] = ()
        """When pairs were moved onto relays, once for each, in the last minute."""
        self._next_review_ns = 0
        self._reached: set[str] = set()
        """Milestones."""
        self._found: dict[int, list[FoundReroute]] = {}
        """The reroutes that each switch had when it connected for the first time."""

    def report(self, report: ProbeReport | ReflectionReport | MediaReport) -> list[Action]:
        """A probe or a canary arrived, or a probe came back, or a client counted its media. KeyError if no such link is
        in the topology."""
        if not self._installer.complete:
            return []
        if isinstance(report, MediaReport):
            return [*self._watch.observe(report, report.at_ns)] if self._watch.begun else []
        at_ns = (report.there if isinstance(report, ReflectionReport) else report).received_ns
        begun = [] if self._watch.begun else [*self._watch.begin(at_ns), *self._tell_paths(at_ns)]
        return [*begun, *self._watch.observe(report, at_ns)]

    def cover(self, report: CoverageReport) -> None:
        """A relay told which session records it holds. KeyError if there is no such cluster."""
        self._coverage = self._coverage.after(report, self._topology)

    def handle(self, event: SwitchEvent, now_ns: int) -> list[Action]:
        """A switch connected, answered, refused, or reported a port; SwitchError if it refused a message. What is no
        switch of the topology counts for nothing."""
        if event.switch not in self._clusters:
            return []
        if isinstance(event, SwitchRefused):
            raise SwitchError(f"{self._clusters[event.switch].name}'s switch refused a message: {event.error}")
        if isinstance(event, SwitchConnected):
            return [*self._connected(event, now_ns)]
        if isinstance(event, PortState):
            self._repair.observe(event, now_ns)
            return [*self._watch.observe(event, now_ns)]
        return self._confirm(event)

    def tick(self, now_ns: int) -> list[Action]:
        """Judge every link and every relay on the evidence so far."""
        changes = self._watch.tick(now_ns)
        return [*changes, *self._reach("watching", reached=self._watch.known)]

    def decide(self, now_ns: int) -> list[Action]:
        """Let the policy look at health and paths, and begin the moves that it decides on."""
        if not self._watch.begun:
            return []
        self._moved_ns = tuple(at_ns for at_ns in self._moved_ns if now_ns - at_ns < _REROUTES_WITHIN_NS)
        decisions = self._policy(self._situation(now_ns))
        actions: list[Action] = self._new_reasons([each for each in decisions if isinstance(each, Kept)])
        loads = [each for each in decisions if isinstance(each, Load)]
        self._loading, orders = self._loading.after(loads, self._topology, now_ns)
        actions += orders
        for move in [each for each in decisions if isinstance(each, Move)]:
            present = relays_between(move.a, move.b, self._reroutes[move.lanes[0]])
            self._begin(self._repair.with_repair(move, present), now_ns)
        onto_relays = {each.pair for each in decisions if isinstance(each, Move) and each.relays}
        self._moved_ns += (now_ns,) * len(onto_relays)
        steps, self._lanes = self._lanes.due(now_ns)
        if steps:
            actions += self._tell_paths(now_ns)
        for step in steps:
            actions += self._installer.move(step.move, step.lanes, self._rules_of(step), now_ns)
        if not actions:  # not before rules that traffic waits for
            actions += self._installer.install(self._repair.refresh(self._situation(now_ns)))
        return [*actions, *self._reviews(now_ns)]

    def sent(self, install: Install, at_ns: int) -> None:
        """An installation was handed to the switch's connection."""
        self._installer.sent(install.token, at_ns)

    @property
    def health(self) -> Mapping[Direction, Health]:
        """What is known of every direction; empty before the watch began."""
        return self._watch.links

    def _tell_paths(self, now_ns: int) -> list[HealthChange]:
        """Detectors that judge by media have to know which way these take."""
        return self._watch.observe(LanePaths(now_ns, self._lanes.paths), now_ns)

    def _connected(self, event: SwitchConnected, now_ns: int) -> Iterator[Action]:
        """A switch that connects for the first time keeps the reroutes that another controller gave it: media flow
        over them. Once all have connected, reroutes that both ends have are adopted, and the others deleted."""
        # An earlier controller's groups go first: no rule of this one refers to them, and to add one again is refused.
        groups = [clear_groups(event.switch)] if event.groups else []
        if event.switch in self._found:
            yield from self._installer.install([*groups, *self._all_rules(event.switch)])
            return
        found = reroutes_in(self._topology, event.rules)
        self._found[event.switch] = [reroute for reroute, _ in found]
        yield from self._installer.install([*groups, *self._all_rules(event.switch), *(rule for _, rule in found)])
        if self._found.keys() == self._clusters.keys():
            yield from self._adopt(now_ns)

    def _adopt(self, now_ns: int) -> Iterator[Action]:
        """Take up the reroutes that both ends have, whichever relays they go over: the policy leaves those that make no
        path."""
        found = {Ends(each.at, each.towards, each.lane): each.via for ends in self._found.values() for each in ends}
        if self._settings.one_way:
            for pair in self._topology.one_way_paths:
                ends = {lane: found.get(Ends(pair.a, pair.b, lane)) for lane in range(LANES)}
                if own := {lane: (relay,) for lane, relay in ends.items() if relay is not None}:
                    yield from self._adopt_pair(pair, own, now_ns)
            return
        yield from self._installer.install(
            rule
            for half in sorted(ends for ends in found if ends.reversed() not in found)
            for rule in restore_rules(self._topology, half.at, half.towards, (half.lane,))
            if self._clusters[rule.switch].name == half.at
        )
        for pair in self._topology.direct_paths:
            lanes = {
                lane: tuple(dict.fromkeys((found[there], found[back])))
                for lane in range(LANES)
                if (there := Ends(pair.a, pair.b, lane)) in found and (back := there.reversed()) in found
            }
            if lanes:
                yield from self._adopt_pair(pair, lanes, now_ns)

    def _adopt_pair(self, pair: DirectPath, lanes: Mapping[int, Relays], now_ns: int) -> Iterator[Review]:
        """Take the lanes' paths for those of all that the policy moves alike; a paced move that the earlier controller
        had begun goes on."""
        for lane, relays in lanes.items():
            self._lanes = self._lanes.adopted(pair.ends, relays, (lane,))
        for group in lane_groups(self._settings):
            found = {lane: lanes[lane] for lane in group if lane in lanes}
            if found:
                relays = next(iter(found.values()))
                move = Move(*pair.ends, relays, "found so on the switches", now_ns, group, one_way=pair.one_way)
                self._begin(paced(move, self._settings), now_ns)
                why = f"{len(found)} of its lanes were found so on the switches"
                yield Review(pair.a, pair.b, move.relays[0], why, now_ns, second_of(move.relays), pair.one_way)

    def _begin(self, move: Move, now_ns: int) -> None:
        self._reroutes = after_in_lanes(move, self._reroutes)
        self._lanes = self._lanes.begun(move, now_ns)

    def _all_rules(self, switch: int) -> list[SwitchRule]:
        cluster = self._clusters[switch]
        direct = (*direct_rules(self._topology, cluster), *lane_rules(self._topology, cluster, self._apart))
        rules: list[SwitchRule] = [clear_rules(switch), *direct, *self._repair.rules(switch)]
        for (a, b), relays, lanes in self._lanes.reroutes():
            rules += reroute_rules(self._topology, a, b, relays, lanes, one_way=self._settings.one_way)
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

    def _new_reasons(self, kept: list[Kept]) -> list[Action]:
        """Those whose reason is not the one last logged for their pair."""
        logged, self._logged = self._logged, {Direction(record.a, record.b): record.reason for record in kept}
        return [record for record in kept if logged.get(Direction(record.a, record.b)) != record.reason]

    def _situation(self, now_ns: int) -> Situation:
        watch = self._watch
        return Situation(
            self._topology,
            watch.links,
            watch.relays,
            self._reroutes[0],
            self._settings,
            now_ns,
            self._installer.unconfirmed,
            self._reroutes,
            self._lanes.paths,
            self._traffic,
            self._coverage,
            self._loading,
            moved_before=len(self._moved_ns),
        )

    def _reviews(self, now_ns: int) -> list[Review]:
        """Why each rerouted pair stays where it is, once a second."""
        if now_ns < self._next_review_ns:
            return []
        self._next_review_ns = now_ns + _REVIEW_NS
        return reviews(self._situation(now_ns))

    def _rules_of(self, step: Step) -> tuple[SwitchRule, ...]:
        move = step.move
        if not move.relays:
            return restore_rules(self._topology, move.a, move.b, step.lanes, one_way=move.one_way)
        return reroute_rules(self._topology, move.a, move.b, move.relays, step.lanes, one_way=move.one_way)
