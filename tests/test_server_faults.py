"""Faults on a server, its adapter or both, in whole runs: media come back, and the books balance."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from event_lab import Ran
from program_lab import shipped
from run_lab import Run, played
from server_lab import counters_of, log_of

pytestmark = [pytest.mark.root, pytest.mark.long, pytest.mark.bears_load, pytest.mark.waits]

SERVERS = ["coturn", "pion", "rtpengine"]


def complaints(run: Run) -> Iterator[str]:
    """What is diagnosed of the relays, but for metrics of which a server that was struck told nothing."""
    return (each for each in run.summary["diagnosis"] if "metrics were not told" not in each)


def faults(folder: Path, *struck: tuple[float, str, str]) -> Path:
    """Each for a second: when, what and which part of the relay of us-east."""
    scenario = folder / "faults.yaml"
    events = "".join(
        f"  - {{at: {at_s}s, what: {what}, part: {part}, cluster: us-east, for: 1s}}\n" for at_s, what, part in struck
    )
    scenario.write_text(
        f"name: faults\ntopology: us-triangle\nduration: {max(at_s for at_s, _, _ in struck) + 4}s\n"
        "sessions: [{between: [us-east, us-west], count: 10, media: voice}]\n"
        f"events:\n{events}expect: [media.still_interrupted == 0]\n"
    )
    return scenario


@pytest.mark.parametrize("kind", SERVERS)
def test_media_come_back_after_the_server_was_killed_under_a_living_adapter(tmp_path: Path, kind: str) -> None:
    shipped(kind)
    run = played(tmp_path / "runs", faults(tmp_path, (2, "relay-kill", "server")), f"relays.kind={kind}")
    assert run.summary["ledger"]["unexplained"] == 0
    assert run.summary["media"]["still_interrupted"] == 0
    assert run.summary["media"]["interruption_ms"]["max"] >= 950
    counted = counters_of(run, "us-east")
    assert (counted["opened"], counted["reopened"]) == (40, 20)
    assert "the server was restarted: opening its 20 sessions anew" in log_of(run, "us-east")
    assert list(complaints(run)) == []


STRUCK = (
    (2, "relay-kill", "adapter"),
    (6, "relay-kill", "both"),
    (10, "relay-restart", "both"),
    (14, "relay-freeze", "server"),
)


@pytest.mark.parametrize("kind", SERVERS)
def test_faults_act_on_the_parts_of_a_relay(tmp_path: Path, kind: str) -> None:
    """A killed adapter leaves its sessions at the server, so that its successor's ports are taken there (437)."""
    shipped(kind)
    run = Ran(**vars(played(tmp_path / "runs", faults(tmp_path, *STRUCK), f"relays.kind={kind}")))
    assert run.summary["ledger"]["unexplained"] == 0
    assert run.summary["media"]["still_interrupted"] == 0
    for number, (at_s, *_) in enumerate(STRUCK):
        silences_ms = run.silences_ms(at_s + 0.5)
        assert len(silences_ms) == 20, (at_s, silences_ms)
        assert min(silences_ms) >= 950
        assert [each["edge"] for each in run.edges(number)] == ["start", "end"]
    assert list(complaints(run)) == []
