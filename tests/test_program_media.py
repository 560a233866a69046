"""Whole runs whose media other programs publish and decode: packets byte for byte, and gaps that are heard and seen."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import pytest
from capture_lab import Capture, captured
from program_lab import shipped
from run_lab import PROJECT, Run, attempted, finished, start, summary_of
from run_record import RunRecord

from relay_app.ports import CLIENT_PORT
from results.metrics.witness import OFF_NS
from scenarios.language.library import load_plan

pytestmark = [
    pytest.mark.root,
    pytest.mark.long,
    pytest.mark.repeats_alone,
    pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="needs ffmpeg, which scripts/setup --media installs"),
]

DECODED_BLIP = PROJECT / "scenarios" / "decoded-blip.yaml"


def decoded(run: Run) -> bool:
    off_ms = [each["furthest_off_ms"] for each in run.summary["witnesses"]]
    return len(off_ms) == 4 and all(each is not None and each <= OFF_NS / 1e6 for each in off_ms)


def whole(run: Run) -> bool:
    """Whether each packet that was received has the digest of the one sent, and the others are where the blip was."""
    unmatched = next(each for each in run.summary["fidelity"] if each["id"] == "unmatched-packets")
    return bool(unmatched["value"] == 0 and run.summary["ledger"]["unexplained"] == 0)


def blip_of(program: str) -> Path:
    """The same blip with the media of each program."""
    if program == "ffmpeg":
        return DECODED_BLIP
    if shutil.which("gst-launch-1.0") is None:
        pytest.skip("needs GStreamer, which scripts/setup --media installs")
    return PROJECT / "scenarios" / "decoded-blip-gstreamer.yaml"


@pytest.mark.parametrize("program", ["ffmpeg", "gstreamer"])
def test_a_blip_is_heard_and_seen_as_long_as_the_packets_say(runs: RunRecord, tmp_path: Path, program: str) -> None:
    run = attempted(runs, tmp_path, blip_of(program), believed=decoded)
    assert whole(run)
    assert run.bears(decoded(run))
    run.require(run.has_verdict)
    assert run.summary["verdict"] == "pass", run.summary["reasons"]


@pytest.mark.parametrize(("program", "kind"), [("ffmpeg", "coturn"), ("gstreamer", "rtpengine")])
def test_servers_carry_what_programs_publish_byte_for_byte(
    runs: RunRecord, tmp_path: Path, program: str, kind: str
) -> None:
    """As relay of all three clusters: each stream passes two servers."""
    shipped(kind)
    run = attempted(runs, tmp_path, blip_of(program), f"relays.kind={kind}", believed=decoded)
    assert whole(run)
    assert {each["measured"] for each in run.summary["programs"].values()} == {"server + adapter"}
    assert run.bears(decoded(run))
    run.require(run.has_verdict)
    assert run.summary["verdict"] == "pass", run.summary["reasons"]


def run_and_capture(runs: RunRecord, folder: Path) -> tuple[Run, Capture]:
    """The blip, and what the client of us-west received."""
    folder.mkdir()
    address = str(load_plan(DECODED_BLIP).topology.cluster("us-west").address)
    with (
        start("run", DECODED_BLIP, "--out", folder / "runs") as process,
        captured(process.pid, address, CLIENT_PORT, folder / "client.pcapng") as capture,
    ):
        code, output = finished(process)
    root, summary = summary_of(folder / "runs", DECODED_BLIP.stem)
    runs.enter(summary)
    return Run(root, code, output, summary), capture


def has_all(run: Run, capture: Capture) -> bool:
    """Whether the capture began before the media, and lacks nothing."""
    (begun,) = (each["at_ns"] for each in run.lines("events.jsonl") if each["kind"] == "media-start")
    return capture.since_ns < begun and capture.missed == 0


def test_tshark_counts_the_packets_and_losses_that_the_records_have(runs: RunRecord, tmp_path: Path) -> None:
    """From a capture where the client of us-west receives, by the sequence numbers of ffmpeg."""
    run, capture = run_and_capture(runs, tmp_path / "first")
    if not has_all(run, capture):
        runs.alone()
        run, capture = run_and_capture(runs, tmp_path / "alone")
    run.require(has_all(run, capture))
    with (run.root / "streams.csv").open() as table:
        rows = [row for row in csv.DictReader(table) if row["destination"] == "us-west"]
    assert len(rows) == 2
    assert capture.streams() == {int(row["ssrc"], 16): (int(row["received"]), int(row["lost"])) for row in rows}
    assert all(int(row["lost"]) for row in rows), "the blip takes packets of both"
