"""Whole runs whose relays are servers behind an adapter: verdicts, ledger, and faults on one of the two."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from program_lab import shipped
from run_lab import PROJECT, Run, attempted, play
from run_record import RunRecord

pytestmark = pytest.mark.root

COLD_BURST = PROJECT / "scenarios" / "suite" / "cold-burst.yaml"
SET_UP_STORM = PROJECT / "scenarios" / "servers" / "set-up-storm.yaml"
STREAMS = 60
KINDS = ["adapter-alone", "coturn", "pion", "rtpengine"]
SERVERS = KINDS[1:]


def counters_of(run: Run, cluster: str) -> dict[str, int]:
    """What the adapter of a cluster printed at its end, of all its lives."""
    total: dict[str, int] = {}
    for line in re.findall(r"^adapter: (received .*)$", log_of(run, cluster), re.MULTILINE):
        words = line.split()
        for name, count in zip(words[::2], words[1::2], strict=True):
            total[name] = total.get(name, 0) + int(count)
    return total


def log_of(run: Run, cluster: str) -> str:
    return (run.root / "logs" / f"relay-{cluster}.log").read_text()


def complaints(run: Run) -> Iterator[str]:
    """What is diagnosed of the relays, but for metrics of which a server that was struck told nothing."""
    return (each for each in run.summary["diagnosis"] if "metrics were not told" not in each)


def inside_relay(summary: dict[str, Any], cluster: str) -> int:
    return int(summary["ledger"]["counted"].get(f"host {cluster}: inside relay", 0))


@pytest.mark.long
@pytest.mark.parametrize("kind", KINDS)
def test_a_cold_burst_is_heard_whole_but_for_what_came_before_the_sessions(
    runs: RunRecord, tmp_path: Path, kind: str
) -> None:
    """The adapter counts what it dropped as cold: the ledger, from the frames in and out of the host, has as many."""
    shipped(kind)
    run = attempted(runs, tmp_path, COLD_BURST, f"relays.kind={kind}", believed=lambda run: run.has_verdict)
    run.require(run.has_verdict)
    summary = run.summary
    assert summary["verdict"] == "pass", summary["reasons"]
    assert summary["ledger"]["unexplained"] == 0
    seen, counted = summary["programs"]["us-central"], counters_of(run, "us-central")
    assert (seen["kind"], seen["moved"], seen["never_forwarded"]) == (kind, STREAMS, 0)
    assert seen["measured"] == ("program" if kind == "adapter-alone" else "server + adapter")
    assert STREAMS <= counted["cold"] == inside_relay(summary, "us-central")
    assert counted["received"] == counted["forwarded"] + counted["cold"]
    if kind != "adapter-alone":
        assert counted["opened"] == counted["closed"] == STREAMS
        assert seen["packages"]


@pytest.mark.long
@pytest.mark.parametrize("kind", KINDS)
def test_two_hundred_streams_moved_at_once_are_heard_whole_but_for_what_is_counted_cold(
    runs: RunRecord, tmp_path: Path, kind: str
) -> None:
    """The descriptors of the kind suffice, and nothing is lost inside the server."""
    shipped(kind)
    run = play(runs, tmp_path, SET_UP_STORM, f"relays.kind={kind}")
    summary, counted = run.summary, counters_of(run, "us-central")
    assert summary["ledger"]["unexplained"] == 0
    assert (summary["programs"]["us-central"]["moved"], counted["failed"], counted["unsent"]) == (200, 0, 0)
    assert run.bears(summary["programs"]["us-central"]["never_forwarded"] == 0)
    assert run.bears(counted["cold"] == inside_relay(summary, "us-central"))


def fault(folder: Path, what: str, part: str) -> Path:
    scenario = folder / "fault.yaml"
    scenario.write_text(
        "name: fault\ntopology: us-triangle\nduration: 8s\n"
        "sessions: [{between: [us-east, us-west], count: 10, media: voice}]\n"
        f"events: [{{at: 2s, what: {what}, part: {part}, cluster: us-east, for: 1s}}]\n"
        "expect: [media.still_interrupted == 0]\n"
    )
    return scenario


@pytest.mark.long
@pytest.mark.parametrize("kind", SERVERS)
def test_media_come_back_after_the_server_was_killed_under_a_living_adapter(
    runs: RunRecord, tmp_path: Path, kind: str
) -> None:
    shipped(kind)
    run = play(runs, tmp_path / "runs", fault(tmp_path, "relay-kill", "server"), f"relays.kind={kind}")
    assert run.summary["ledger"]["unexplained"] == 0
    assert run.summary["media"]["still_interrupted"] == 0
    assert run.summary["media"]["interruption_ms"]["max"] >= 950
    counted = counters_of(run, "us-east")
    assert (counted["opened"], counted["reopened"]) == (40, 20)
    assert "the server was restarted: opening its 20 sessions anew" in log_of(run, "us-east")
    assert list(complaints(run)) == []


@pytest.mark.long
@pytest.mark.parametrize("kind", SERVERS)
@pytest.mark.parametrize(
    ("what", "part"),
    [("relay-kill", "adapter"), ("relay-kill", "both"), ("relay-restart", "both"), ("relay-freeze", "server")],
)
def test_faults_act_on_the_parts_of_a_relay(runs: RunRecord, tmp_path: Path, what: str, part: str, kind: str) -> None:
    """A killed adapter leaves its sessions at the server, so that its successor's ports are taken there (437)."""
    shipped(kind)
    run = play(runs, tmp_path / "runs", fault(tmp_path, what, part), f"relays.kind={kind}")
    assert run.summary["ledger"]["unexplained"] == 0
    assert run.summary["media"]["still_interrupted"] == 0
    assert run.summary["media"]["interruption_ms"]["max"] >= 950
    edges = [each["edge"] for each in run.lines("events.jsonl") if each["kind"] == "fault"]
    assert edges == ["start", "end"]
    assert list(complaints(run)) == []
