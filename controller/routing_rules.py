"""Flow rules of OpenFlow 1.3 as plain data: direct paths, and reroutes over a relay. Pure.

All rules are in table 0. What matches none is dropped: neighbours are static, so there is no ARP to carry.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple

from relay_app.streams import LANE_PORT, LANES
from topologies.model import LAN_PORT, Cluster, Topology

DIRECT_PRIORITY = 100
REROUTE_PRIORITY = 200

_ETH_TYPE_IPV4 = 0x0800
_IP_PROTO_UDP = 17


@dataclass(frozen=True, slots=True)
class FlowRule:
    """One flow-mod. Match fields and set-fields carry their OXM names (OpenFlow 1.3 §7.2.3), with prerequisites.

    `add` replaces a rule of the same match and priority; `delete` removes exactly that one; `clear_rules` removes all.
    """

    switch: int
    """Ordinal of the switch's cluster, which is its datapath id."""
    command: Literal["add", "delete", "clear"]
    priority: int = 0
    match: tuple[tuple[str, int | str], ...] = ()
    set_fields: tuple[tuple[str, str], ...] = ()
    output: int | None = None


def clear_rules(switch: int) -> FlowRule:
    """Remove every rule of a switch."""
    return FlowRule(switch, "clear")


def direct_rules(topology: Topology, cluster: Cluster) -> tuple[FlowRule, ...]:
    """One switch's rules to its own host and to every cluster it has a link to."""
    neighbours = [
        topology.cluster(direction.destination) for direction in topology.directions if direction.source == cluster.name
    ]
    ports = [(cluster, LAN_PORT), *((neighbour, neighbour.ordinal) for neighbour in neighbours)]
    return tuple(_direct_rule(cluster, target, port) for target, port in ports)


def _direct_rule(at: Cluster, target: Cluster, port: int) -> FlowRule:
    match = (("eth_type", _ETH_TYPE_IPV4), ("ipv4_dst", str(target.address)))
    return FlowRule(at.ordinal, "add", DIRECT_PRIORITY, match, output=port)


def reroute_rules(topology: Topology, a: str, b: str, via: str, lanes: Iterable[int]) -> tuple[FlowRule, ...]:
    """Send these lanes between `a` and `b`, both ways, to the relay at `via`; replaces a reroute over another relay."""
    relay = topology.cluster(via)
    fields = (("eth_dst", relay.mac), ("ipv4_dst", str(relay.address)))
    return tuple(
        FlowRule(at.ordinal, "add", REROUTE_PRIORITY, _lane_match(towards, lane), fields, relay.ordinal)
        for at, towards, lane in _lane_ends(topology, a, b, lanes)
    )


def restore_rules(topology: Topology, a: str, b: str, lanes: Iterable[int]) -> tuple[FlowRule, ...]:
    """Take a reroute of these lanes away, so that the direct rules hold again."""
    return tuple(
        FlowRule(at.ordinal, "delete", REROUTE_PRIORITY, _lane_match(towards, lane))
        for at, towards, lane in _lane_ends(topology, a, b, lanes)
    )


class FoundReroute(NamedTuple):
    """A switch sends a lane from its own host towards another cluster over a relay; clusters by name."""

    at: str
    towards: str
    lane: int
    via: str

    def other_end(self) -> FoundReroute:
        """The rule that the switch at the other end has, if the reroute is whole."""
        return self._replace(at=self.towards, towards=self.at)


def reroutes_in(topology: Topology, rules: Iterable[FlowRule]) -> list[tuple[FoundReroute, FlowRule]]:
    """Those of a switch's rules that are reroutes of a link of the topology."""
    names = {str(cluster.address): cluster.name for cluster in topology.clusters}
    clusters = {cluster.ordinal: cluster.name for cluster in topology.clusters}
    found = []
    for rule in rules:
        match, fields = dict(rule.match), dict(rule.set_fields)
        towards, via = names.get(str(match.get("ipv4_dst"))), names.get(fields.get("ipv4_dst", ""))
        if rule.priority == REROUTE_PRIORITY and towards and via:
            lane = int(match["udp_dst"]) - LANE_PORT
            found.append((FoundReroute(clusters[rule.switch], towards, lane, via), rule))
    return found


def every_reroute(topology: Topology) -> tuple[FlowRule, ...]:
    """The rules of every reroute there could be, and those that would take it away."""
    linked = {frozenset((link.a, link.b)) for link in topology.links}
    found: list[FlowRule] = []
    for link in topology.links:
        found += restore_rules(topology, link.a, link.b, range(LANES))
        for via in (cluster.name for cluster in topology.clusters):
            if {frozenset((link.a, via)), frozenset((via, link.b))} <= linked:
                found += reroute_rules(topology, link.a, link.b, via, range(LANES))
    return tuple(found)


def _lane_ends(topology: Topology, a: str, b: str, lanes: Iterable[int]) -> list[tuple[Cluster, Cluster, int]]:
    one, other = topology.cluster(a), topology.cluster(b)
    return [(at, towards, lane) for lane in lanes for at, towards in ((one, other), (other, one))]


def _lane_match(towards: Cluster, lane: int) -> tuple[tuple[str, int | str], ...]:
    return (
        ("in_port", LAN_PORT),
        ("eth_type", _ETH_TYPE_IPV4),
        ("ip_proto", _IP_PROTO_UDP),
        ("ipv4_dst", str(towards.address)),
        ("udp_dst", LANE_PORT + lane),
    )
