"""What the benchmarks compute. Their figures are nobody's test."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from benchmarks import compare as compare_bench
from benchmarks.cases import rows as case_rows
from benchmarks.fidelity import table
from benchmarks.load import Sessions, others_share
from benchmarks.load_loop import TRAIN
from benchmarks.page import BUSY, page
from benchmarks.page_runs import FAULTS, MOVED_TO, STRUCK, Alone, Found
from benchmarks.pages import is_whole, to_write
from benchmarks.programs import left_out, loaded_plan, title
from benchmarks.relay import cannot_measure, in_rounds
from benchmarks.relay_table import ADAPTER, COLUMNS, rows
from benchmarks.search import LADDER_KPPS, TRIES, Highest, Run, highest
from benchmarks.turn import channel_data, xor_address
from hostio.procfs import CoreTimes
from relay_app.ports import LANES
from relay_app.streams import lane_of, streams_of
from results.bounds.interval import Interval
from results.fidelity.checks import FidelityCheck
from results.metrics.figure_types import LengthQuantiles
from results.verdict.summary import ExpectationRow, Summary
from scenarios.paths import PROJECT
from scenarios.process_faults.packet_contract import session_lines
from scenarios.relay_check.bench import HERE


def run(
    kpps: int, *, loss: float = 0.0, p99_ms: float = 0.1, skipped: int = 0, others: float = 0.0, cpu_us: float = 2.0
) -> Run:
    received = round(100_000 * (1 - loss))
    return Run(kpps, 100_000, received, skipped, p50_ms=0.05, p99_ms=p99_ms, cpu_us=cpu_us, others=others)


@pytest.mark.parametrize("limit", [0, *LADDER_KPPS])
def test_the_highest_rate_of_the_ladder_is_found(limit: int) -> None:
    found = highest(lambda kpps: run(kpps, loss=0.0 if kpps <= limit else 0.01))
    assert (found.run.kpps if found.run else 0) == limit
    above = next((kpps for kpps in LADDER_KPPS if kpps > limit), None)
    assert (found.refused.kpps if found.refused else None) == above
    assert not found.bounded_by_load


def test_late_is_as_bad_as_lost() -> None:
    found = highest(lambda kpps: run(kpps, p99_ms=2.0 if kpps > 300 else 1.9))
    assert found.run is not None
    assert found.run.kpps == 300


def test_a_load_that_cannot_keep_up_is_not_taken_for_the_relays_limit() -> None:
    found = highest(lambda kpps: run(kpps, skipped=5000 if kpps > 450 else 0))
    assert found.run is not None
    assert (found.run.kpps, found.bounded_by_load) == (450, True)


def test_what_is_lost_on_a_busy_machine_is_tried_again() -> None:
    """Busy but in every third try of a rate: what is carried meanwhile needs no other."""
    tried: Counter[int] = Counter()

    def measure(kpps: int) -> Run:
        tried[kpps] += 1
        busy = tried[kpps] < TRIES
        return run(kpps, loss=0.01 if busy or kpps > 300 else 0.0, others=0.2 if busy else 0.0)

    found = highest(measure)
    assert found.run is not None
    assert (found.run.kpps, found.disturbed) == (300, False)
    assert set(tried.values()) == {TRIES}


def test_a_limit_that_a_busy_machine_may_have_set_is_doubted() -> None:
    found = highest(lambda kpps: run(kpps, loss=0.01 if kpps > 100 else 0.0, others=0.2))
    assert found.run is not None
    assert (found.run.kpps, found.disturbed) == (100, True)


def test_others_are_who_took_the_cores_but_for_us_and_interrupts() -> None:
    """Two of three cores, in ms: 150 in processes, of which 100 ours, 10 kept by the host; of 400 in all."""
    before = {0: CoreTimes(0, 0, 0, 0), 1: CoreTimes(5, 5, 5, 5), 2: CoreTimes(0, 0, 0, 0)}
    after = {0: CoreTimes(100, 50, 50, 0), 1: CoreTimes(55, 45, 105, 15), 2: CoreTimes(900, 0, 0, 0)}
    assert others_share(before, after, {0, 1}, 100) == pytest.approx(60 / 400)
    assert others_share(before, after, {0, 1}, 500) == pytest.approx(10 / 400)


def test_relays_are_set_side_by_side_round_by_round() -> None:
    """Analytic: the machine is half as fast in the second round, for both."""
    found = {
        "2026-05-20": [Highest(run(400, cpu_us=2)), Highest(run(200, cpu_us=4))],
        ADAPTER: [Highest(run(200, cpu_us=4)), Highest(run(100, cpu_us=8))],
        "turn, server + adapter": [Highest(run(100, cpu_us=9)), Highest(run(50, cpu_us=18), disturbed=True)],
        "rules": [Highest(run(400, cpu_us=0), bounded_by_load=True), Highest(run(300, cpu_us=0))],
        "none": [Highest(None), Highest(None)],
    }
    table = {row[0]: row for row in rows(found)}
    assert {len(row) for row in table.values()} == {len(COLUMNS)}
    ratios = {name: (row[2], row[6]) for name, row in table.items()}
    assert ratios == {
        "2026-05-20": ("1.00", "1.00"),
        ADAPTER: ("0.50", "2.00"),
        "turn, server + adapter": ("0.25", "4.50"),
        "rules": ("1.25", "–"),
        "none": ("–", "–"),
    }
    server, rules, none = (table[name] for name in list(found)[2:])
    assert (server[1], *server[-2:]) == ("≥ 100 (50-100)", "7.50 µs", "inconclusive, 1 of 2 busy")
    assert (rules[1], *rules[-3:]) == ("≥ 400 (300-400)", "–", "–", "quiet")
    assert none[1] == "none"


def test_one_that_does_not_serve_is_left_out_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    def fail() -> Highest:
        raise subprocess.CalledProcessError(1, "program")

    found = in_rounds({"broken": fail, "sound": lambda: Highest(run(10))}, 2)
    assert {name: len(each) for name, each in found.items()} == {"sound": 2}
    assert capsys.readouterr().err.count("broken is left out") == 1


def test_an_unknown_kind_is_named_before_anything_is_measured() -> None:
    assert (cannot_measure(["c-sound", "d-sound"], [0, 1]) or "").startswith("'d-sound' is no kind that comes with ")


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


def test_what_cannot_be_measured_is_left_out_by_name() -> None:
    assert left_out("template") is None
    assert (left_out("no-such-kind") or "").startswith("--set relays.kinds.us-central=no-such-kind: ")


def test_a_row_says_what_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    assert title("template") == "template"
    plan = loaded_plan("template")
    programs = {name: replace(each, sessions="none") for name, each in plan.relays.programs.items()}
    stateless = replace(plan, relays=replace(plan.relays, programs=programs))
    monkeypatch.setattr("benchmarks.programs.plan_for", lambda _: stateless)
    assert title("any") == "any, one lane"


def seen(name: str, p50_ms: float | None, descriptors: int, *, others: float = 0.0) -> Summary:
    first = LengthQuantiles(p50_ms, p50_ms, p50_ms)
    process = SimpleNamespace(descriptors_most=descriptors)
    program = SimpleNamespace(
        measured="program",
        packages={"coturn": "4.6.1-1"},
        command=[f"{PROJECT}/relay", "--at=here"],
        server=None,
        first_forwarded_ms=first,
        moved=60,
        catch_up_ms=p50_ms,
        process=process,
    )
    media = SimpleNamespace(interruption_ms=first, lost=7, still_interrupted=0, recovery_lag_ms=0.0, directions=20)
    programs = dict.fromkeys((MOVED_TO, STRUCK), program)
    group = SimpleNamespace(name="carried", between=("a", "b"), sessions=10, longest_ms=63.0)
    pair = SimpleNamespace(source="a", destination="b", one_way_ms=SimpleNamespace(p50=9.5, p99=30.25))
    machine = SimpleNamespace(others=SimpleNamespace(percent=others), stolen=SimpleNamespace(percent=0.0))
    return cast(
        "Summary",
        SimpleNamespace(
            scenario=name,
            verdict="pass",
            media=media,
            programs=programs,
            groups=[group],
            pairs=[pair],
            machine=machine,
        ),
    )


CARRIED = highest(lambda kpps: run(kpps, loss=float(kpps > 50)))


def found_of(faults: Summary, **more: Any) -> Found:
    suite: dict[str, Summary | str] = {"cold-burst": seen("burst", 150.0, 140), "mesh": "it stands between two others"}
    return Found("mine", "Linux 6, 2 cores", suite, dict.fromkeys(FAULTS, faults), CARRIED, **more)


def test_a_page_has_a_row_for_each_run_and_what_is_not_told_says_so() -> None:
    """Two descriptors for each stream: 80 more with 40 streams more."""
    warm, storm = seen("burst", None, 140), seen("storm", 400.0, 100)
    alone = Alone(seen("burst", 120.0, 140), CARRIED)
    restart = [seen("server-restart", 1.0, 60)]
    found = found_of(seen("fault", 1050.0, 60), warm=warm, storm=storm, of_servers=restart, alone=alone)
    lines = [*page(found)]
    assert lines[2:6] == [
        "Printed by `scripts/bench page mine` on Linux 6, 2 cores; measured: program.",
        "Packages: coturn 4.6.1-1.",
        "",
        "    relay --at=here",
    ]
    assert "| burst | pass | before the blip ended |  |" in lines
    assert "| mesh | not played |  | it stands between two others |" in lines
    assert "| server-restart | pass | before the blip ended |  |" in lines
    assert "| cold | 150.0 ms | 150.0 ms | 150.0 ms |" in lines
    assert "| cold, adapter alone | 120.0 ms | 120.0 ms | 120.0 ms |" in lines
    assert "| warm | not told | not told | not told |" in lines
    assert "| 60 streams at once, all served after | 400.0 ms (150 a second) |" in lines
    assert "| longest interruption of the 20 streams that it carried | 63.0 ms |" in lines
    assert "| their one-way latency, p50 and p99 | 9.5 ms, 30.2 ms |" in lines
    assert "| SIGKILL | 1050.0 ms | 7 | 0 |" in lines
    assert lines[-3:] == [
        "On one core: 50 kpps, 2.00 µs of CPU per packet.",
        "The adapter alone: 50 kpps, 2.00 µs of CPU per packet.",
        "Descriptors: 140 with 60 streams, 2.00 for each further one.",
    ]
    assert BUSY not in "".join(lines)


def test_a_page_marks_what_a_busy_machine_may_have_moved_and_such_a_page_is_made_anew(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [*page(found_of(seen("fault", 1050.0, 60, others=45.0)))]
    assert f"| SIGKILL ({BUSY}) | 1050.0 ms | 7 | 0 |" in lines
    (tmp_path / "busy.md").write_text("\n".join(lines))
    (tmp_path / "whole.md").write_text("\n".join(page(found_of(seen("fault", 1050.0, 60)))))
    assert [kind for kind, _ in to_write(["busy", "whole", "missing"], tmp_path)] == ["busy", "missing"]
    assert capsys.readouterr().out == f"whole: {tmp_path / 'whole.md'} is there, and kept\n"
    assert is_whole(tmp_path / "whole.md")


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


def test_every_expectation_of_a_case_is_a_row() -> None:
    lost = ExpectationRow("media.lost == 0", "media.lost", "==", 0.0, 0.0, Interval(0.0, 2.0), ok=None)
    silent = replace(lost, text="media.interruption_ms.max < 1s", metric="media.interruption_ms.max", value=61.25)
    summary = cast(Summary, SimpleNamespace(verdict="inconclusive", expectations=[lost, silent]))
    assert [*case_rows("reorder", summary)] == [
        ("reorder", "inconclusive", "`media.lost == 0`", "0 (0 … 2)"),
        ("", "", "`media.interruption_ms.max < 1s`", "61.25 ms (0 … 2)"),
    ]


def test_the_two_sets_of_the_comparison_are_played_into_folders_of_their_kinds(tmp_path: Path) -> None:
    argv = compare_bench.command(compare_bench.SCENARIO, compare_bench.KINDS[1], 2, tmp_path)
    assert argv[-8:] == [
        *("run", str(compare_bench.SCENARIO), "--relay", "2026-05-20", "--repeat", "2"),
        *("--out", str(tmp_path / "2026-05-20")),
    ]
    assert compare_bench.SCENARIO.is_file()
