"""The run compared with the oracle's prediction: the figures under `oracle` in the summary. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache

from controller.decisions import HealthChange
from results.metrics.analysis import Analysis, Evidence
from results.metrics.oracle_figures import OracleFigures, OracleRow
from results.oracle.local_repair import RepairWindows
from results.oracle.log_check import Disagreement, log_disagreements
from results.oracle.mesh import Mesh
from results.oracle.model import is_modelled
from results.oracle.packet_check import Misroute, check_packets
from results.oracle.replay import Log, Span, Story, expected_changes
from results.oracle.rule_check import LaneRules, RuleDifference, rule_differences
from results.oracle.windows import Window, right_windows
from results.run_files.events import Begun
from results.run_files.faults import Freeze, Kill, Process, Stop
from results.run_files.plan import Plan
from topologies.model import Direction, route_name

CONTROLLER_STOPS = "stopping the controller"
"""The step of a run that ends its controller."""

_CONTROLLER = Process("controller")


def oracle_figures(evidence: Evidence, analysis: Analysis) -> OracleFigures | None:
    """What agrees and what does not; None if the policy is not modelled, or there is no log or no media."""
    plan = evidence.plan
    if not is_modelled(plan.controller) or not evidence.of(HealthChange) or not analysis.start_ns:
        return None
    mesh, story = Mesh(plan.topology, one_way=plan.controller.one_way), story_of(evidence)
    prediction = expected_changes(story, mesh)
    log = Log(story.records)
    repairs = RepairWindows(evidence, mesh, prediction.repairs)
    changes = prediction.changes

    @cache
    def in_tables(pair: Direction, lane: int) -> Sequence[Window]:
        return right_windows(pair, lane, changes, story, log, to_packets=True)

    @cache
    def of_packets(pair: Direction, lane: int) -> Sequence[Window]:
        return [*in_tables(pair, lane), *repairs.of(pair)]

    decisions = log_disagreements(story, mesh, changes)
    packets = check_packets(plan, analysis, mesh, of_packets)
    tables = evidence.flow_tables
    lanes = LaneRules(repairs.switched_on, _apart(plan, analysis) if tables and tables.lanes_apart else frozenset())
    switched = rule_differences(plan.topology, mesh, tables, in_tables, lanes) if tables else []
    rows = [
        *(_decision_row(analysis, each) for each in decisions),
        *(_packet_row(analysis, each) for each in packets.misroutes),
        *(_rule_row(analysis, each, tables.at_ns if tables else 0) for each in switched),
    ]
    longest_ns = max(((each.until_ns or story.until_ns) - each.from_ns for each in decisions), default=0)
    return OracleFigures(
        changes=len({(each.at_ns, each.pair, each.relays) for each in changes}),
        compared=packets.compared,
        misrouted=sum(each.packets for each in packets.misroutes),
        disagreements=len(rows),
        still=sum(row.until_at is None for row in rows),
        longest_misroute_ms=round(longest_ns / 1e6, 3),
        rules=sum(map(len, tables.rules.values())) if tables else None,
        rules_differing=len(switched) if tables else None,
        rows=sorted(rows, key=lambda row: row.from_at),
    )


def _apart(plan: Plan, analysis: Analysis) -> frozenset[frozenset[str]]:
    """The pairs whose lanes have direct rules of their own: those with sessions, if lanes may ever leave the path."""
    streams = (*analysis.matched.streams, *analysis.matched.unrecorded) if plan.controller.may_reroute else ()
    return frozenset(frozenset((each.source, each.destination)) for each in streams if each.relayed)


def story_of(evidence: Evidence) -> Story:
    """What the records of a run tell of its controllers."""
    stops = [each.at_ns for each in evidence.of(Begun) if each.step == CONTROLLER_STOPS]
    last_ns = max((each.at_ns for each in evidence.of(HealthChange)), default=0)
    ended = evidence.end.media_end_ns if evidence.end else last_ns
    plan = evidence.plan
    return Story(plan.topology, plan.controller, evidence.decisions, tuple(_absences(evidence)), (*stops, ended)[0])


def _absences(evidence: Evidence) -> Iterator[Span]:
    """When no controller ran, or one that could not know anything yet."""
    begun = [each.at_ns for each in evidence.of(HealthChange) if each.before == "unknown"]
    for each in evidence.applied_faults:
        action = getattr(each.fault, "action", None)
        if getattr(each.fault, "process", None) == _CONTROLLER and isinstance(action, Kill | Stop | Freeze):
            ended = isinstance(action, Kill | Stop)
            known_ns = next((at_ns for at_ns in begun if at_ns > each.from_ns), each.until_ns)
            yield each.from_ns, max(each.until_ns, known_ns) if ended else each.until_ns


def _decision_row(analysis: Analysis, found: Disagreement) -> OracleRow:
    return OracleRow(
        "decisions",
        *found.pair,
        list(found.lanes),
        [route_name(each) for each in found.right],
        route_name(found.taken),
        analysis.seconds(found.from_ns),
        None if found.until_ns is None else analysis.seconds(found.until_ns),
    )


def _packet_row(analysis: Analysis, found: Misroute) -> OracleRow:
    right, taken = [route_name(each) for each in found.right], route_name(found.taken)
    times = (analysis.seconds(found.from_ns), analysis.seconds(found.until_ns))
    return OracleRow("packets", *found.ends, [found.lane], right, taken, *times, found.packets)


def _rule_row(analysis: Analysis, found: RuleDifference, at_ns: int) -> OracleRow:
    lanes = [] if found.lane is None else [found.lane]
    right, taken = [str(each) for each in found.right], str(found.found or "")
    return OracleRow("flow rules", found.switch, found.towards, lanes, right, taken, analysis.seconds(at_ns), None)
