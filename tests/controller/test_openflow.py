"""The OpenFlow 1.3 messages of rules: against octets written down from the specification, and read back again."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from controller_samples import triangle
from os_ken.ofproto import ofproto_v1_3 as ofproto
from os_ken.ofproto import ofproto_v1_3_parser as parser
from os_ken.ofproto.ofproto_protocol import ProtocolDesc

from controller.flow_rules import Bucket, FlowRule, GroupRule, SwitchRule, clear_groups, clear_rules
from controller.messages import PortState
from controller.openflow import encode, flow_rule, group_rule, port_state
from controller.routing_rules import direct_rules, reroute_rules, restore_rules
from controller.rule_encoder import RuleEncoder
from relay_app.ports import LANES

PROTOCOL = ProtocolDesc(ofproto.OFP_VERSION)
TO_CENTRAL = (("eth_dst", "02:00:00:00:00:02"), ("ipv4_dst", "10.0.0.2"))
FAILOVER = GroupRule(
    1, "add", 7, "fast-failover", (Bucket(output=3, watch_port=3), Bucket(TO_CENTRAL, output=2, watch_port=2))
)
SELECT = GroupRule(1, "modify", 8, "select", (Bucket(output=3, weight=3), Bucket(TO_CENTRAL, output=2, weight=1)))
NESTED = GroupRule(1, "add", 10, "fast-failover", (Bucket(output=3, watch_group=7), Bucket(watch_port=2)))
INDIRECT = GroupRule(1, "add", 9, "indirect", (Bucket(TO_CENTRAL, output=2),))
EVERY_HOST = GroupRule(1, "add", 11, "all", (Bucket(output=254), Bucket(output=2)))

OUTPUT_3 = "0000 0010 00000003 ffe5 000000000000"
OUTPUT_2 = "0000 0010 00000002 ffe5 000000000000"
SET_ETH_DST = "0019 0010 80000606 020000000002 0000"
SET_IPV4_DST = "0019 0010 80001804 0a000002 00000000"


def octets(text: str) -> bytes:
    return bytes.fromhex("".join(text.split()))


def test_a_fast_failover_group_is_as_the_specification_has_it() -> None:
    """ofp_group_mod and ofp_bucket: command, type, group; length, weight, watch_port, watch_group, actions."""
    direct = f"0020 0000 00000003 ffffffff 00000000 {OUTPUT_3}"
    over_central = f"0040 0000 00000002 ffffffff 00000000 {SET_ETH_DST} {SET_IPV4_DST} {OUTPUT_2}"
    assert encode(FAILOVER) == octets(f"04 0f 0070 00000000 0000 03 00 00000007 {direct} {over_central}")


def test_clearing_groups_names_all_of_them() -> None:
    assert encode(clear_groups(1)) == octets("04 0f 0010 00000000 0002 02 00 fffffffc")


def test_deleting_a_group_names_it() -> None:
    assert encode(GroupRule(1, "delete", 7)) == octets("04 0f 0010 00000000 0002 02 00 00000007")


def test_a_rule_hands_its_packets_to_a_group() -> None:
    """ofp_action_group at the end, in an apply-actions instruction."""
    message = encode(FlowRule(1, "add", 200, (("in_port", 254),), group=7))
    assert message.endswith(octets("0004 0010 00000000 0016 0008 00000007"))


def described(rule: GroupRule) -> Any:
    """What a switch that has the group replies when asked for it: its type, id and buckets, octet for octet."""
    message = encode(rule)
    kind, group_id = struct.unpack_from("!xxBxI", message, 8)
    buckets = message[16:]
    description = struct.pack("!HBxI", 8 + len(buckets), kind, group_id) + buckets
    head = struct.pack("!BBHIHHxxxx", 4, ofproto.OFPT_MULTIPART_REPLY, 16 + len(description), 1, 7, 0)
    reply = head + description
    message_type, length = ofproto.OFPT_MULTIPART_REPLY, len(reply)
    (group,) = parser.OFPMultipartReply.parser(PROTOCOL, ofproto.OFP_VERSION, message_type, length, 1, reply).body
    return group


@pytest.mark.parametrize("rule", [FAILOVER, SELECT, NESTED, INDIRECT, EVERY_HOST], ids=lambda rule: str(rule.group_id))
def test_a_group_read_back_is_the_one_that_was_sent(rule: GroupRule) -> None:
    assert group_rule(1, described(rule)) == GroupRule(1, "add", rule.group_id, rule.type, rule.buckets)


@pytest.mark.parametrize(
    "rule",
    [
        direct_rules(triangle(), triangle().cluster("east"))[0],
        reroute_rules(triangle(), "east", "west", ("central",), (5,))[0],
        FlowRule(1, "add", 200, (("in_port", 254), ("eth_type", 0x0800)), TO_CENTRAL, group=7),
        FlowRule(1, "add", 1),
    ],
)
def test_a_flow_rule_read_back_is_the_one_that_was_sent(rule: FlowRule) -> None:
    message = encode(rule)
    flow = parser.OFPFlowMod.parser(PROTOCOL, ofproto.OFP_VERSION, ofproto.OFPT_FLOW_MOD, len(message), 0, message)
    assert flow_rule(1, flow) == rule


def test_the_lanes_of_a_reroute_are_encoded_as_if_each_were_by_itself() -> None:
    topology, lanes = triangle(), range(LANES)
    onto = reroute_rules(topology, "east", "west", ("central",), lanes)
    back = restore_rules(topology, "east", "west", lanes)
    encoder = RuleEncoder(encode)
    others: list[SwitchRule] = [clear_rules(1), FAILOVER, *direct_rules(topology, topology.cluster("east"))]
    for rule in (*onto, *back, *others):
        assert encoder.encode(rule) == encode(rule)


def test_two_lanes_of_each_end_are_encoded_however_many_move() -> None:
    asked = []

    def counted(rule: SwitchRule) -> bytes:
        asked.append(rule)
        return encode(rule)

    encoder = RuleEncoder(counted)
    for rule in reroute_rules(triangle(), "east", "west", ("central",), range(LANES)):
        encoder.encode(rule)
    assert len(asked) == 2 * 2


@pytest.mark.parametrize(
    ("rule", "command"),
    [
        (clear_rules(1), ofproto.OFPFC_DELETE),
        (restore_rules(triangle(), "east", "west", (5,))[0], ofproto.OFPFC_DELETE_STRICT),
    ],
)
def test_a_deletion_is_for_any_port_and_any_group(rule: FlowRule, command: int) -> None:
    message = encode(rule)
    flow = parser.OFPFlowMod.parser(PROTOCOL, ofproto.OFP_VERSION, ofproto.OFPT_FLOW_MOD, len(message), 0, message)
    assert (flow.command, flow.out_port, flow.out_group) == (command, ofproto.OFPP_ANY, ofproto.OFPG_ANY)


@pytest.mark.parametrize(
    ("kind", "buckets", "problem"),
    [
        ("indirect", (), "an indirect group has one bucket, not 0"),
        ("indirect", (Bucket(output=1), Bucket(output=2)), "an indirect group has one bucket, not 2"),
        ("fast-failover", (Bucket(output=1, watch_port=1), Bucket(output=2)), "watches no port and no group"),
    ],
)
def test_groups_that_no_switch_could_have_are_refused(kind: Any, buckets: tuple[Bucket, ...], problem: str) -> None:
    with pytest.raises(ValueError, match=f"group 5: .*{problem}"):
        GroupRule(1, "add", 5, kind, buckets)


@pytest.mark.parametrize(
    ("config", "state", "deleted", "up", "live"),
    [
        (0, 4, False, True, True),
        (0, 0, False, True, False),
        (0, 1, False, False, False),
        (0, 5, False, False, False),
        (1, 4, False, False, False),
        (0, 4, True, False, False),
    ],
    ids=["live", "BFD session down", "no carrier", "no carrier, though live", "put down", "gone"],
)
def test_a_port_is_up_and_live_by_its_bits(config: int, state: int, deleted: bool, up: bool, live: bool) -> None:
    """ofp_port (§7.2.1): OFPPC_PORT_DOWN is 1; OFPPS_LINK_DOWN is 1, OFPPS_LIVE 4."""
    name = b"s1-w2".ljust(16, b"\0")
    port = parser.OFPPort.parser(struct.pack("!I4x6s2x16s8I", 2, bytes(6), name, config, state, *[0] * 6), 0)
    assert port_state(1, port, deleted=deleted) == PortState(1, 2, up, live)
