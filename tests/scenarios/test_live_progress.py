"""A run told from the files it writes: each record once, times from the media start."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from rich.text import Text

from controller.decisions import Decision, Review
from hostio.timing import MS, S
from results.run_files.documents import Event, dump_line
from results.run_files.events import Begun, FaultEdge, LogFull, MediaStart, Phase, ProgramMessage, WatchdogMissed
from results.run_files.faults import Cut, Kill, Process, ProcessFault
from results.run_files.run_dir import RunDir
from scenarios.cli import live_progress
from scenarios.cli.live_progress import LiveProgress
from scenarios.cli.step_times import StepTimes
from scenarios.language.library import load_plan

PLAN = load_plan(Path(__file__).resolve().parent.parent.parent / "scenarios" / "one-blip.yaml")

START = 500 * S
RECORDS = (
    Phase("links emulated: userspace", START - S),
    MediaStart(START),
    FaultEdge(0, "start", START + 4 * S, START + 4 * S + MS, START + 4 * S + 2 * MS, START + 4 * S + 3 * MS),
)
MOVE = Decision(
    a="us-east",
    b="us-west",
    via="us-central",
    lanes=tuple(range(16)),
    reason="no probe for 251 ms",
    seen_ns=START + 4 * S,
    decided_ns=START + 4 * S,
    sent_ns=START + 4 * S,
    installed_ns=START + 5 * S,
)


def test_every_record_is_told_once(tmp_path: Path) -> None:
    run = RunDir(tmp_path)
    progress_lines = LiveProgress(PLAN, run)
    assert list(progress_lines.news()) == []
    assert progress_lines.clock_s() is None
    run.events.write_text("".join(map(dump_line, RECORDS)))
    assert [line.split() for line in progress_lines.news()] == [
        ["links", "emulated:", "userspace"],
        ["4.001", "s", "blackhole", "begins", "on", "us-east–us-west", "[dim](+2.0", "ms)[/]"],
    ]
    run.decisions.write_text(dump_line(MOVE))
    assert [line.strip() for line in progress_lines.news()] == [
        "5.000 s  us-east–us-west over us-central: no probe for 251 ms"
    ]
    assert list(progress_lines.news()) == []
    assert progress_lines.clock_s() is not None


@pytest.mark.parametrize(
    ("records", "after_s", "bar"),
    [
        ((), 0, ("setting up", 0.0, "")),
        ((Begun("set-up", "building the network", START),), 3, ("setting up: building the network", 0.0, "3 s")),
        (
            (Begun("set-up", "building the network", START - S), MediaStart(START)),
            3.2,
            ("playing", 3.2, " 3.2 s, 9 s left"),
        ),
        ((Begun("set-up", "warming the relays", START), MediaStart(START)), 13, ("collecting", 12.0, "")),
        (
            (MediaStart(START), Begun("collection", "writing the records", START + 13 * S)),
            15,
            ("collecting: writing the records", 12.0, "2 s"),
        ),
    ],
)
def test_a_bar_says_what_is_done_and_how_much_is_left_where_that_is_known(
    records: tuple[Event, ...],
    after_s: float,
    bar: tuple[str, float, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = RunDir(tmp_path)
    run.events.write_text("".join(map(dump_line, records)))
    progress_lines = LiveProgress(PLAN, run)
    list(progress_lines.news())
    monkeypatch.setattr(live_progress, "monotonic_ns", lambda: START + round(after_s * S))
    assert progress_lines.bar() == bar


def test_a_step_of_collection_that_takes_long_is_a_line_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = RunDir(tmp_path)
    begun = (Begun("set-up", "building the network", START), Begun("collection", "writing the records", START + S))
    progress_lines = LiveProgress(PLAN, run)
    lines = []
    for count, after_s in ((1, 9), (2, 2), (2, 3.5), (2, 9)):
        run.events.write_text("".join(map(dump_line, begun[:count])))
        list(progress_lines.news())
        monkeypatch.setattr(live_progress, "monotonic_ns", lambda now_s=after_s: START + round(now_s * S))
        lines.append((progress_lines.long_step() or "").strip())
    assert lines == ["", "", "writing the records", ""]


def test_steps_are_lines_once_the_work_is_long_and_say_what_is_left() -> None:
    now = [100.0]
    times = StepTimes(lambda: now[0])
    assert (times.is_long, times.left(0.0)) == (False, "0 s")
    now[0] += 3
    assert (times.is_long, times.left(0.05), times.left(0.25)) == (True, "3 s", "3 s, about 9 s left")


def test_it_is_told_what_the_switches_did_by_themselves(tmp_path: Path) -> None:
    run = RunDir(tmp_path)
    progress_lines = LiveProgress(PLAN, run)
    run.events.write_text("".join(map(dump_line, RECORDS)))
    list(progress_lines.news())
    run.decisions.write_text(dump_line(replace(MOVE, reason="BFD session down", repaired_ns=START + 4 * S)))
    assert [line.strip() for line in progress_lines.news()] == [
        "5.000 s  us-east–us-west over us-central: BFD session down; the switches had moved it"
    ]


def test_what_a_program_says_is_told_but_not_its_signs_of_life(tmp_path: Path) -> None:
    run = RunDir(tmp_path)
    progress_lines = LiveProgress(PLAN, run)
    said = (
        MediaStart(START),
        ProgramMessage("us-east", "WATCHDOG=1", START + S),
        ProgramMessage("us-east", "STATUS=[bold]draining[/] [3]", START + 2 * S, left_out=7),
        WatchdogMissed("us-east", 2 * S, START + 4 * S),
        LogFull("us-west", 64 << 20, START + 5 * S),
    )
    run.events.write_text("".join(map(dump_line, said)))
    lines = list(progress_lines.news())
    shown = [Text.from_markup(line).plain.strip() for line in lines]
    assert shown == [
        "2.000 s  relay us-east: STATUS=[bold]draining[/] [3] (7 left out before)",
        "4.000 s  relay us-east sent no WATCHDOG=1 for 2 s",
        "5.000 s  relay us-west: its log is full, at 64 MiB",
    ]


def test_half_a_line_waits_for_its_other_half(tmp_path: Path) -> None:
    run = RunDir(tmp_path)
    progress_lines = LiveProgress(PLAN, run)
    line = dump_line(RECORDS[0])
    run.events.write_text(line[:20])
    assert list(progress_lines.news()) == []
    run.events.write_text(line)
    assert len(list(progress_lines.news())) == 1


def test_a_fault_on_a_process_is_told_with_its_cluster_or_alone(tmp_path: Path) -> None:
    run = RunDir(tmp_path)
    faults = (
        ProcessFault("relay-kill", S, 2 * S, Process("relay", "us-west"), Kill()),
        ProcessFault("controller-cut", S, 2 * S, Process("controller"), Cut()),
    )
    edges = (FaultEdge(number, "start", START + S, START + S, START + S, START + S) for number in (0, 1))
    run.events.write_text("".join(map(dump_line, (MediaStart(START), *edges))))
    assert list(LiveProgress(replace(PLAN, faults=faults), run).news()) == [
        "   1.000 s  relay-kill begins on us-west [dim](+0.0 ms)[/]",
        "   1.000 s  controller-cut begins [dim](+0.0 ms)[/]",
    ]


def test_a_moment_before_the_media_is_no_negative_zero(tmp_path: Path) -> None:
    run = RunDir(tmp_path)
    progress_lines = LiveProgress(PLAN, run)
    run.events.write_text("".join(map(dump_line, RECORDS)))
    list(progress_lines.news())
    run.decisions.write_text(dump_line(replace(MOVE, installed_ns=START - 400_000)))
    assert [line.split()[:2] for line in progress_lines.news()] == [["0.000", "s"]]


def test_a_fault_that_the_plan_does_not_have_is_told_as_such(tmp_path: Path) -> None:
    run = RunDir(tmp_path)
    edge = FaultEdge(len(PLAN.faults), "start", START + S, START + S, START + S, START + S)
    run.events.write_text("".join(map(dump_line, (MediaStart(START), edge))))
    (line,) = LiveProgress(PLAN, run).news()
    assert "fault 1, which the plan does not have, begins" in line


def test_each_path_of_a_pair_is_told_when_its_reason_changes(tmp_path: Path) -> None:
    run = RunDir(tmp_path)
    progress_lines = LiveProgress(PLAN, run)
    reviews = [
        Review("us-east", "us-west", via, why, START + second * S)
        for second, why in enumerate(("both legs are clean", "both legs are clean", "a leg is not clean"))
        for via in ("us-central", "us-south")
    ]
    run.decisions.write_text("".join(map(dump_line, reviews)))
    told = [line.split("stays via ")[1] for line in progress_lines.news()]
    assert told == [
        f"{via}: {why}" for why in ("both legs are clean", "a leg is not clean") for via in ("us-central", "us-south")
    ]


def test_pairs_without_sessions_that_fare_alike_are_counted(tmp_path: Path) -> None:
    """Of 64 clusters some hundred pairs go over a link that is cut."""
    run = RunDir(tmp_path)
    progress_lines = LiveProgress(PLAN, run)
    run.events.write_text("".join(map(dump_line, RECORDS)))
    list(progress_lines.news())
    idle = [replace(MOVE, a="us-central", b=f"us-{number}", via="us-east") for number in range(3)]
    other = replace(idle[0], b="us-9", reason="no probe for 300 ms")
    run.decisions.write_text("".join(map(dump_line, (idle[0], MOVE, *idle[1:], other))))
    assert [line.strip() for line in progress_lines.news()] == [
        "5.000 s  us-central–us-0 over us-east: no probe for 251 ms [dim](and 2 more pairs without sessions)[/]",
        "5.000 s  us-east–us-west over us-central: no probe for 251 ms",
        "5.000 s  us-central–us-9 over us-east: no probe for 300 ms",
    ]
