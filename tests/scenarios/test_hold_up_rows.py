"""Rows of hold-ups, against reports written by hand."""

from __future__ import annotations

from results.run_files.hold_ups import HOLD_UP, HoldUpPlace
from results.run_files.machine import ProcessId
from scenarios.run.hold_up_rows import hold_up_rows
from scenarios.run.machine_report import ProcessCounts

ORDINALS = {"us-east": 1, "us-west": 3}


def test_each_thread_has_its_place_and_cluster() -> None:
    counts = [
        ProcessCounts(ProcessId("relay", "us-west"), hold_ups=({"forward": ((7, 9),)},)),
        ProcessCounts(ProcessId("relay", "us-west"), hold_ups=({"forward": ((1, 2),)}, {"forward": ((4, 5),)})),
        ProcessCounts(ProcessId("client", "us-east"), hold_ups=({"send": ((1, 3),), "receive": ()},)),
        ProcessCounts(ProcessId("client", "us-west"), hold_ups=({"send": (), "receive": ((2, 3), (4, 6))},)),
        ProcessCounts(ProcessId("prober", "us-east"), hold_ups=({"probe": ((8, 9),)},)),
        ProcessCounts(ProcessId("peer", "us-east"), hold_ups=({},)),
        ProcessCounts(ProcessId("monitor"), hold_ups=({"core 0": (), "core 12": ((5, 6),)},)),
    ]
    found = hold_up_rows(counts, ((3, 4),), ORDINALS)
    assert found.dtype == HOLD_UP
    assert found.tolist() == [
        (HoldUpPlace.RELAY, 3, 7, 9),
        (HoldUpPlace.RELAY, 3, 1, 2),
        (HoldUpPlace.RELAY, 3, 4, 5),
        (HoldUpPlace.SENDER, 1, 1, 3),
        (HoldUpPlace.RECEIVER, 3, 2, 3),
        (HoldUpPlace.RECEIVER, 3, 4, 6),
        (HoldUpPlace.PROBER, 1, 8, 9),
        (HoldUpPlace.CORE, 12, 5, 6),
        (HoldUpPlace.LINK, 0, 3, 4),
    ]


def test_nothing_held_up_is_no_row() -> None:
    assert len(hold_up_rows([], (), ORDINALS)) == 0
