"""The oracle on a recorded run, and on the same run after somebody tampered with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.oracle import shrunk
from benchmarks.random_cases import Blip, Case, random_case
from controller.decisions import Decision, HealthChange
from controller.settings import ControllerSettings
from hostio.timing import MS, S
from results.metrics.analysis import Analysis, Evidence, analyse
from results.metrics.oracle_figures import OracleFigures
from results.oracle.compare import oracle_figures
from results.oracle.knowledge import Knowledge
from results.oracle.mesh import Mesh
from results.oracle.model import Model
from results.oracle.replay import Log
from results.oracle.rule_check import LaneRules, rule_differences
from results.oracle.windows import Window
from results.report.report import read_evidence
from results.run_files.flow_tables import FlowTables
from results.run_files.run_dir import RunDir
from topologies.model import Cluster, Direction, Link, Topology

RUN = Path(__file__).parent / "recorded" / "one-blip" / "run"
CENTRAL, WEST = 2, 3
LINE = Topology(
    "line",
    (Cluster("a", 1), Cluster("b", 2), Cluster("c", 3)),
    (Link.alike("a", "b", 5), Link.alike("b", "c", 7)),
)
TRIANGLE = replace(LINE, links=(*LINE.links, Link.alike("a", "c", 9)))


@pytest.fixture(scope="module")
def blip() -> tuple[Evidence, Analysis]:
    evidence = read_evidence(RunDir(RUN))
    return evidence, analyse(evidence)


def figures(evidence: Evidence, analysis: Analysis) -> OracleFigures:
    found = oracle_figures(evidence, analysis)
    assert found is not None
    return found


def test_a_run_that_did_as_predicted(blip: tuple[Evidence, Analysis]) -> None:
    found = figures(*blip)
    arrived = int(np.count_nonzero(blip[1].matched.packets.arrived))
    assert (found.changes, found.compared, found.rows, found.rules) == (2, arrived, [], None)


def test_a_return_that_the_log_has_not_is_found_in_decisions_and_not_in_packets(
    blip: tuple[Evidence, Analysis],
) -> None:
    evidence, analysis = blip
    records = tuple(each for each in evidence.decisions if not isinstance(each, Decision) or each.relays)
    found = figures(replace(evidence, decisions=records), analysis)
    (row,) = found.rows
    assert (row.seen_in, row.predicted, row.taken, row.until_at) == ("decisions", ["direct"], "via us-central", None)
    assert (found.still, found.misrouted) == (1, 0)
    assert found.longest_misroute_ms > 0


def test_packets_by_the_wrong_way_are_counted_to_the_last(blip: tuple[Evidence, Analysis]) -> None:
    evidence, analysis = blip
    packets = analysis.matched.packets
    (move,) = [each for each in evidence.moves if each.relays]
    returned = min(each.installed_ns for each in evidence.moves if not each.relays)
    on_relay = (packets.received_ns > move.installed_ns + 1_000_000_000) & (packets.sent_ns < returned - 1_000_000_000)
    chosen = np.flatnonzero(on_relay & packets.arrived)[::3]
    path = packets.path.copy()
    path[chosen] = [int(each) & 0xFF | (int(each) >> 16) << 8 for each in path[chosen]]  # without the relay
    matched = replace(analysis.matched, packets=replace(packets, path=path))
    found = figures(evidence, replace(analysis, matched=matched))
    assert found.misrouted == len(chosen) > 0
    assert {(row.seen_in, row.taken) for row in found.rows} == {("packets", "direct")}


def test_a_policy_that_is_not_modelled_is_left_alone(blip: tuple[Evidence, Analysis]) -> None:
    evidence, analysis = blip
    settings = evidence.plan.controller
    policy = replace(settings.policy, name="of tomorrow")  # type: ignore[arg-type]
    for other in (replace(settings, policy=policy), replace(settings, damping=True), replace(settings, max_reroutes=3)):
        plan = replace(evidence.plan, controller=other)
        assert oracle_figures(replace(evidence, plan=plan), analysis) is None


@pytest.mark.parametrize(
    ("reason", "taken", "paths"),
    [
        ("median delay 9.0 ms over 4.5 ms", None, []),
        ("median delay 9.0 ms over 4.5 ms", ("b",), [("b",)]),
        ("no probe for 251 ms", None, [("b",)]),
    ],
)
def test_of_a_link_that_is_only_late_either_path_is_right(
    reason: str, taken: tuple[str, ...] | None, paths: list[tuple[str, ...]]
) -> None:
    settings = ControllerSettings()
    clean = [HealthChange(*each, "unknown", "clean", 1, "") for each in TRIANGLE.directions]
    known = Knowledge.of_nothing(TRIANGLE, settings).after(clean)
    known = known.after([HealthChange("a", "c", "clean", "degraded", 2, reason)])
    model = Model(Mesh(TRIANGLE), settings, lambda *_: taken)
    assert [each.relays for each in model.changes(known, [{}], S)] == paths


def always(relays: tuple[str, ...]) -> object:
    return lambda pair, lane: [Window(relays if (pair, lane) == (Direction("a", "c"), 5) else (), -1, 10)]


DIRECT = {
    "a": ("priority=100,ip,nw_dst=10.0.0.1 actions=output:254", "priority=100,ip,nw_dst=10.0.0.2 actions=output:2"),
    "b": ("priority=100,ip,nw_dst=10.0.0.1 actions=output:1", "priority=100,ip,nw_dst=10.0.0.2 actions=output:254"),
    "c": ("priority=100,ip,nw_dst=10.0.0.1 actions=output:1", "priority=100,ip,nw_dst=10.0.0.2 actions=output:2"),
}
THIRD = {"a": 3, "b": 3, "c": 254}
REROUTE = "priority=200,udp,in_port=254,nw_dst=10.0.0.{} ,tp_dst=40005".replace(" ", "")
VIA_B = " actions=set_field:02:00:00:00:00:02->eth_dst,set_field:10.0.0.2->ip_dst,output:2"
TABLES = {at: (*rules, f"priority=100,ip,nw_dst=10.0.0.3 actions=output:{THIRD[at]}") for at, rules in DIRECT.items()}


NO_LANE_RULES = LaneRules()


def differing(
    rules: Mapping[str, tuple[str, ...]], relays: tuple[str, ...], lanes: LaneRules = NO_LANE_RULES
) -> list[tuple[str, int | None, str | None]]:
    tables = FlowTables(5, dict(rules))
    found = rule_differences(TRIANGLE, Mesh(TRIANGLE), tables, always(relays), lanes)  # type: ignore[arg-type]
    return [(each.switch, each.lane, str(each.found) if each.found else None) for each in found]


def test_flow_tables_are_those_of_the_paths_rule_by_rule() -> None:
    ends = {"a": (REROUTE.format(3) + VIA_B,), "b": (), "c": (REROUTE.format(1) + VIA_B,)}
    rerouted = {at: (*rules, *ends[at]) for at, rules in TABLES.items()}
    assert differing(TABLES, ()) == []
    assert differing(rerouted, ("b",)) == []
    assert differing({**rerouted, "c": TABLES["c"]}, ("b",)) == [("c", 5, None)]
    wrong = (*TABLES["a"], (REROUTE.format(3) + VIA_B).replace("40005", "40006"))
    assert [each[:2] for each in differing({**TABLES, "a": wrong}, ())] == [("a", 6)]
    assert differing({**TABLES, "b": TABLES["b"][:2]}, ()) == [("b", None, None)]


def test_lanes_of_pairs_with_sessions_have_rules_of_their_own_or_refer_to_groups() -> None:
    def with_lanes(out: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
        ends = {"a": 3, "c": 1}
        rule = "priority=150,udp,in_port=254,nw_dst=10.0.0.{},tp_dst={} actions={}"
        own = {at: [rule.format(ends[at], 40000 + lane, out[at]) for lane in range(16)] for at in ends}
        return {at: (*rules, *own.get(at, ())) for at, rules in TABLES.items()}

    apart = LaneRules(apart={frozenset("ac")})
    right = with_lanes({"a": "output:3", "c": "output:1"})
    assert differing(right, (), apart) == []
    assert len(differing(TABLES, (), apart)) == 32
    assert len(differing(right, ())) == 32
    assert differing({**right, "a": right["a"][:-1]}, (), apart) == [("a", 15, None)]
    wrong = with_lanes({"a": "output:2", "c": "output:1"})
    assert {(switch, "to port 2" in str(rule)) for switch, _, rule in differing(wrong, (), apart)} == {("a", True)}
    groups = with_lanes({"a": "group:48", "c": "group:16"})
    found = differing(groups, (), LaneRules(groups=True, apart={frozenset("ac")}))
    assert {(switch, rule) for switch, _, rule in found} == {("a", None), ("b", None), ("c", None)}
    assert len(found) == 64, "the lanes of the two other links have none"


def test_direct_paths_of_a_partial_mesh_go_on_over_links() -> None:
    mesh = Mesh(LINE)
    assert mesh.pairs == (Direction("a", "b"), Direction("b", "c"), Direction("a", "c"))
    assert mesh.hops[Direction("a", "c")] == (Direction("a", "b"), Direction("b", "c"))
    assert mesh.length_ns(Direction("a", "c"), ("b",)) == 24


def test_the_oracle_shares_no_code_with_what_decides() -> None:
    deciding = ("policies", "situation", "relay_paths", "moves", "routing_rules", "engine", "detectors", "local_repair")
    for source in (Path(__file__).parents[2] / "results" / "oracle").glob("*.py"):
        text = source.read_text()
        assert [word for word in deciding if f"controller.{word}" in text] == [], source.name


def test_a_case_is_shrunk_to_the_blips_that_matter() -> None:
    case = random_case(3)
    assert random_case(3) == case
    least: Case = shrunk(case, lambda each: {case.blips[1], case.blips[4]} <= {*each.blips}, 30)
    assert least.blips == (case.blips[1], case.blips[4])
    assert all(isinstance(blip, Blip) for blip in shrunk(case, lambda _: False, 3).blips)


def test_of_two_decisions_shortly_after_each_other_the_nearer_is_meant() -> None:
    """A pair that returned, and 20 ms later was moved again."""

    def decided(at_ms: int, via: str | None) -> Decision:
        at_ns = 5 * S + at_ms * MS
        return Decision("a", "c", via, (0,), "", at_ns, at_ns, at_ns, at_ns)

    log = Log([decided(1, None), decided(20, "b"), decided(90, None)])
    pair = Direction("a", "c")
    assert [log.taken(pair, 0, 5 * S + at_ms * MS) for at_ms in (0, 19, 89)] == [(), ("b",), ()]
    assert log.taken(pair, 0, 6 * S) is None
