"""Which flow rules make the direct paths and the relay paths. Pure.

All rules are in table 0. What matches none is dropped: neighbours are static, so there is no ARP to carry. A reroute is
a further rule of higher priority beside the direct ones, per lane and end; taking it away brings these back. It applies
to what comes from the switch's own host: what passes on its way to another cluster takes the direct paths.

The lanes of pairs with sessions have direct rules of their own besides (`lane_rules`), which change no packet's way.
They keep apart what a datapath caches of the lanes: with the rule of the cluster alone, packets of all lanes share an
entry without a port while none is rerouted, and have one each while one is. Where both are there at once, Open vSwitch
3.1.0's userspace datapath may change the other one than it is told to, and forward a lane by its former rule for
seconds (docs/oracle.md). It reads no more of a port than it needs to tell the rules apart, so that one further rule per
cluster would not do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from controller.flow_rules import Fields, FlowRule
from controller.moves import Relays
from relay_app.ports import LANE_PORT, LANES
from topologies.model import LAN_PORT, Cluster, Direction, DirectPath, Topology

DIRECT_PRIORITY = 100
LANE_PRIORITY = 150
REROUTE_PRIORITY = 200

_ETH_TYPE_IPV4 = 0x0800
_IP_PROTO_UDP = 17


def direct_rules(topology: Topology, cluster: Cluster) -> tuple[FlowRule, ...]:
    """One switch's rules to its own host and to every other cluster, in the order in which those have links and then of
    clusters: at the port of the next hop of the direct path."""
    linked = [direction.destination for direction in topology.directions if direction.source == cluster.name]
    others = [end.destination for end in topology.paths if end.source == cluster.name]
    targets = [topology.cluster(name) for name in dict.fromkeys((*linked, *others))]
    ports = [(cluster, LAN_PORT), *((target, port_towards(topology, cluster, target)) for target in targets)]
    return tuple(_direct_rule(cluster, target, port) for target, port in ports)


def port_towards(topology: Topology, at: Cluster, target: Cluster) -> int:
    """The port of a switch at which the direct path to another cluster begins."""
    return topology.cluster(topology.paths[Direction(at.name, target.name)][1]).ordinal


def _direct_rule(at: Cluster, target: Cluster, port: int) -> FlowRule:
    match = (("eth_type", _ETH_TYPE_IPV4), ("ipv4_dst", str(target.address)))
    return FlowRule(at.ordinal, "add", DIRECT_PRIORITY, match, output=port)


def lane_rules(topology: Topology, cluster: Cluster, pairs: Iterable[DirectPath]) -> Iterator[FlowRule]:
    """One switch's rules for the lanes of pairs that it is an end of: over the direct path, below reroutes."""
    for pair in [each for each in pairs if cluster.name in each.ends]:
        for at, towards, lane in lane_ends(topology, pair.a, pair.b, range(LANES)):
            if at == cluster:
                port = port_towards(topology, at, towards)
                yield FlowRule(at.ordinal, "add", LANE_PRIORITY, lane_match(towards, lane), output=port)


def reroute_rules(
    topology: Topology, a: str, b: str, relays: Relays, lanes: Iterable[int], *, one_way: bool = False
) -> tuple[FlowRule, ...]:
    """Send these lanes between `a` and `b` to the first of the relays, and those back to the last, unless `one_way`;
    replaces a reroute over others."""
    there, back = (a, b, relays[0]), (b, a, relays[-1])
    ways = [[topology.cluster(name) for name in way] for way in ((there,) if one_way else (there, back))]
    # What lanes have in common is found out once: media wait for these rules.
    ends = [(at, to, relay_fields(relay), port_towards(topology, at, relay)) for at, to, relay in ways]
    return tuple(
        FlowRule(at.ordinal, "add", REROUTE_PRIORITY, lane_match(to, lane), fields, port)
        for lane in lanes
        for at, to, fields, port in ends
    )


def relay_fields(relay: Cluster) -> Fields:
    """The header fields to set in a packet so that it goes to a relay."""
    return (("eth_dst", relay.mac), ("ipv4_dst", str(relay.address)))


def restore_rules(
    topology: Topology, a: str, b: str, lanes: Iterable[int], *, one_way: bool = False
) -> tuple[FlowRule, ...]:
    """Delete the reroute of these lanes, whichever relay it goes over; with `one_way` that from `a` to `b` alone.

    Deleted, not replaced by a direct rule of the same priority: the direct rule is still there below and takes over at
    once, and the table is again what it was before the reroute, so that a controller that reads it finds none.
    """
    return tuple(
        FlowRule(at.ordinal, "delete", REROUTE_PRIORITY, lane_match(towards, lane))
        for at, towards, lane in lane_ends(topology, a, b, lanes)
        if at.name == a or not one_way
    )


class Ends(NamedTuple):
    """A lane from one cluster towards another, by name."""

    at: str
    towards: str
    lane: int

    def reversed(self) -> Ends:
        """The same lane back."""
        return Ends(self.towards, self.at, self.lane)


class FoundReroute(NamedTuple):
    """A switch sends a lane from its own host towards another cluster over a relay; clusters by name."""

    at: str
    towards: str
    lane: int
    via: str


def reroutes_in(topology: Topology, rules: Iterable[FlowRule]) -> list[tuple[FoundReroute, FlowRule]]:
    """Those of a switch's rules that are reroutes between clusters of the topology."""
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


def lane_ends(topology: Topology, a: str, b: str, lanes: Iterable[int]) -> list[tuple[Cluster, Cluster, int]]:
    """Of each lane, either end and the other one."""
    one, other = topology.cluster(a), topology.cluster(b)
    return [(at, towards, lane) for lane in lanes for at, towards in ((one, other), (other, one))]


def lane_match(towards: Cluster, lane: int) -> tuple[tuple[str, int | str], ...]:
    """What comes from a switch's own host, on a lane towards another cluster."""
    return (
        ("in_port", LAN_PORT),
        ("eth_type", _ETH_TYPE_IPV4),
        ("ip_proto", _IP_PROTO_UDP),
        ("ipv4_dst", str(towards.address)),
        ("udp_dst", LANE_PORT + lane),
    )
