from __future__ import annotations

from controller_samples import mesh, triangle

from controller.flow_rules import FlowRule, clear_rules
from controller.routing_rules import direct_rules, lane_rules, reroute_rules, restore_rules
from topologies.model import Topology

EDGES = ("east", "west")


def test_direct_rules_reach_the_own_host_and_every_neighbour() -> None:
    topology = triangle()
    rules = direct_rules(topology, topology.cluster("central"))
    assert [(dict(rule.match)["ipv4_dst"], rule.output) for rule in rules] == [
        ("10.0.0.2", 254),
        ("10.0.0.1", 1),
        ("10.0.0.3", 3),
    ]
    assert {(rule.switch, rule.command, rule.priority, rule.set_fields) for rule in rules} == {(2, "add", 100, ())}


def test_a_cluster_without_a_link_is_behind_the_next_hop_and_an_island_behind_none() -> None:
    full = triangle()
    chain = Topology("chain", full.clusters, tuple(link for link in full.links if link != full.link("east", "west")))
    assert [rule.output for rule in direct_rules(chain, chain.cluster("east"))] == [254, 2, 2]
    island = Topology("island", full.clusters, (full.link("east", "central"),))
    assert [rule.output for rule in direct_rules(island, island.cluster("east"))] == [254, 2]


def test_a_reroute_rewrites_each_lane_at_both_ends() -> None:
    rules = reroute_rules(triangle(), "east", "west", ("central",), range(16))
    assert len(set(rules)) == 32
    assert rules[6] == FlowRule(
        switch=1,
        command="add",
        priority=200,
        match=(
            ("in_port", 254),
            ("eth_type", 0x0800),
            ("ip_proto", 17),
            ("ipv4_dst", "10.0.0.3"),
            ("udp_dst", 40003),
        ),
        set_fields=(("eth_dst", "02:00:00:00:00:02"), ("ipv4_dst", "10.0.0.2")),
        output=2,
    )
    assert (rules[7].switch, dict(rules[7].match)["ipv4_dst"]) == (3, "10.0.0.1")


def test_restoring_deletes_exactly_what_a_reroute_added() -> None:
    def keys(rules: tuple[FlowRule, ...]) -> list[tuple[object, ...]]:
        return [(rule.switch, rule.priority, rule.match) for rule in rules]

    added = reroute_rules(triangle(), "east", "west", ("central",), (0, 5))
    deleted = restore_rules(triangle(), "east", "west", (0, 5))
    assert keys(added) == keys(deleted)
    assert {rule.command for rule in deleted} == {"delete"}


def test_lanes_of_a_pair_have_direct_rules_at_its_ends_and_nowhere_else() -> None:
    topology = triangle()
    chain = Topology("chain", topology.clusters, tuple(each for each in topology.links if {each.a, each.b} != {*EDGES}))
    for each, port in ((topology, 3), (chain, 2)):
        (pair,) = [pair for pair in each.direct_paths if {*pair.ends} == {*EDGES}]
        rules = [*lane_rules(each, each.cluster("east"), (pair,))]
        assert [(rule.priority, rule.output, rule.set_fields) for rule in rules] == [(150, port, ())] * 16
        assert [rule.match for rule in rules] == [
            rule.match for rule in reroute_rules(each, *EDGES, ("central",), range(16)) if rule.switch == 1
        ]
        assert list(lane_rules(each, each.cluster("central"), (pair,))) == []


def test_another_relay_replaces_the_first_by_the_same_matches() -> None:
    topology = mesh("east", "ohio", "central", "west")
    first = reroute_rules(topology, "east", "west", ("ohio",), (3,))
    second = reroute_rules(topology, "east", "west", ("central",), (3,))
    assert [rule.match for rule in first] == [rule.match for rule in second]
    assert [rule.output for rule in second] == [3, 3]


def test_clear_matches_everything() -> None:
    assert clear_rules(4) == FlowRule(switch=4, command="clear")
