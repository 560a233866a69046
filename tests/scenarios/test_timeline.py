"""The timeline against states worked out by hand."""

from __future__ import annotations

from dataclasses import replace

from hostio.timing import MS, S
from results.run_files.faults import Fault, Freeze, Kill, Level, LinkFault, Process, ProcessFault, Slow
from scenarios.language.timeline import Step, TimedEdge, process_edges, steps_of
from topologies.frame_match import FrameMatch
from topologies.link_state import Jitter, LinkChange, LinkState, Matched, RandomLoss
from topologies.model import Cluster, Direction, Link, OneWay, Topology

TOPOLOGY = Topology("pair", (Cluster("a", 1), Cluster("b", 2)), (Link.alike("a", "b", 10 * MS, jitter_ns=1 * MS),))
AB, BA = TOPOLOGY.directions


def steps(*faults: Fault) -> tuple[Step, ...]:
    return steps_of(TOPOLOGY, faults)


def fault(at_s: int, until_s: int, change: LinkChange, *directions: Direction) -> Fault:
    return LinkFault("fault", at_s * S, until_s * S, directions or (AB, BA), change)


CLEAN = LinkState(delay_ns=10 * MS, jitter=Jitter(1 * MS))


def test_base_states_hold_each_links_own_delay_and_jitter() -> None:
    assert TOPOLOGY.base_states == {AB: CLEAN, BA: CLEAN}


def test_a_fault_begins_and_ends_on_all_its_directions_at_once() -> None:
    begin, end = steps(fault(2, 4, LinkChange(blackhole=True)))
    dark = replace(CLEAN, blackhole=True)
    assert (begin.at_ns, begin.edges, begin.states) == (2 * S, ((0, "start"),), {AB: dark, BA: dark})
    assert (end.at_ns, end.edges, end.states) == (4 * S, ((0, "end"),), {AB: CLEAN, BA: CLEAN})


def test_overlapping_faults_compose_and_each_ends_alone() -> None:
    slow = fault(1, 5, LinkChange(extra_delay_ns=40 * MS), AB)
    lossy = fault(2, 3, LinkChange(loss=RandomLoss(0.5)), AB)
    states = [step.states[AB] for step in steps(slow, lossy)]
    assert [(state.delay_ns // MS, state.loss) for state in states] == [
        (50, None),
        (50, RandomLoss(0.5)),
        (50, None),
        (10, None),
    ]


def test_a_link_s_own_loss_and_rate_give_way_to_a_fault_s_and_come_back() -> None:
    there = OneWay(61 * MS, loss=0.01, rate_bps=10_000_000, queue_ns=20 * MS, mtu=1_400)
    topology = Topology("lopsided", TOPOLOGY.clusters, (Link("a", "b", there, OneWay(31 * MS)),))
    own = LinkState(delay_ns=61 * MS, loss=RandomLoss(0.01), rate_bps=10_000_000, queue_ns=20 * MS, mtu=1_400)
    assert topology.base_states == {AB: own, BA: LinkState(delay_ns=31 * MS)}
    faults = (
        fault(1, 4, LinkChange(loss=RandomLoss(0.5))),
        fault(2, 3, LinkChange(rate_bps=1_000_000, extra_delay_ns=MS)),
    )
    worse = replace(own, loss=RandomLoss(0.5))
    worst = replace(worse, rate_bps=1_000_000, delay_ns=62 * MS)
    assert [step.states[AB] for step in steps_of(topology, faults)] == [worse, worst, worse, own]


def test_an_end_and_a_start_at_one_instant_make_one_step() -> None:
    found = steps(fault(1, 2, LinkChange(blackhole=True)), fault(2, 3, LinkChange(extra_delay_ns=5 * MS)))
    assert [step.at_ns for step in found] == [1 * S, 2 * S, 3 * S]
    assert found[1].edges == ((0, "end"), (1, "start"))
    assert found[1].states[AB] == replace(CLEAN, delay_ns=15 * MS)


def test_a_direction_that_no_fault_touches_is_left_alone() -> None:
    assert set(steps(fault(1, 2, LinkChange(blackhole=True), BA))[0].states) == {BA}


def test_levels_scale_what_has_degrees_and_stay_in_force_until_the_next() -> None:
    change = LinkChange(extra_delay_ns=40 * MS, loss=RandomLoss(0.5))
    rising = LinkFault("latency", 1 * S, 4 * S, (AB,), change, levels=(Level(1 * S, 0.5), Level(2 * S, 1.0)))
    found = steps(rising)
    assert [(step.at_ns // S, step.edges) for step in found] == [
        (1, ((0, "start"),)),
        (2, ((0, "level"),)),
        (4, ((0, "end"),)),
    ]
    assert [step.states[AB].delay_ns // MS for step in found] == [30, 50, 10]
    assert [step.states[AB].loss for step in found] == [RandomLoss(0.25), RandomLoss(0.5), None]


def test_a_fault_of_matching_frames_changes_their_state_alone_and_on_top_of_the_others() -> None:
    match = FrameMatch(larger_than=1_100)
    slower = LinkFault("latency", 1 * S, 4 * S, (AB,), LinkChange(extra_delay_ns=40 * MS))
    swallowing = LinkFault("blackhole", 2 * S, 3 * S, (AB,), LinkChange(blackhole=True), match)
    before, during, after = (step.states[AB] for step in steps(slower, swallowing)[:3])
    assert (before.matched, after) == (None, before)
    assert during == replace(before, matched=Matched(match, replace(before, blackhole=True)))


def test_a_level_of_nothing_leaves_the_link_as_it_was() -> None:
    levels = (Level(2 * S, 0.0), Level(3 * S, 1.0))
    flapping = LinkFault("flap", 1 * S, 4 * S, (AB, BA), LinkChange(up=False), levels=levels)
    assert [step.states[AB].up for step in steps(flapping)] == [False, True, False, True]


def test_faults_on_processes_have_timelines_of_their_own_and_keep_their_numbers() -> None:
    relay, directory = Process("relay", "a"), Process("directory")
    levels = (Level(5 * S, 0.5), Level(6 * S, 1.0))
    faults = (
        ProcessFault("relay-kill", 3 * S, 4 * S, relay, Kill()),
        fault(1, 2, LinkChange(blackhole=True)),
        ProcessFault("directory-slow", 5 * S, 7 * S, directory, Slow(40 * MS), levels=levels),
        ProcessFault("relay-freeze", 1 * S, 2 * S, relay, Freeze()),
    )
    assert [step.edges for step in steps(*faults)] == [((1, "start"),), ((1, "end"),)]
    assert process_edges(faults) == {
        relay: (
            TimedEdge(1 * S, 3, "start"),
            TimedEdge(2 * S, 3, "end"),
            TimedEdge(3 * S, 0, "start"),
            TimedEdge(4 * S, 0, "end"),
        ),
        directory: (TimedEdge(5 * S, 2, "start"), TimedEdge(6 * S, 2, "level"), TimedEdge(7 * S, 2, "end")),
    }
