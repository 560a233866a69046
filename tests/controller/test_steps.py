from __future__ import annotations

import pytest

from controller.moves import ALL_LANES, Move
from controller.policies.steps import LaneTable, lane_groups, paced
from controller.settings import ControllerSettings, PolicyChoice
from hostio.timing import S
from topologies.model import Direction

EAST_WEST = Direction("east", "west")


def move(relay: str = "ohio", lanes: tuple[int, ...] = ALL_LANES, step_ns: int = 0) -> Move:
    return Move("east", "west", (relay,) if relay else (), "", 0, lanes, step_ns)


def lanes_over(table: LaneTable, relay: str) -> set[int]:
    return {lane for lane, path in enumerate(table.paths[EAST_WEST]) if path == ((relay,) if relay else ())}


@pytest.mark.parametrize(
    ("choice", "sizes"),
    [
        (PolicyChoice(), [16]),
        (PolicyChoice("direct-only"), [16]),
        (PolicyChoice("paced"), [16]),
        (PolicyChoice("warm-first"), [16]),
        (PolicyChoice("spread", relays=3), [6, 5, 5]),
        (PolicyChoice("headroom"), [1] * 16),
    ],
)
def test_every_lane_is_in_one_group(choice: PolicyChoice, sizes: list[int]) -> None:
    groups = lane_groups(ControllerSettings(policy=choice))
    assert [len(group) for group in groups] == sizes
    assert sorted(lane for group in groups for lane in group) == [*ALL_LANES]


def test_the_pace_is_over_the_lanes_of_a_move_onto_relays() -> None:
    settings = ControllerSettings(pace_ns=8 * S)
    assert paced(move(), settings).step_ns == S // 2
    assert paced(move(lanes=(1, 3)), settings).step_ns == 4 * S
    assert paced(move(""), settings).step_ns == 0


def test_lanes_move_one_step_apart_and_late_ones_catch_up() -> None:
    table = LaneTable().begun(move(step_ns=10), 100)
    moved = []
    for now_ns in (99, 100, 109, 110, 145, 1000):
        steps, table = table.due(now_ns)
        moved.append(tuple(lane for step in steps for lane in step.lanes))
    assert moved == [(), (0,), (), (1,), (2, 3, 4), tuple(range(5, 16))]
    assert table.under_way == {}


def test_a_later_move_takes_over_its_own_lanes_only() -> None:
    table = LaneTable().begun(move("ohio", (0, 1, 2, 3), 10), 0).begun(move("south", (4, 5), 10), 0)
    _, table = table.due(0)
    table = table.begun(move("central", (1, 2)), 5)
    _, table = table.due(5)
    assert (lanes_over(table, "ohio"), lanes_over(table, "central")) == ({0}, {1, 2})
    _, table = table.due(1000)
    assert lanes_over(table, "ohio") == {0, 3}
    assert lanes_over(table, "south") == {4, 5}
    assert [*table.reroutes()] == [
        (EAST_WEST, ("ohio",), (0, 3)),
        (EAST_WEST, ("central",), (1, 2)),
        (EAST_WEST, ("south",), (4, 5)),
    ]


def test_lanes_that_are_there_already_do_not_move_again() -> None:
    table = LaneTable().adopted(EAST_WEST, ("ohio",), (2, 9)).begun(move(), 0)
    (step,), table = table.due(0)
    assert set(step.lanes) == set(ALL_LANES) - {2, 9}
    assert table.begun(move(), 1).due(1)[0] == ()


def test_a_lane_that_two_relays_would_send_to_each_other_moves_before_its_time_and_first() -> None:
    """Ohio's lanes for east go over south, and are to go over west, one by one. South's go over ohio at once."""
    ohio_east, south_east = Direction("ohio", "east"), Direction("south", "east")
    table = LaneTable().adopted(ohio_east, ("south",), ALL_LANES)
    table = table.begun(Move(*ohio_east, ("west",), "", 0, step_ns=10), 0).begun(
        Move(*south_east, ("ohio",), "", 0, (0, 3, 5)), 0
    )
    steps, table = table.due(0)
    assert [(step.move.a, step.lanes) for step in steps] == [("ohio", (3, 5)), ("ohio", (0,)), ("south", (0, 3, 5))]
    assert [lane for lane in ALL_LANES if table.paths[ohio_east][lane] == ("west",)] == [0, 3, 5]
    assert table.under_way[ohio_east][0].lanes == (1, 2, 4, *range(6, 16))


def test_a_lane_over_a_leg_that_is_rerouted_without_a_loop_waits_for_its_time() -> None:
    ohio_east, south_east = Direction("ohio", "east"), Direction("south", "east")
    table = LaneTable().adopted(ohio_east, ("south",), ALL_LANES)
    table = table.begun(Move(*ohio_east, ("west",), "", 0, step_ns=10), 0).begun(
        Move(*south_east, ("central",), "", 0, (0, 3, 5)), 0
    )
    steps, _ = table.due(0)
    assert [(step.move.a, step.lanes) for step in steps] == [("ohio", (0,)), ("south", (0, 3, 5))]
