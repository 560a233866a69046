"""Faults on relays and the session directory in whole runs: what listeners heard, against what the faults explain."""

from __future__ import annotations

import polars as pl
import pytest
from event_lab import PACKET_MS, SLACK_MS, Ran, ran
from every import every
from run_record import RunRecord

from results.run_files.machine import ProcessId
from results.run_files.machine_formats import read_machine_report

pytestmark = pytest.mark.root

RESTARTED = ProcessId("relay", "us-west")

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
    return ran(runs, tmp_path_factory.mktemp("relays"), RELAYS, silences_of_relays_ms)


def silences_of_relays_ms(run: Ran) -> dict[float, tuple[float, float]]:
    """A frozen relay: up to one packet time before it. A new one has a TCP handshake, a PING and the fetch to wait for:
    three round trips; another packet time for the first miss, and one for the packets that come until the record is
    there, which are dropped. What begins anew and the directory each take time of their own."""
    frozen, killed, restarted = (run.lasted_ms(fault) for fault in range(3))
    start_ms, packets_ms = 3 * ROUND_TRIP_MS, 3 * PACKET_MS + 2 * SLACK_MS
    return {
        1.4: (frozen[0], frozen[1] + PACKET_MS + SLACK_MS),
        3.2: (killed[0] + start_ms, killed[1] + start_ms + packets_ms),
        6.3: (restarted[0] + start_ms, restarted[1] + start_ms + packets_ms),
    }


class TestRelays:
    """A relay frozen, killed and restarted; its directory is a round trip of 62.3 ms away."""

    @pytest.mark.parametrize("at_s", [1.4, 3.2, 6.3])
    def test_a_silence_lasts_as_long_as_its_cause(self, relays: Ran, at_s: float) -> None:
        assert len(relays.silences_ms(at_s)) == 8
        assert relays.bears(relays.silent_ms_within(at_s, *silences_of_relays_ms(relays)[at_s]))

    def test_faults_last_as_long_as_they_should(self, relays: Ran) -> None:
        lasted_ms = [each for fault in range(3) for each in relays.lasted_ms(fault)]
        assert relays.bears(lasted_ms == pytest.approx([800, 800, 500, 500, 700, 700], abs=5))

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
    return ran(runs, tmp_path_factory.mktemp("directory"), DIRECTORY, silences_with_directory_ms)


def silences_with_directory_ms(run: Ran) -> dict[float, tuple[float, float]]:
    """A cold relay is answered twice, to PING and to the fetch, after the handshake, which is the kernel's. It was gone
    until after 2 s; or from 5.1 s on, and the directory came back later, and was asked after the relay's back-off."""
    gone, until_back = run.lasted_ms(1), run.between_ms((3, "start"), (2, "end"))
    start_ms, packets_ms = 3 * TO_DIRECTORY_MS, 3 * PACKET_MS + 2 * SLACK_MS
    return {
        2.3: (gone[0] + start_ms + 2 * 300, gone[1] + start_ms + 2 * 300 + packets_ms),
        5.5: (until_back[0] + start_ms, until_back[1] + start_ms + LONGEST_BACK_OFF_MS + packets_ms),
    }


class TestDirectory:
    """A directory that is slow, then dead, while a cold relay needs it: us-west's, a round trip of 50.5 ms away."""

    def test_a_slow_directory_delays_the_cold_relay_by_two_answers(self, directory: Ran) -> None:
        assert len(directory.silences_ms(2.3)) == 8
        assert directory.bears(directory.silent_ms_within(2.3, *silences_with_directory_ms(directory)[2.3]))

    def test_a_dead_directory_keeps_the_cold_relay_silent_until_it_is_back(self, directory: Ran) -> None:
        """The relay was gone from 5.1 s, the directory back at 6.5 s; then the relay's back-off, and its fetch."""
        assert len(directory.silences_ms(5.5)) == 8
        assert directory.bears(directory.silent_ms_within(5.5, *silences_with_directory_ms(directory)[5.5]))

    def test_fetches_failed_at_once_while_it_was_dead_and_found_every_record_after(self, directory: Ran) -> None:
        fetches = pl.read_parquet(directory.root / "raw" / "fetches-us-west.parquet").filter(pl.col("life") == 2)
        failed = fetches.filter(pl.col("outcome") == 3)
        assert len(failed) > 0
        took_ms = sorted((failed["answered_ns"] - failed["asked_ns"]) / 1e6)
        assert directory.bears(took_ms[len(took_ms) // 2] < TO_DIRECTORY_MS + SLACK_MS), "refused, not timed out"
        assert fetches.filter(pl.col("outcome") == 0)["ssrc"].n_unique() == 8

    def test_every_edge_is_verified(self, directory: Ran) -> None:
        edges = [edge for number in range(4) for edge in directory.edges(number)]
        assert len(edges) == 8
        assert every(edge["applied_last_ns"] <= edge["verified_ns"] for edge in edges)
        assert [fault["where"] for fault in directory.summary["faults"]] == ["", "us-west", "", "us-west"]
        assert "directory-slow begins (+" in " ".join(directory.output.split())
