"""The flow tables at the end of a run against those that the model gives. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass

from relay_app.ports import LANE_PORT, LANES
from results.oracle.mesh import Mesh, Relays
from results.oracle.packet_check import Windows
from results.run_files.flow_tables import FlowTables
from topologies.model import LAN_PORT, Cluster, Direction, Topology

_DIRECT, _LANE, _REROUTE = 100, 150, 200
"""Priorities of the rules of direct paths, of lanes on them or by their groups, and of reroutes."""

_PRIORITY = re.compile(r"priority=(\d+)")
_FIELD = re.compile(r"(?:^|,)(in_port|nw_dst|tp_dst)=\"?([^,\"]+)")
_SET = re.compile(r"set_field:([^,]+)->(eth_dst|ip_dst)")
_OUT = re.compile(r"(output|group):\"?([^,\"]+)")


@dataclass(frozen=True, slots=True)
class Rule:
    """A flow rule as far as the model tells it. `output`: a port's number; None: a group's."""

    switch: str
    priority: int
    destination: str
    """Address."""
    lane: int | None = None
    from_host: bool = False
    sets: tuple[str, ...] = ()
    """Ethernet and IPv4 address of the relay to which it sends."""
    output: int | None = None

    def __str__(self) -> str:
        lane = "" if self.lane is None else f" on lane {self.lane}"
        to = "its group" if self.output is None else f"port {self.output}"
        return f"priority {self.priority}: for {self.destination}{lane} to {' '.join((*self.sets, to))}"


@dataclass(frozen=True, slots=True)
class RuleDifference:
    """A switch has a rule that is not right, or, if `missing`, lacks one of those of which one would be."""

    switch: str
    towards: str
    lane: int | None
    right: tuple[Rule, ...]
    found: Rule | None


@dataclass(frozen=True, slots=True)
class LaneRules:
    """Which lanes have rules beside those of their cluster. `groups`: switches repair paths by themselves: each lane
    between the ends of a link has a rule that refers to its group. `apart`: other pairs of clusters of which each lane
    has a rule of its own for the direct path."""

    groups: bool = False
    apart: Set[frozenset[str]] = frozenset()


def rule_differences(
    topology: Topology, mesh: Mesh, tables: FlowTables, windows: Windows, lanes: LaneRules
) -> list[RuleDifference]:
    """Every rule too many and every rule missing; what is in groups is not compared."""
    found = {(key, rule) for at, rules in tables.rules.items() for text in rules for key, rule in [_parsed(at, text)]}
    of_key: dict[tuple[str, int, str, int | None], list[Rule]] = {}
    for key, rule in found:
        of_key.setdefault(key, []).append(rule)
    right = _right(topology, mesh, tables.at_ns, windows, lanes)
    names = {str(cluster.address): cluster.name for cluster in topology.clusters}
    differences = []
    for key in sorted({*of_key, *right}, key=str):
        switch, _, address, lane = key
        allowed, present = right.get(key, ()), of_key.get(key, [])
        towards = names.get(address, address)
        wrong = [rule for rule in present if rule not in allowed]
        differences += [
            RuleDifference(switch, towards, lane, tuple(each for each in allowed if each), each) for each in wrong
        ]
        if not present and None not in allowed and allowed:
            differences.append(RuleDifference(switch, towards, lane, tuple(each for each in allowed if each), None))
    return differences


_Key = tuple[str, int, str, "int | None"]


def _right(
    topology: Topology, mesh: Mesh, at_ns: int, windows: Windows, lanes: LaneRules
) -> Mapping[_Key, tuple[Rule | None, ...]]:
    """By switch, priority, destination and lane the rules of which one is to be there; None: or no rule."""
    found: dict[_Key, tuple[Rule | None, ...]] = {}
    for rule in _direct(topology, mesh):
        found[_key(rule)] = (rule,)
    for pair in mesh.pairs:
        has_group, is_apart = lanes.groups and len(mesh.both_ways(pair)) == 2, frozenset(pair) in lanes.apart
        for lane in range(LANES):
            paths = [each.relays for each in windows(pair, lane) if each.meets(at_ns, at_ns)]
            there = (pair.source, pair.destination, paths)
            back = (pair.destination, pair.source, [each[::-1] for each in paths])
            for at, to, ways in (there,) if mesh.one_way else (there, back):
                cluster, towards = topology.cluster(at), topology.cluster(to)
                key: _Key = (at, _REROUTE, str(towards.address), lane)
                rules = tuple(_reroute(topology, mesh, cluster, towards, lane, each) for each in ways)
                if any(rules):
                    found[key] = rules
                if has_group or is_apart:
                    port = None if has_group else _port(topology, mesh, cluster, towards)
                    own = Rule(at, _LANE, str(towards.address), lane, from_host=True, output=port)
                    found[_key(own)] = (own,)
    return found


def _direct(topology: Topology, mesh: Mesh) -> Iterator[Rule]:
    for cluster in topology.clusters:
        yield Rule(cluster.name, _DIRECT, str(cluster.address), output=LAN_PORT)
        for other in topology.clusters:
            if Direction(cluster.name, other.name) in mesh.hops:
                yield Rule(cluster.name, _DIRECT, str(other.address), output=_port(topology, mesh, cluster, other))


def _reroute(topology: Topology, mesh: Mesh, at: Cluster, to: Cluster, lane: int, relays: Relays) -> Rule | None:
    if not relays:
        return None
    relay = topology.cluster(relays[0])
    sets = (relay.mac, str(relay.address))
    return Rule(at.name, _REROUTE, str(to.address), lane, True, sets, _port(topology, mesh, at, relay))


def _port(topology: Topology, mesh: Mesh, at: Cluster, to: Cluster) -> int:
    """The port of a switch towards another cluster: the ordinal of the first cluster on the way there."""
    return topology.cluster(mesh.hops[Direction(at.name, to.name)][0].destination).ordinal


def _key(rule: Rule) -> _Key:
    return rule.switch, rule.priority, rule.destination, rule.lane


def _parsed(switch: str, text: str) -> tuple[_Key, Rule]:
    """A rule as ovs-ofctl(8) shows it, ports by number."""
    match, _, actions = text.partition(" actions=")
    priority = _PRIORITY.search(match)
    fields = dict(_FIELD.findall(match))
    sets = {name: value for value, name in _SET.findall(actions)}
    out = dict(_OUT.findall(actions))
    rule = Rule(
        switch,
        int(priority[1]) if priority else 32768,  # which ovs-ofctl leaves out
        fields.get("nw_dst", ""),
        int(fields["tp_dst"]) - LANE_PORT if "tp_dst" in fields else None,
        fields.get("in_port") == str(LAN_PORT),
        tuple(sets[name] for name in ("eth_dst", "ip_dst") if name in sets),
        int(out["output"]) if out.get("output", "").isdecimal() else None,
    )
    return _key(rule), rule
