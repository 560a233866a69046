"""Whole runs whose relays are servers behind an adapter: verdicts and ledger."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from program_lab import shipped
from run_lab import PROJECT, Run, attempted
from run_record import RunRecord
from server_lab import counters_of

pytestmark = [pytest.mark.root, pytest.mark.repeats_alone]

COLD_BURST = PROJECT / "scenarios" / "suite" / "cold-burst.yaml"
SET_UP_STORM = PROJECT / "scenarios" / "servers" / "set-up-storm.yaml"
STREAMS = 60
KINDS = ["adapter-alone", "coturn", "pion", "rtpengine"]


def inside_relay(summary: dict[str, Any], cluster: str) -> int:
    return int(summary["ledger"]["counted"].get(f"host {cluster}: inside relay", 0))


@pytest.mark.long
@pytest.mark.parametrize("kind", KINDS)
def test_a_cold_burst_is_heard_whole_but_for_what_came_before_the_sessions(
    runs: RunRecord, tmp_path: Path, kind: str
) -> None:
    """The adapter counts what it dropped as cold: the ledger, from the frames in and out of the host, has as many."""
    shipped(kind)

    def books_agree(run: Run) -> bool:
        return counters_of(run, "us-central")["cold"] == inside_relay(run.summary, "us-central")

    settings = (f"relays.kind={kind}", "duration=7s")
    run = attempted(runs, tmp_path, COLD_BURST, *settings, believed=lambda run: run.has_verdict and books_agree(run))
    run.require(run.has_verdict)
    summary = run.summary
    assert summary["verdict"] == "pass", summary["reasons"]
    assert summary["ledger"]["unexplained"] == 0
    seen, counted = summary["programs"]["us-central"], counters_of(run, "us-central")
    assert (seen["kind"], seen["moved"], seen["never_forwarded"]) == (kind, STREAMS, 0)
    assert seen["measured"] == ("program" if kind == "adapter-alone" else "server + adapter")
    assert counted["cold"] >= STREAMS
    assert run.bears(books_agree(run))
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

    def nothing_is_lost(run: Run) -> bool:
        counted = counters_of(run, "us-central")
        never = run.summary["programs"]["us-central"]["never_forwarded"]
        cold = inside_relay(run.summary, "us-central")
        return (counted["failed"], counted["unsent"], never, counted["cold"]) == (0, 0, 0, cold)

    run = attempted(runs, tmp_path, SET_UP_STORM, f"relays.kind={kind}", "duration=8s", believed=nothing_is_lost)
    assert run.summary["ledger"]["unexplained"] == 0
    assert run.summary["programs"]["us-central"]["moved"] == 200
    assert run.bears(nothing_is_lost(run))
