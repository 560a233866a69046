"""Faults on the controller, and on all processes at once, in whole runs."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from event_lab import Ran, ran
from every import every
from run_lab import start, summary_of
from run_record import RunRecord

from results.run_files.machine import ProcessId
from results.run_files.machine_formats import read_machine_report

pytestmark = [pytest.mark.root, pytest.mark.repeats_alone]

CONTROLLER = """\
name: controller
topology: us-triangle
duration: 17s
sessions:
  - {between: [us-east, us-west], count: 4, media: voice}
controller: {hold: 500ms}
events:
  - {at: 1s, what: controller-cut, for: 2s}
  - {at: 1200ms, what: blackhole, link: [us-east, us-west], for: 4300ms}
  - {at: 8s, what: blackhole, link: [us-east, us-west], for: 6s}
  - {at: 9s, what: controller-restart, for: 1s}
"""


@pytest.fixture(scope="module")
def controller(runs: RunRecord, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    return ran(runs, tmp_path_factory.mktemp("controller"), CONTROLLER, lambda _: {8.1: (0, 1000)})


class TestController:
    """Cut off when a link goes dark; and started anew while a link is dark, with the media on a detour."""

    def test_a_reroute_waits_for_the_end_of_the_cut(self, controller: Ran) -> None:
        """Decided within the cut, at 1.45 s, installed after it: by TCP's retransmission, whose time-out doubles from
        some 0.2 s on, so that it takes about as long again as the cut still lasted."""
        move = next(each for each in controller.lines("controller.jsonl") if each["kind"] == "decision")
        start_ns = controller.start_ns()
        decided_ms, installed_ms = ((move[name] - start_ns) / 1e6 for name in ("decided_ns", "installed_ns"))
        cut_until_ms = controller.applied_ms(0, "end")[0]
        assert move["via"] == "us-central"
        assert controller.applied_ms(1, "start")[0] + 200 < decided_ms
        assert installed_ms >= cut_until_ms
        assert min(controller.silences_ms(2.6)) > 1000
        assert controller.bears(decided_ms < 2000)
        assert controller.bears(installed_ms < cut_until_ms + (cut_until_ms - decided_ms) + 500)

    def test_meanwhile_its_log_says_that_the_move_is_not_in_force(self, controller: Ran) -> None:
        """It looks once a second at each pair that is away from its link; the cut lasts 1.5 s more after the move."""
        log = controller.lines("controller.jsonl")
        decided_ns = next(each["decided_ns"] for each in log if each["kind"] == "decision")
        cut_until_ns = controller.start_ns() + round(controller.applied_ms(0, "end")[0] * 1e6)
        checks = [each for each in log if each["kind"] == "check"]
        during = [each for each in checks if decided_ns < each["at_ns"] < cut_until_ns]
        assert controller.bears(every(each["reason"].startswith("a switch has not confirmed it") for each in during))

    def test_media_stay_on_their_detour_while_there_is_no_controller_and_under_the_next(self, controller: Ran) -> None:
        assert len(controller.silences_ms(8.1)) == 8
        assert controller.bears(max(controller.silences_ms(8.1)) < 1000)
        for at_s in (9.5, 10.5, 11.5, 12.5):
            assert controller.bears(controller.silences_ms(at_s) == [])

    def test_both_lives_are_in_one_log_and_the_second_moves_the_media_back(self, controller: Ran) -> None:
        """The second decides nothing until it has seen the link clean again: at 14 s."""
        start_ns = controller.start_ns()
        moves = [each for each in controller.lines("controller.jsonl") if each["kind"] == "decision"]
        installed_s = [(each["installed_ns"] - start_ns) / 1e9 for each in moves]
        assert controller.bears([each["via"] for each in moves] == ["us-central", None, "us-central", None])
        assert installed_s[2] > 8
        assert controller.bears(installed_s[2] < 9)
        assert controller.applied_ms(2, "end")[0] / 1e3 < installed_s[3]
        assert any(
            "found so on the switches" in each.get("reason", "") for each in controller.lines("controller.jsonl")
        )

    def test_every_edge_is_verified(self, controller: Ran) -> None:
        for number in range(4):
            edges = controller.edges(number)
            assert [edge["edge"] for edge in edges] == ["start", "end"]
            assert every(edge["applied_last_ns"] <= edge["verified_ns"] for edge in edges)


HELD_UP = """\
name: held-up
topology: us-triangle
duration: 12s
sessions:
  - {between: [us-east, us-west], count: 4, media: voice}
controller: {hold: 500ms}
events:
  - {at: 1500ms, what: controller-freeze, for: 2s}
  - {at: 5s, what: controller-kill, for: 500ms}
  - {at: 8s, what: blackhole, link: [us-east, us-west], for: 3s}
"""


@pytest.fixture(scope="module")
def held_up(runs: RunRecord, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    return ran(runs, tmp_path_factory.mktemp("held-up"), HELD_UP, lambda _: {8.1: (0, 1000)})


class TestHeldUp:
    """A controller that stands still for eight times as long as it takes to find a link silent, and one that dies."""

    def test_it_says_how_long_it_stood_still(self, held_up: Ran) -> None:
        all_found = [each for each in held_up.lines("controller.jsonl") if each["kind"] == "held-up"]
        found = max(all_found, key=lambda each: each["at_ns"] - each["from_ns"])
        stopped_ms, continued_ms = (held_up.applied_ms(0, edge) for edge in ("start", "end"))
        from_ms, at_ms = ((found[name] - held_up.start_ns()) / 1e6 for name in ("from_ns", "at_ns"))
        assert from_ms <= stopped_ms[1]
        assert at_ms >= continued_ms[0]
        assert held_up.bears(from_ms > stopped_ms[0] - 100 and at_ms < continued_ms[1] + 100)

    def test_it_takes_no_link_for_down_because_it_did_not_look(self, held_up: Ran) -> None:
        bad_s = [
            (each["at_ns"] - held_up.start_ns()) / 1e9
            for each in held_up.lines("controller.jsonl")
            if each["kind"] == "health" and each["after"] != "clean"
        ]
        assert held_up.bears(every(at_s > 8 for at_s in bad_s))
        moved = [each for each in held_up.summary["reroutes"] if each["via"] == "us-central"]
        assert held_up.bears(len(moved) == 1)

    def test_the_successor_of_one_that_was_killed_repairs_the_next_blip(self, held_up: Ran) -> None:
        assert held_up.bears(len(held_up.silences_ms(8.1)) == 8)
        assert held_up.bears(max(held_up.silences_ms(8.1)) < 1000)
        for at_s in (2.5, 5.2, 6.5):
            assert held_up.bears(held_up.silences_ms(at_s) == [])


FROZEN = ProcessId("relay", "us-west")

STRUCK = """\
name: struck
topology: us-triangle
duration: 30s
sessions:
  - {between: [us-east, us-west], count: 2, media: voice}
events:
  - {at: 1s, what: relay-freeze, cluster: us-west, for: 20s}
  - {at: 1s, what: relay-kill, cluster: us-east, for: 20s}
  - {at: 1s, what: controller-cut, for: 20s}
  - {at: 1s, what: directory-down, for: 20s}
"""


def test_an_interrupt_in_the_middle_of_them_all_ends_the_run_and_keeps_its_records(tmp_path: Path) -> None:
    """A frozen relay goes on and says its last words; one that is gone by plan did not end early."""
    file = tmp_path / "struck.yaml"
    file.write_text(STRUCK)
    with start("run", file, "--out", tmp_path / "runs") as process:
        assert process.stdout is not None
        begun = (line for line in process.stdout if " begins" in line)
        assert len([next(begun) for _ in range(4)]) == 4
        process.send_signal(signal.SIGINT)
        process.stdout.read()
    root, summary = summary_of(tmp_path / "runs", "struck")
    machine = read_machine_report(root / "machine.json")
    assert process.returncode == 130
    assert summary["reasons"][0] == "the run was interrupted"
    assert machine.ended_early == ()
    assert [row.count for row in machine.counters if (row.process, row.counter) == (FROZEN, "stuck_threads")] == [0]
    assert {"us-east", "us-central", "us-west"} == set(summary["relay"])
    assert summary["ledger"]["unexplained"] == 0 or not machine.hosts
