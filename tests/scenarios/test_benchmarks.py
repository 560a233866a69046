"""What the benchmarks compute. Their figures are nobody's test."""

from __future__ import annotations

from collections import Counter

import pytest

from benchmarks.fidelity import table
from benchmarks.load import Sessions
from benchmarks.load_loop import TRAIN
from benchmarks.search import LADDER_KPPS, Run, highest
from benchmarks.turn import channel_data, xor_address
from relay_app.streams import LANES, lane_of
from results.fidelity.checks import FidelityCheck


def run(kpps: int, *, loss: float = 0.0, p99_ms: float = 0.1, skipped: int = 0) -> Run:
    return Run(
        kpps, sent=100_000, received=round(100_000 * (1 - loss)), skipped=skipped, p50_ms=0.05, p99_ms=p99_ms, cpu_us=2
    )


@pytest.mark.parametrize("limit", [0, *LADDER_KPPS])
def test_the_highest_rate_of_the_ladder_is_found(limit: int) -> None:
    found = highest(lambda kpps: run(kpps, loss=0.0 if kpps <= limit else 0.01))
    assert (found.run.kpps if found.run else 0) == limit
    assert not found.bounded_by_load


def test_late_is_as_bad_as_lost() -> None:
    found = highest(lambda kpps: run(kpps, p99_ms=2.0 if kpps > 300 else 1.9))
    assert found.run is not None
    assert found.run.kpps == 300


def test_a_load_that_cannot_keep_up_is_not_taken_for_the_relays_limit() -> None:
    found = highest(lambda kpps: run(kpps, skipped=5000 if kpps > 450 else 0))
    assert found.run is not None
    assert (found.run.kpps, found.bounded_by_load) == (450, True)


def test_every_lane_gets_one_train() -> None:
    sessions = Sessions.make()
    assert Counter(map(lane_of, sessions.ssrcs)) == dict.fromkeys(range(LANES), TRAIN)
    assert [lane_of(ssrc) for ssrc in sessions.ssrcs[::TRAIN]] == list(range(LANES))


def test_turn_wire_format() -> None:
    """XOR-MAPPED-ADDRESS of RFC 5769 §2.2: 192.0.2.1 port 32853."""
    assert xor_address("192.0.2.1", 32853) == bytes.fromhex("0001a147e112a643")
    assert channel_data(172) == bytes.fromhex("400000ac")


def test_checks_of_several_runs_are_set_beside_their_limit() -> None:
    late = [FidelityCheck("pacing-max", "late", value, 2.0, "ms", ok=value <= 2) for value in (1.0, 1.5, 7.0)]
    drops = FidelityCheck("port-drops", "drops", 0.0, 0.0, "", ok=True)
    unknown = FidelityCheck("clock-step", "clock", None, 1.0, "ms", ok=False)
    assert table([[late[0], drops], [late[1], drops, unknown], [late[2], drops]]) == [
        ("late", "2 ms", "1.5 ms", "7 ms", "1"),
        ("drops", "0", "0", "0", "0"),
        ("clock", "1 ms", "unknown", "unknown", "1"),
    ]
