"""What the benchmarks compute. Their figures are nobody's test."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from types import SimpleNamespace
from typing import cast

import pytest

from benchmarks.fidelity import table
from benchmarks.load import Sessions
from benchmarks.load_loop import TRAIN
from benchmarks.page import FAULTS, MOVED_TO, STRUCK, Found, page
from benchmarks.programs import left_out, loaded_plan
from benchmarks.search import LADDER_KPPS, Run, highest
from benchmarks.turn import channel_data, xor_address
from relay_app.streams import LANES, lane_of, streams_of
from results.fidelity.checks import FidelityCheck
from results.metrics.figures import LengthQuantiles
from results.run_files.plan import Plan
from results.verdict.summary import Summary
from scenarios.process_faults.packet_contract import session_lines
from scenarios.relay_check.bench import HERE


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


def test_the_load_on_a_program_ends_at_its_cluster_and_fills_every_lane() -> None:
    plan = loaded_plan("template")
    to_here = [each.ssrc for each in streams_of(plan.sessions, plan.seed) if each.destination == HERE]
    assert Counter(map(lane_of, Sessions.of(to_here).ssrcs)) == dict.fromkeys(range(LANES), TRAIN)
    lines = session_lines(plan, HERE, plan.relay_programs(HERE)[0], 0).splitlines()
    assert set(to_here) <= {json.loads(line)["ssrc"] for line in lines}, "it holds them from its start"


def test_what_cannot_be_measured_is_left_out_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    assert left_out("template") is None
    assert (left_out("no-such-kind") or "").startswith("--set relays.kinds.us-central=no-such-kind: ")
    stateless = stateless_plan()
    monkeypatch.setattr("benchmarks.programs.plan_for", lambda _: stateless)
    assert left_out("any") == "it keeps no sessions, and so has no way to the client that is the sink"


def stateless_plan() -> Plan:
    plan = loaded_plan("template")
    programs = {name: replace(each, sessions="none") for name, each in plan.relays.programs.items()}
    return replace(plan, relays=replace(plan.relays, programs=programs))


def seen(name: str, p50_ms: float | None, descriptors: int) -> Summary:
    first = LengthQuantiles(p50_ms, p50_ms, p50_ms)
    process = SimpleNamespace(descriptors_most=descriptors)
    program = SimpleNamespace(
        measured="program", first_forwarded_ms=first, moved=60, catch_up_ms=p50_ms, process=process
    )
    media = SimpleNamespace(interruption_ms=first, lost=7, still_interrupted=0, recovery_lag_ms=0.0, directions=20)
    programs = dict.fromkeys((MOVED_TO, STRUCK), program)
    group = SimpleNamespace(name="carried", between=("a", "b"), sessions=10, longest_ms=63.0)
    pair = SimpleNamespace(source="a", destination="b", one_way_ms=SimpleNamespace(p50=9.5, p99=30.25))
    return cast(
        "Summary",
        SimpleNamespace(scenario=name, verdict="pass", media=media, programs=programs, groups=[group], pairs=[pair]),
    )


def test_a_page_has_a_row_for_each_run_and_what_is_not_told_says_so() -> None:
    """Two descriptors for each stream: 80 more with 40 streams more."""
    cold, mesh, warm = seen("burst", 150.0, 140), seen("mesh", 1.0, 30), seen("burst", None, 140)
    faults = {what: seen("fault", 1050.0, 60) for what in FAULTS}
    carried = highest(lambda kpps: run(kpps, loss=float(kpps > 50)))
    lines = [*page(Found("mine", [mesh, cold], warm, seen("storm", 400.0, 100), faults, carried))]
    assert "| burst | pass | before the blip ended |  |" in lines
    assert "| cold | 150.0 ms | 150.0 ms | 150.0 ms |" in lines
    assert "| warm | not told | not told | not told |" in lines
    assert "| 60 streams at once, all served after | 400.0 ms (150 a second) |" in lines
    assert "| longest interruption of the 20 streams that it carried | 63.0 ms |" in lines
    assert "| their one-way latency, p50 and p99 | 9.5 ms, 30.2 ms |" in lines
    assert "| SIGKILL | 1050.0 ms | 7 | 0 |" in lines
    assert lines[-2:] == [
        "On one core: 50 kpps, 2.00 µs of CPU per packet.",
        "Descriptors: 140 with 60 streams, 2.00 for each further one.",
    ]


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
