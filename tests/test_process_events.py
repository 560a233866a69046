"""Faults on processes in whole runs: what listeners heard, against what the scenario's own figures say."""

from __future__ import annotations

import csv
import signal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from every import every
from run_lab import Run, attempted, start, summary_of, undisturbed
from run_record import RunRecord

from results.run_files.machine import ProcessId
from results.run_files.machine_formats import read_machine_report

pytestmark = pytest.mark.root

PACKET_MS = 20.0
SLACK_MS = 15.0
"""For a process to wake, and for the switches on the way."""


RESTARTED = ProcessId("relay", "us-west")


class Ran(Run):
    """A run of this file, and what it recorded of faults and silences."""

    def edges(self, fault: int) -> list[dict[str, Any]]:
        return [each for each in self.lines("events.jsonl") if each["kind"] == "fault" and each["fault"] == fault]

    def start_ns(self) -> int:
        return next(int(each["at_ns"]) for each in self.lines("events.jsonl") if each["kind"] == "media-start")

    def silences_ms(self, around_s: float) -> list[float]:
        """The lengths of the interruptions that were going on at a time."""
        with (self.root / "interruptions.csv").open() as table:
            rows = list(csv.DictReader(table))
        return [
            float(row["length_ms"])
            for row in rows
            if float(row["started_at_s"]) <= around_s <= float(row["started_at_s"]) + float(row["length_ms"]) / 1e3
        ]


def ran(runs: RunRecord, folder: Path, text: str) -> Ran:
    """A run of a scenario of that text, undisturbed if the machine lets it be."""
    file = folder / f"{text.split()[1]}.yaml"
    file.write_text(text)
    return Ran(**vars(attempted(runs, folder / "runs", file, believed=undisturbed)))


RELAYS = """\
name: relays
topology: us-triangle
duration: 9s
sessions:
  - {between: [us-east, us-west], count: 4, media: voice}
events:
  - {at: 1s, what: relay-freeze, cluster: us-west, for: 800ms}
  - {at: 3s, what: relay-kill, cluster: us-west, for: 500ms}
  - {at: 6s, what: relay-restart, cluster: us-west, for: 700ms}
"""
ROUND_TRIP_MS = 62.3


@pytest.fixture(scope="module")
def relays(runs: RunRecord, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    return ran(runs, tmp_path_factory.mktemp("relays"), RELAYS)


class TestRelays:
    """A relay frozen, killed and restarted; its directory is a round trip of 62.3 ms away."""

    def test_a_frozen_relay_is_silent_for_as_long_as_it_is_frozen(self, relays: Ran) -> None:
        """From the last packet before, up to one packet time earlier, until what waited in its buffers goes out."""
        silences = relays.silences_ms(1.4)
        assert len(silences) == 8
        assert min(silences) >= 800 - 1
        relays.require(relays.undisturbed)
        assert max(silences) <= 800 + PACKET_MS + SLACK_MS

    @pytest.mark.parametrize(("at_s", "gone_ms"), [(3.2, 500), (6.3, 700)])
    def test_a_new_relay_is_cold_and_serves_once_it_has_fetched(self, relays: Ran, at_s: float, gone_ms: int) -> None:
        """A TCP handshake, a PING and the fetch: three round trips. A packet time before, one for the first miss, and
        one more, because the packets that came until the record was there are dropped."""
        silences = relays.silences_ms(at_s)
        assert len(silences) == 8
        assert min(silences) >= gone_ms + 3 * ROUND_TRIP_MS - 1
        relays.require(relays.undisturbed)
        assert max(silences) <= gone_ms + 3 * ROUND_TRIP_MS + 3 * PACKET_MS + SLACK_MS

    def test_records_of_all_three_lives_are_kept_and_added_up(self, relays: Ran) -> None:
        samples = pl.read_parquet(relays.root / "raw" / "relay-us-west.parquet")
        fetches = pl.read_parquet(relays.root / "raw" / "fetches-us-west.parquet")
        assert samples["life"].unique().sort().to_list() == [0, 1, 2]
        assert fetches["life"].unique().sort().to_list() == [0, 1, 2]
        last = samples.group_by("life").agg(pl.col("forwarded").max())
        assert relays.summary["relay"]["us-west"]["forwarded"] == last["forwarded"].sum()
        assert relays.summary["relay"]["us-west"]["fetches_per_key"] == 1.0
        assert sorted(path.name for path in (relays.root / "locks").glob("us-west*json")) == [
            "us-west.1.json",
            "us-west.2.json",
            "us-west.json",
        ]

    def test_a_successor_that_stood_by_all_along_has_not_stalled(self, relays: Ran) -> None:
        assert {name: row["stalls"] for name, row in relays.summary["relay"].items()} == dict.fromkeys(
            relays.summary["relay"], 0
        )

    def test_what_was_left_in_the_dead_relays_buffers_is_in_the_machine_report(self, relays: Ran) -> None:
        machine = read_machine_report(relays.root / "machine.json")
        counters = {row.counter: row.count for row in machine.counters if row.process == RESTARTED}
        assert "left_in_buffers" in counters
        assert counters["stuck_threads"] == 0
        assert [row.socket for row in machine.sockets_of(RESTARTED)] == [f"lane {number}" for number in range(16)]
        assert machine.ended_early == ()

    def test_every_edge_is_planned_applied_verified_and_told(self, relays: Ran) -> None:
        assert len(relays.summary["faults"]) == 3
        for number, fault in enumerate(relays.summary["faults"]):
            edges = relays.edges(number)
            assert [edge["edge"] for edge in edges] == ["start", "end"]
            for edge in edges:
                assert edge["planned_ns"] <= edge["applied_first_ns"] <= edge["applied_last_ns"] <= edge["verified_ns"]
            assert fault["where"] == "us-west"
            assert f"{fault['what']} begins on us-west" in relays.output
            assert f"{fault['what']} ends on us-west" in relays.output


DIRECTORY = """\
name: directory
topology: us-triangle
duration: 9s
directory: us-central
sessions:
  - {between: [us-east, us-west], count: 4, media: voice}
events:
  - {at: 2s, what: directory-slow, extra: 300ms, for: 2s}
  - {at: 2100ms, what: relay-kill, cluster: us-west, for: 500ms}
  - {at: 5s, what: directory-down, for: 1500ms}
  - {at: 5100ms, what: relay-kill, cluster: us-west, for: 500ms}
"""
TO_DIRECTORY_MS = 50.5
LONGEST_BACK_OFF_MS = 500.0


@pytest.fixture(scope="module")
def directory(runs: RunRecord, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    return ran(runs, tmp_path_factory.mktemp("directory"), DIRECTORY)


class TestDirectory:
    """A directory that is slow, then dead, while a cold relay needs it: us-west's, a round trip of 50.5 ms away."""

    def test_a_slow_directory_delays_the_cold_relay_by_two_answers(self, directory: Ran) -> None:
        """To PING and to the fetch; the handshake is the kernel's."""
        silences = directory.silences_ms(2.3)
        analytic_ms = 500 + 3 * TO_DIRECTORY_MS + 2 * 300
        assert len(silences) == 8
        assert min(silences) >= analytic_ms - 1
        directory.require(directory.undisturbed)
        assert max(silences) <= analytic_ms + 3 * PACKET_MS + SLACK_MS

    def test_a_dead_directory_keeps_the_cold_relay_silent_until_it_is_back(self, directory: Ran) -> None:
        """The relay was gone from 5.1 s, the directory back at 6.5 s; then the relay's back-off, and its fetch."""
        silences = directory.silences_ms(5.5)
        analytic_ms = 6500 - 5100 + 3 * TO_DIRECTORY_MS
        assert len(silences) == 8
        assert min(silences) >= analytic_ms - 1
        directory.require(directory.undisturbed)
        assert max(silences) <= analytic_ms + LONGEST_BACK_OFF_MS + 3 * PACKET_MS + SLACK_MS

    def test_fetches_failed_at_once_while_it_was_dead_and_found_every_record_after(self, directory: Ran) -> None:
        fetches = pl.read_parquet(directory.root / "raw" / "fetches-us-west.parquet").filter(pl.col("life") == 2)
        failed = fetches.filter(pl.col("outcome") == 3)
        assert len(failed) > 0
        took_ms = sorted((failed["answered_ns"] - failed["asked_ns"]) / 1e6)
        assert took_ms[len(took_ms) // 2] < TO_DIRECTORY_MS + SLACK_MS, "refused, not timed out"
        assert fetches.filter(pl.col("outcome") == 0)["ssrc"].n_unique() == 8

    def test_every_edge_is_verified(self, directory: Ran) -> None:
        edges = [edge for number in range(4) for edge in directory.edges(number)]
        assert len(edges) == 8
        assert every(edge["applied_last_ns"] <= edge["verified_ns"] for edge in edges)
        assert [fault["where"] for fault in directory.summary["faults"]] == ["", "us-west", "", "us-west"]
        assert "directory-slow begins (+" in " ".join(directory.output.split())


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
    return ran(runs, tmp_path_factory.mktemp("controller"), CONTROLLER)


class TestController:
    """Cut off when a link goes dark; and started anew while a link is dark, with the media on a detour."""

    def test_a_reroute_waits_for_the_end_of_the_cut(self, controller: Ran) -> None:
        """Decided within the cut, at 1.45 s, installed after it: by TCP's retransmission, whose time-out doubles from
        some 0.2 s on, so that it takes about as long again as the cut still lasted."""
        move = next(each for each in controller.lines("controller.jsonl") if each["kind"] == "decision")
        start_ns = controller.start_ns()
        decided_s, installed_s = ((move[name] - start_ns) / 1e9 for name in ("decided_ns", "installed_ns"))
        assert move["via"] == "us-central"
        assert 1.4 < decided_s < 2
        assert installed_s >= 3.0
        assert min(controller.silences_ms(2.6)) > 1000
        controller.require(controller.undisturbed)
        assert installed_s < 3.0 + (3.0 - decided_s) + 0.5

    def test_meanwhile_its_log_says_that_the_move_is_not_in_force(self, controller: Ran) -> None:
        """It looks once a second at each pair that is away from its link; the cut lasts 1.5 s more after the move."""
        log = controller.lines("controller.jsonl")
        decided_ns = next(each["decided_ns"] for each in log if each["kind"] == "decision")
        cut_until_ns = controller.start_ns() + 3 * 10**9
        checks = [each for each in log if each["kind"] == "check"]
        during = [each for each in checks if decided_ns < each["at_ns"] < cut_until_ns]
        assert every(each["reason"].startswith("a switch has not confirmed it") for each in during)

    def test_media_stay_on_their_detour_while_there_is_no_controller_and_under_the_next(self, controller: Ran) -> None:
        assert len(controller.silences_ms(8.1)) == 8
        assert every(length_ms < 1000 for length_ms in controller.silences_ms(8.1))
        controller.require(controller.undisturbed)
        for at_s in (9.5, 10.5, 11.5, 12.5):
            assert controller.silences_ms(at_s) == []

    def test_both_lives_are_in_one_log_and_the_second_moves_the_media_back(self, controller: Ran) -> None:
        """The second decides nothing until it has seen the link clean again: at 14 s."""
        start_ns = controller.start_ns()
        moves = [each for each in controller.lines("controller.jsonl") if each["kind"] == "decision"]
        installed_s = [(each["installed_ns"] - start_ns) / 1e9 for each in moves]
        assert [each["via"] for each in moves] == ["us-central", None, "us-central", None]
        assert 8 < installed_s[2] < 9
        assert 14 < installed_s[3] < 17
        assert any(
            "found so on the switches" in each.get("reason", "") for each in controller.lines("controller.jsonl")
        )

    def test_every_edge_is_verified(self, controller: Ran) -> None:
        for number in range(4):
            edges = controller.edges(number)
            assert [edge["edge"] for edge in edges] == ["start", "end"]
            assert every(edge["applied_last_ns"] <= edge["verified_ns"] for edge in edges)


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
    assert [row.count for row in machine.counters if (row.process, row.counter) == (RESTARTED, "stuck_threads")] == [0]
    assert {"us-east", "us-central", "us-west"} == set(summary["relay"])
    assert summary["ledger"]["unexplained"] == 0 or not machine.hosts
