"""Whole runs whose relays are programs of somebody else: what is judged of them, and why."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from program_lab import shipped
from run_lab import BRIEF, ONE_BLIP, PROJECT, Run, attempted, play
from run_record import RunRecord

from relay_app.ports import LANES

pytestmark = [pytest.mark.root, pytest.mark.repeats_alone]

COLD_BURST = PROJECT / "scenarios" / "suite" / "cold-burst.yaml"
STATELESS = ("socat", "nftables")
ROUND_TRIP_MS = 50.5
STREAMS = 60


def inside_relay(summary: dict[str, Any]) -> int:
    return sum(count for place, count in summary["ledger"]["counted"].items() if place.endswith("inside relay"))


def test_the_relay_with_the_defect_is_caught(runs: RunRecord, tmp_path: Path) -> None:
    """Analytic: a stream is fetched and announced, each a round trip, under the lock that the packet path takes."""
    least_ms = 2 * ROUND_TRIP_MS * STREAMS

    def silent(run: Run) -> bool:
        return bool(run.summary["media"]["interruption_ms"]["max"] > least_ms)

    run = attempted(runs, tmp_path, COLD_BURST, "relays.kind=c-regression", believed=silent)
    assert run.bears(silent(run))
    run.require(run.has_verdict)
    assert run.summary["verdict"] == "fail"
    assert run.summary["ledger"]["unexplained"] == 0
    assert run.summary["relay"] == {}
    seen = run.summary["programs"]["us-central"]
    assert seen["moved"] == STREAMS
    wait = seen["lock_waits"][0]
    assert (wait["waiter"], wait["holder"], wait["call"]) == ("forward", "fetch", "read")
    assert wait["target"].endswith(":6379 (the session directory)")
    assert run.bears(wait["longest_ms"] > 2 * ROUND_TRIP_MS), "across more than one fetch"
    assert any("thread fetch held a lock in read on " in each for each in run.summary["diagnosis"])


@pytest.mark.long
def test_the_stacks_of_a_relay_that_takes_no_packets_are_kept(runs: RunRecord, tmp_path: Path) -> None:
    """Its forwarding thread waits for the lock for seconds, and its lanes fill."""
    folder = tmp_path / "stalls"
    folder.mkdir()
    program = PROJECT / "relay_app" / "programs" / "c-regression" / "relay"
    (folder / "relay.yaml").write_text(f"command: [{program}]\npath_log: true\nstacks: gdb\n")
    run = play(runs, tmp_path / "runs", COLD_BURST, f"relays.kind={folder}")
    stalls = run.summary["programs"]["us-central"]["stalls_seen"]
    assert stalls
    assert stalls[0]["at"] > 2, "not before the blip"
    stacks = (run.root / stalls[0]["stacks"]).read_text()
    assert "LWP" in stacks
    assert '"fetch"' in stacks
    assert "#0 " in stacks
    assert any(f"; the stacks of its threads are in {stalls[0]['stacks']}" in each for each in run.summary["diagnosis"])
    assert run.summary["ledger"]["unexplained"] == 0


def unhindered(run: Run) -> bool:
    """Whether the relay that the calls move to waited for no lock, and dropped nothing."""
    process = run.summary["programs"]["us-central"]
    waited = (process["lock_waits"], process["process"]["lock_wait_most_ms"])
    return waited == ([], 0) and process["process"]["udp_drops"] == {}


@pytest.mark.long
@pytest.mark.parametrize("kind", ["c-sound", "template"])
def test_a_sound_relay_passes_and_loses_only_what_came_before_its_records(
    runs: RunRecord, tmp_path: Path, kind: str
) -> None:
    settings = (f"relays.kind={kind}", "duration=7s")
    run = attempted(runs, tmp_path, COLD_BURST, *settings, believed=lambda run: run.has_verdict and unhindered(run))
    run.require(run.has_verdict)
    summary = run.summary
    assert summary["verdict"] == "pass", summary["reasons"]
    assert "not told by the relay's program: 4" in summary["reasons"][0]
    assert summary["ledger"]["unexplained"] == 0
    seen = summary["programs"]["us-central"]
    assert (seen["kind"], seen["moved"], seen["never_forwarded"]) == (kind, STREAMS, 0)
    assert inside_relay(summary) >= STREAMS, "the first packet of each stream finds it cold"
    process = seen["process"]
    assert run.bears(unhindered(run))
    assert process["cpu_ms"] > 0
    assert (process["threads_most"], process["exits"]) == (2, 0)
    assert process["descriptors_most"] >= LANES


@pytest.mark.long
@pytest.mark.parametrize("kind", STATELESS)
def test_a_relay_without_sessions_is_never_cold(runs: RunRecord, tmp_path: Path, kind: str) -> None:
    """What is lost is lost on the link that blips; who passed the relay no path log tells."""
    shipped(kind)

    def heard_at_once(run: Run) -> bool:
        moved_ms = 1e3 * (run.summary["reroutes"][0]["installed_at"] - run.summary["faults"][0]["applied_at"])
        longest_ms = run.summary["media"]["interruption_ms"]["max"]
        return bool(inside_relay(run.summary) == 0 and longest_ms < moved_ms + 200)

    run = attempted(runs, tmp_path, ONE_BLIP, f"relays.kinds.us-central={kind}", *BRIEF[1::2], believed=heard_at_once)
    summary = run.summary
    assert summary["ledger"]["unexplained"] == 0
    seen = summary["programs"]["us-central"]
    assert (seen["kind"], seen["sessions"], seen["moved"]) == (kind, "none", 20)
    assert (seen["never_forwarded"], seen["first_forwarded_ms"]["max"], seen["catch_up_ms"]) == (None, None, None)
    assert run.bears(heard_at_once(run)), "the first packet after the move is heard"


PATTERNS = PROJECT / "scenarios" / "patterns"


def deployed(kind: str) -> tuple[str, ...]:
    return tuple(f"events.{number}.kind={kind}" for number in (0, 2, 3))


@pytest.mark.long
@pytest.mark.parametrize(
    ("scenario", "old", "new", "verdict"),
    [
        ("rolling-deploy-programs", "c-sound", "c-regression", "fail"),
        ("rolling-deploy", "2026-05-10", "2026-05-11", "fail"),
        ("rolling-deploy", "2026-05-20", "c-sound", "pass"),
    ],
)
def test_a_release_that_goes_out_during_a_blip_is_judged(
    runs: RunRecord, tmp_path: Path, scenario: str, old: str, new: str, verdict: str
) -> None:
    """One with the defect fetches a session after the other, in all three clusters; a sound one once for all."""
    settings = (f"relays.kind={old}", *deployed(new))
    run = attempted(runs, tmp_path, PATTERNS / f"{scenario}.yaml", *settings, believed=lambda run: run.has_verdict)
    figures = run.summary["relay"] or run.summary["programs"]
    assert [each["kinds"] for each in figures.values()] == 3 * [[old, new]]
    assert run.summary["ledger"]["unexplained"] == 0
    run.require(run.has_verdict)
    assert run.summary["verdict"] == verdict
