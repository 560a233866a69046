"""An engine of the controller with simulated switches, probes and canaries."""

from __future__ import annotations

from dataclasses import replace

from controller.decisions import Decision
from controller.engine import Engine
from controller.flow_rules import FlowRule, GroupRule
from controller.messages import (
    Action,
    BarrierReply,
    Install,
    Milestone,
    PortState,
    Record,
    SwitchConnected,
)
from controller.policies import Policy
from controller.settings import ControllerSettings
from controller.traffic import NO_TRAFFIC, Traffic
from hostio.timing import MS, S
from relay_app.load_order import LoadOrder
from relay_app.probing.probe_report import ProbeReport
from topologies.model import LAN_PORT, Direction, Topology

TICK = 10 * MS
INTERVAL = 50 * MS
FAST = ControllerSettings(hold_ns=500 * MS)


class Bench:
    """An engine with switches that obey at once, keep real priorities and confirm one millisecond later."""

    def __init__(
        self,
        topology: Topology,
        settings: ControllerSettings = FAST,
        policy: Policy | None = None,
        traffic: Traffic = NO_TRAFFIC,
    ) -> None:
        self.topology = topology
        self.engine = Engine(topology, settings, policy, traffic)
        self.now_ns = 0
        self.tables: dict[tuple[int, int, tuple[tuple[str, int | str], ...]], FlowRule] = {}
        self.groups: dict[tuple[int, int], GroupRule] = {}
        self.dead: set[tuple[int, int | None]] = set()
        """Switch and port of BFD sessions that are down."""
        self.records: list[Record] = []
        self.milestones: list[str] = []
        self.orders: list[tuple[int, LoadOrder]] = []
        """To relays, and when they were given."""
        self.cut: set[Direction] = set()
        self.settings = settings
        self.stuck: set[str] = set()
        """Clusters whose relay moves nothing."""

    def connect(self) -> None:
        for cluster in self.topology.clusters:
            self.perform(self.engine.handle(SwitchConnected(cluster.ordinal), self.now_ns))

    def perform(self, actions: list[Action]) -> None:
        for action in actions:
            if isinstance(action, Install):
                self.apply(action)
                self.engine.sent(action, self.now_ns)
                reply = BarrierReply(action.switch, action.token, self.now_ns + 1 * MS, self.now_ns)
                self.perform(self.engine.handle(reply, self.now_ns))
            elif isinstance(action, LoadOrder):
                self.orders.append((self.now_ns, action))
            elif isinstance(action, Milestone):
                self.milestones.append(action.name)
            else:
                self.records.append(action)

    def apply(self, install: Install) -> None:
        for rule in install.rules:
            assert rule.switch == install.switch
            if isinstance(rule, GroupRule):
                self.apply_group(rule)
            elif rule.command == "clear":
                self.tables = {key: kept for key, kept in self.tables.items() if key[0] != rule.switch}
            elif rule.command == "delete":
                del self.tables[rule.switch, rule.priority, rule.match]
            else:
                self.tables[rule.switch, rule.priority, rule.match] = rule

    def apply_group(self, rule: GroupRule) -> None:
        if rule.command == "clear":
            self.groups = {key: kept for key, kept in self.groups.items() if key[0] != rule.switch}
            return
        key = (rule.switch, rule.group_id)
        assert (key in self.groups) == (rule.command == "modify"), "a switch refuses it otherwise"
        self.groups[key] = replace(rule, command="add")

    def sessions(self, a: str, b: str, *, up: bool) -> None:
        """The BFD sessions of a link go up or down at both ends: first the ports, then word of it."""
        ends = self.topology.ordinals(Direction(a, b))
        for end in (ends, ends[::-1]):
            (self.dead.discard if up else self.dead.add)(end)
        for switch, port in (ends, ends[::-1]):
            self.perform(self.engine.handle(PortState(switch, port, up=True, live=up), self.now_ns))

    def run(self, duration_ns: int) -> None:
        """Probes 20 ms under way on every link that is not cut, and a tick every 10 ms."""
        end_ns = self.now_ns + duration_ns
        while self.now_ns < end_ns:
            self.now_ns += TICK
            if self.now_ns % INTERVAL == 0:
                self.probe()
            if self.settings.canaries and self.now_ns % self.settings.canary_interval_ns == 0:
                self.send_canaries()
            self.perform(self.engine.tick(self.now_ns))
            self.perform(self.engine.decide(self.now_ns))

    def probe(self) -> None:
        for direction in set(self.topology.directions) - self.cut:
            ends = [self.topology.cluster(name).ordinal for name in direction]
            report = ProbeReport(ends[0], ends[1], self.now_ns // INTERVAL, self.now_ns - 20 * MS, self.now_ns)
            self.perform(self.engine.report(report))

    def send_canaries(self) -> None:
        for direction in set(self.topology.directions):
            if {direction, direction.reversed()} & self.cut or direction.destination in self.stuck:
                continue
            observer, relay = (self.topology.cluster(name).ordinal for name in direction)
            number, sent_ns = self.now_ns // self.settings.canary_interval_ns, self.now_ns - 40 * MS
            report = ProbeReport(observer, observer, number, sent_ns, self.now_ns, via=relay)
            self.perform(self.engine.report(report))

    def decisions(self) -> list[Decision]:
        return [record for record in self.records if isinstance(record, Decision)]

    def relays_passed(self, source: str, destination: str, lane: int) -> list[str]:
        """Follow a packet of a lane through the tables; each relay sends it on to its destination."""
        clusters = {cluster.ordinal: cluster for cluster in self.topology.clusters}
        at, target = self.topology.cluster(source), self.topology.cluster(destination)
        passed: list[str] = []
        while at != target:
            assert len(passed) < len(clusters), f"loop: {passed}"
            fields = {"in_port": LAN_PORT, "eth_type": 0x0800, "ip_proto": 17, "udp_dst": 40000 + lane}
            fields_to: dict[str, int | str] = {**fields, "ipv4_dst": str(target.address)}
            output = self.way_out(self.lookup(at.ordinal, fields_to))
            assert output is not None, f"dropped after {passed}"
            at = clusters[output]
            passed.append(at.name)
        return passed[:-1]

    def way_out(self, rule: FlowRule) -> int | None:
        """The port by which a packet leaves that matches a rule; None: it is dropped."""
        if rule.group is None:
            return rule.output
        buckets = self.groups[rule.switch, rule.group].buckets
        return next((each.output for each in buckets if (rule.switch, each.watch_port) not in self.dead), None)

    def lookup(self, switch: int, fields: dict[str, int | str]) -> FlowRule:
        hits = [r for key, r in self.tables.items() if key[0] == switch and set(key[2]) <= set(fields.items())]
        return max(hits, key=lambda rule: rule.priority)


def started(topology: Topology, settings: ControllerSettings = FAST, traffic: Traffic = NO_TRAFFIC) -> Bench:
    bench = Bench(topology, settings, traffic=traffic)
    bench.connect()
    bench.run(1 * S)
    bench.records.clear()
    return bench


def both(a: str, b: str) -> set[Direction]:
    return {Direction(a, b), Direction(b, a)}
