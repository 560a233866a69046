"""The timeline against states worked out by hand."""

from __future__ import annotations

from controller.settings import ControllerSettings
from hostio.units import MS, S
from results.plan import Fault, Plan, RelaySettings
from scenarios.timeline import base_states, steps_of
from topologies.links import LinkChange, LinkState
from topologies.model import Cluster, Direction, Link, Topology

TOPOLOGY = Topology("pair", (Cluster("a", 1), Cluster("b", 2)), (Link("a", "b", 10 * MS, jitter_ns=1 * MS),))
AB, BA = TOPOLOGY.directions


def plan(*faults: Fault) -> Plan:
    return Plan(
        scenario="x",
        description="",
        seed=1,
        duration_ns=10 * S,
        topology=TOPOLOGY,
        sessions=(),
        relays=RelaySettings("a", {}),
        controller=ControllerSettings(),
        faults=faults,
        expectations=(),
        wire_tick_ns=250_000,
    )


def fault(at_s: int, until_s: int, change: LinkChange, *directions: Direction) -> Fault:
    return Fault("fault", at_s * S, until_s * S, directions or (AB, BA), change)


CLEAN = LinkState(delay_ns=10 * MS, jitter_ns=1 * MS)


def test_base_states_hold_each_links_own_delay_and_jitter() -> None:
    assert base_states(TOPOLOGY) == {AB: CLEAN, BA: CLEAN}


def test_a_fault_begins_and_ends_on_all_its_directions_at_once() -> None:
    begin, end = steps_of(plan(fault(2, 4, LinkChange(loss=1.0))))
    dark = LinkState(delay_ns=10 * MS, jitter_ns=1 * MS, loss=1.0)
    assert (begin.at_ns, begin.edges, begin.states) == (2 * S, ((0, "start"),), {AB: dark, BA: dark})
    assert (end.at_ns, end.edges, end.states) == (4 * S, ((0, "end"),), {AB: CLEAN, BA: CLEAN})


def test_overlapping_faults_compose_and_each_ends_alone() -> None:
    slow = fault(1, 5, LinkChange(extra_delay_ns=40 * MS), AB)
    lossy = fault(2, 3, LinkChange(loss=0.5), AB)
    states = [step.states[AB] for step in steps_of(plan(slow, lossy))]
    assert [(state.delay_ns // MS, state.loss) for state in states] == [(50, 0.0), (50, 0.5), (50, 0.0), (10, 0.0)]


def test_an_end_and_a_start_at_one_instant_make_one_step() -> None:
    steps = steps_of(plan(fault(1, 2, LinkChange(loss=1.0)), fault(2, 3, LinkChange(extra_delay_ns=5 * MS))))
    assert [step.at_ns for step in steps] == [1 * S, 2 * S, 3 * S]
    assert steps[1].edges == ((0, "end"), (1, "start"))
    assert steps[1].states[AB] == LinkState(delay_ns=15 * MS, jitter_ns=1 * MS)


def test_a_direction_that_no_fault_touches_is_left_alone() -> None:
    assert set(steps_of(plan(fault(1, 2, LinkChange(loss=1.0), BA)))[0].states) == {BA}
