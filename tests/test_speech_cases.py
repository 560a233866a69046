"""Speech with pauses, restarts of senders, and calls that come and go, in whole runs: what their files compute."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest
from run_lab import PROJECT, Run, attempted
from run_record import RunRecord

CASES = PROJECT / "scenarios" / "cases"

pytestmark = [pytest.mark.root, pytest.mark.repeats_alone]


def rows_of(run: Run, source: str) -> Iterator[dict[str, str]]:
    """The lines of streams.csv of what a cluster sent."""
    with (run.root / "streams.csv").open(encoding="utf-8") as file:
        yield from (row for row in csv.DictReader(file) if row["source"] == source)


def test_an_outage_interrupts_speech_and_no_pause(runs: RunRecord, tmp_path: Path) -> None:
    """600 ms are 30 packets of 20 ms and 31 intervals; one packet more or less may pass."""

    def as_computed(run: Run) -> bool:
        talking, pausing = list(rows_of(run, "us-east")), list(rows_of(run, "us-west"))
        return (
            all(row["interruptions"] == "1" and 600 <= float(row["interrupted_ms"]) <= 640 for row in talking)
            and all(29 <= int(row["lost"]) <= 31 for row in talking)
            and all((row["interruptions"], row["lost"]) == ("0", "0") for row in pausing)
        )

    run = attempted(runs, tmp_path, CASES / "speech-pauses.yaml", believed=as_computed)
    media = run.summary["media"]
    assert run.bears((media["sent"], media["speaker_pauses"]) == (3_500, 15))
    assert run.summary["ledger"]["unexplained"] == 0
    assert run.bears([row["sent"] for row in rows_of(run, "us-east")] == ["400"] * 5)
    assert {row["speaker_pauses"] for row in rows_of(run, "us-east")} == {"2"}
    assert {row["speaker_pauses"] for row in rows_of(run, "us-west")} == {"1"}
    assert run.bears(media["outages_in_speaker_pauses"] == 5)
    assert run.bears(as_computed(run))


@pytest.mark.long
def test_a_restart_is_as_long_a_silence_and_loses_nothing(runs: RunRecord, tmp_path: Path) -> None:
    """500 ms, and 0 to 20 ms since the last packet before them."""

    def as_computed(run: Run) -> bool:
        lengths = run.summary["media"]["interruption_ms"]
        return bool(lengths["p50"] >= 500 and lengths["max"] <= 520 + 1 and run.summary["media"]["interruptions"] == 10)

    run = attempted(runs, tmp_path, CASES / "sender-restarts.yaml", believed=as_computed)
    media = run.summary["media"]
    assert (media["directions"], media["speaker_pauses"]) == (25, 0)
    assert run.bears((media["sent"], media["lost"]) == (11_750, 0))
    assert run.summary["ledger"]["unexplained"] == 0
    assert run.bears(as_computed(run))


@pytest.mark.long
def test_packets_under_a_taken_ssrc_are_lost_and_the_stream_that_had_it_is_whole(
    runs: RunRecord, tmp_path: Path
) -> None:
    """Silent from 4 to 7.5 s, and 0 to 20 ms before; 150 packets of each of 5 senders come to other listeners."""

    def as_computed(run: Run) -> bool:
        lengths = run.summary["media"]["interruption_ms"]
        return bool(
            lengths["p50"] >= 3_500 and lengths["max"] <= 3_520 + 1 and run.summary["media"]["interruptions"] == 5
        )

    run = attempted(runs, tmp_path, CASES / "ssrc-taken.yaml", believed=as_computed)
    media, ledger = run.summary["media"], run.summary["ledger"]
    assert (media["directions"], media["duplicates"], media["order"]["reordered"]) == (30, 0, 0)
    assert run.bears((media["sent"], media["lost"], media["collided"]) == (11_875, 750, 750))
    assert ledger["unexplained"] == 0
    lost = {route["name"]: route["lost"] for route in ledger["routes"] if route["lost"]}
    assert run.bears(lost == {"us-east→us-west": {"client us-central: taken SSRC": 750}})
    assert run.bears(as_computed(run))


@pytest.mark.long
def test_calls_send_what_was_planned_and_end(runs: RunRecord, tmp_path: Path) -> None:
    run = attempted(runs, tmp_path, CASES / "calls-come-and-go.yaml")
    media = run.summary["media"]
    assert (media["sessions"], media["directions"], media["speaker_pauses"]) == (20, 35, 10)
    assert run.bears((media["sent"], media["lost"], media["interruptions"]) == (9_500, 0, 0))
    assert run.summary["ledger"]["unexplained"] == 0
    assert run.bears([row["sent"] for row in rows_of(run, "us-west")] == ["150"] * 10)
