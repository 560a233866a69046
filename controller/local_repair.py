"""Local repair: which relay each switch takes by itself for the lanes of a link that went down, before the controller
says a word. Pure; times are ns.

At each end of a link every lane to the other end has a fast-failover group (OpenFlow 1.3 §5.6.1): the link while its
port is live; else the relay that the policy would take first if this link alone went down as well, while the port to it
is live; else the link all the same, because a switch whose sessions are all down may have been held up itself, and to
drop everything would be no better. Both ends have the same relay. It is chosen anew as health and reroutes change, so
that no switch sends lanes to a relay that is known to be bad, or whose own path is rerouted: two such reroutes could
make a loop. Reroutes of the controller have precedence over groups, and so keep lanes on a relay until the link was
clean for the wait-to-restore time.

Pairs without a link of their own have no groups: only the ends of a link know of it. Nor has anything groups where
moves are paced, or the policy is another than failover: these groups move all lanes to one relay at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

from controller.flow_rules import Bucket, FlowRule, GroupRule, SwitchRule
from controller.health import Health
from controller.messages import PortState
from controller.moves import Move, Relays
from controller.routing_rules import LANE_PRIORITY, lane_ends, lane_match, port_towards, relay_fields
from controller.settings import ControllerSettings
from controller.situation import Situation
from hostio.timing import S
from relay_app.ports import LANES
from topologies.model import LAN_PORT, Cluster, DirectPath, Topology


class LocalRepair:
    """The groups of all switches, and what the switches have made of them."""

    def __init__(self, topology: Topology, settings: ControllerSettings) -> None:
        self._topology = topology
        all_at_once = settings.policy.name == "failover" and not settings.move_pace_ns
        switched_on = settings.bfd and settings.reroute and all_at_once
        clean = dict.fromkeys(topology.directions, Health("clean", 0, "nothing is wrong yet"))
        start = Situation(topology, clean, {}, {}, settings, 0)
        pairs = [pair for pair in topology.direct_paths if len(pair.there) == len(pair.back) == 2]
        self._relays = {pair: relays_if_down(start, pair) for pair in pairs if switched_on}
        """By pair with a link of its own."""
        self._changed_ns: dict[DirectPath, int] = {}
        """When the groups of a pair were last given another relay."""
        self._refreshed_for: object = None
        self._dead_since_ns: dict[tuple[int, int], int] = {}
        """By switch and port number, which on a WAN port is the ordinal of the cluster at the other end."""

    def rules(self, switch: int) -> Iterator[SwitchRule]:
        """Groups and the flow rules that use them, for a switch that has none."""
        ordinals = self._topology.ordinals
        for pair, relays in [each for each in self._relays.items() if switch in ordinals(each[0].ends)]:
            yield from (rule for rule in _groups(self._topology, pair, relays, "add") if rule.switch == switch)
            yield from (rule for rule in _users(self._topology, pair) if rule.switch == switch)

    def has_groups(self, pair: DirectPath) -> bool:
        """Whether the lanes of a pair have groups."""
        return pair in self._relays

    def refresh(self, situation: Situation) -> list[SwitchRule]:
        """The groups of pairs for which the relay is no longer the one to take. Those of a rerouted pair wait for its
        return: no packet meets them."""
        if situation.starting_up or not self._relays or (known := _known(situation)) == self._refreshed_for:
            return []
        self._refreshed_for = known
        rules: list[SwitchRule] = []
        for pair in self._relays:
            relays = relays_if_down(situation, pair)
            if relays != self._relays[pair] and pair.ends not in situation.reroutes:
                self._relays[pair], self._changed_ns[pair] = relays, situation.now_ns
                rules += _groups(self._topology, pair, relays, "modify")
        return rules

    def observe(self, port: PortState, now_ns: int) -> None:
        """A switch said how a port is."""
        end = (port.switch, port.port)
        if port.up and port.live:
            self._dead_since_ns.pop(end, None)
        else:
            self._dead_since_ns.setdefault(end, now_ns)

    def with_repair(self, move: Move, present: Relays) -> Move:
        """A move with the time at which the controller learned that a switch at either end had made it by itself, if
        one had. `present`: the relays that the pair's lanes had from the controller until now."""
        if present or not move.relays:
            return move
        pair = next((each for each in self._relays if {each.a, each.b} == {move.a, move.b}), None)
        if pair is None or self._relays[pair] != move.relays:
            return move
        ends = self._topology.ordinals(pair.ends)
        dead = [at for end in (ends, ends[::-1]) if (at := self._dead_since_ns.get(end)) is not None]
        return replace(move, repaired_ns=max(min(dead), self._changed_ns.get(pair, 0))) if dead else move


def _known(situation: Situation) -> object:
    """What the choice of relays depends on; by the second as long as a relay may be held down."""
    links = tuple(health.state for health in situation.links.values())
    relays = tuple((relay.unhealthy, relay.last_unhealthy_ns) for relay in situation.relays.values())
    held = any(at is not None for _, at in relays)
    return links, tuple(bad for bad, _ in relays), tuple(situation.reroutes.items()), held and situation.now_ns // S


def relays_if_down(situation: Situation, pair: DirectPath) -> Relays:
    """The relay to take for a pair if its link went down now; empty if there is none."""
    down = Health("down", situation.now_ns, "supposed")
    links = {**situation.links, **dict.fromkeys((pair.ends, pair.ends.reversed()), down)}
    others = {ends: relay for ends, relay in situation.reroutes.items() if {*ends} != {pair.a, pair.b}}
    return replace(situation, links=links, reroutes=others).best_relays(pair, 1)


def _groups(
    topology: Topology, pair: DirectPath, relays: Relays, command: Literal["add", "modify"]
) -> Iterator[GroupRule]:
    for at, towards, lane in lane_ends(topology, pair.a, pair.b, range(LANES)):
        link = port_towards(topology, at, towards)
        ways = [Bucket(output=link, watch_port=link)]
        for relay in map(topology.cluster, relays):
            leg = port_towards(topology, at, relay)
            ways.append(Bucket(relay_fields(relay), leg, watch_port=leg))
        last_resort = Bucket(output=link, watch_port=LAN_PORT)
        yield GroupRule(at.ordinal, command, _id(towards, lane), "fast-failover", (*ways, last_resort))


def _users(topology: Topology, pair: DirectPath) -> Iterator[FlowRule]:
    for at, towards, lane in lane_ends(topology, pair.a, pair.b, range(LANES)):
        yield FlowRule(at.ordinal, "add", LANE_PRIORITY, lane_match(towards, lane), group=_id(towards, lane))


def _id(towards: Cluster, lane: int) -> int:
    """Of a group, which is one switch's."""
    return towards.ordinal * LANES + lane
