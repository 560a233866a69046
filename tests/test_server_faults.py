"""Faults on a server, its adapter or both, in whole runs: media come back, and the books balance."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from program_lab import shipped
from run_lab import Run, played
from server_lab import counters_of, log_of

pytestmark = [pytest.mark.root, pytest.mark.long, pytest.mark.bears_load, pytest.mark.waits]

SERVERS = ["coturn", "pion", "rtpengine"]


def complaints(run: Run) -> Iterator[str]:
    """What is diagnosed of the relays, but for metrics of which a server that was struck told nothing."""
    return (each for each in run.summary["diagnosis"] if "metrics were not told" not in each)


def fault(folder: Path, what: str, part: str) -> Path:
    scenario = folder / "fault.yaml"
    scenario.write_text(
        "name: fault\ntopology: us-triangle\nduration: 8s\n"
        "sessions: [{between: [us-east, us-west], count: 10, media: voice}]\n"
        f"events: [{{at: 2s, what: {what}, part: {part}, cluster: us-east, for: 1s}}]\n"
        "expect: [media.still_interrupted == 0]\n"
    )
    return scenario


@pytest.mark.parametrize("kind", SERVERS)
def test_media_come_back_after_the_server_was_killed_under_a_living_adapter(tmp_path: Path, kind: str) -> None:
    shipped(kind)
    run = played(tmp_path / "runs", fault(tmp_path, "relay-kill", "server"), f"relays.kind={kind}")
    assert run.summary["ledger"]["unexplained"] == 0
    assert run.summary["media"]["still_interrupted"] == 0
    assert run.summary["media"]["interruption_ms"]["max"] >= 950
    counted = counters_of(run, "us-east")
    assert (counted["opened"], counted["reopened"]) == (40, 20)
    assert "the server was restarted: opening its 20 sessions anew" in log_of(run, "us-east")
    assert list(complaints(run)) == []


@pytest.mark.parametrize("kind", SERVERS)
@pytest.mark.parametrize(
    ("what", "part"),
    [("relay-kill", "adapter"), ("relay-kill", "both"), ("relay-restart", "both"), ("relay-freeze", "server")],
)
def test_faults_act_on_the_parts_of_a_relay(tmp_path: Path, what: str, part: str, kind: str) -> None:
    """A killed adapter leaves its sessions at the server, so that its successor's ports are taken there (437)."""
    shipped(kind)
    run = played(tmp_path / "runs", fault(tmp_path, what, part), f"relays.kind={kind}")
    assert run.summary["ledger"]["unexplained"] == 0
    assert run.summary["media"]["still_interrupted"] == 0
    assert run.summary["media"]["interruption_ms"]["max"] >= 950
    edges = [each["edge"] for each in run.lines("events.jsonl") if each["kind"] == "fault"]
    assert edges == ["start", "end"]
    assert list(complaints(run)) == []
