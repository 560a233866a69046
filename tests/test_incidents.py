"""The incident in whole runs: its conditions, its length, its answer, and the suite that catches it."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from run_lab import PROJECT, Run, attempted, decided, finished, start
from run_record import InconclusiveError, RunRecord

pytestmark = [pytest.mark.root, pytest.mark.repeats_alone]

INCIDENT = PROJECT / "scenarios" / "incident" / "short.yaml"


def test_the_regression_leaves_everybody_silent_for_as_long_as_it_fills_its_cache(
    runs: RunRecord, tmp_path: Path
) -> None:
    """120 streams, two round trips of 50.5 ms each under the lock that the packet path takes: at least 12.1 s."""
    analytic_ms = 120 * 2 * 50.5

    def as_long(run: Run) -> bool:
        held_ms = run.summary["relay"]["us-central"]["lock_held_across_io_ms"]
        return bool(held_ms <= 1.25 * analytic_ms and run.summary["media"]["interruption_ms"]["max"] < held_ms + 2000)

    run = attempted(runs, tmp_path, INCIDENT, "relays.kind=2026-05-11", believed=as_long)
    summary = run.summary
    relay = summary["relay"]["us-central"]
    assert (relay["moved"], relay["hit_percent"], relay["fetches_per_key"]) == (120, 0.0, 1.0)
    assert analytic_ms <= relay["lock_held_across_io_ms"]
    assert analytic_ms < summary["media"]["interruption_ms"]["max"]
    assert relay["stalls"] >= 1
    assert any("lock session-cache" in line and "v2026_05_11.py" in line for line in summary["diagnosis"])
    assert "packet path: no progress" in (run.root / "locks" / "us-central.stacks.txt").read_text()
    assert (run.root / "stall.png").read_bytes().startswith(b"\x89PNG")
    assert run.bears(as_long(run))
    run.require(run.has_verdict)
    assert summary["verdict"] == "fail"


@pytest.mark.long
@pytest.mark.parametrize("version", ["2026-05-10", "2026-05-20"])
def test_sound_relays_carry_the_same_burst(runs: RunRecord, tmp_path: Path, version: str) -> None:
    """In the first half of that incident: nobody waits for a sound relay after that."""
    short = ("duration=12s", "events.0.at=2s")
    run = attempted(runs, tmp_path, INCIDENT, f"relays.kind={version}", *short)
    relay = run.summary["relay"]["us-central"]
    assert (relay["moved"], relay["never_forwarded"], relay["stalls"]) == (120, 0, 0)
    assert (relay["fetches_per_key"], relay["lock_held_across_io_ms"]) == (1.0, 0.0)
    run.require(run.has_verdict)
    assert run.summary["verdict"] == "pass"


def factorial(runs: RunRecord, tmp_path: Path, name: str, *overrides: str) -> Run:
    return decided(runs, tmp_path, PROJECT / "scenarios" / "factorial" / f"{name}.yaml", *overrides)


@pytest.mark.long
@pytest.mark.parametrize("name", ["warm-burst-regressed", "cold-trickle-regressed"])
def test_neither_condition_alone_stalls_the_regression(runs: RunRecord, tmp_path: Path, name: str) -> None:
    """With half the sessions, a trickle of 12 s."""
    short = {
        "warm-burst-regressed": ("duration=10s", "events.0.for=6s", "controller.pace=0s"),
        "cold-trickle-regressed": ("duration=18s", "events.0.for=14s", "controller.pace=12s"),
    }[name]
    run = factorial(runs, tmp_path, name, "sessions.0.count=16", *short)
    summary = run.summary
    assert summary["verdict"] == "pass"
    assert summary["relay"]["us-central"]["moved"] == 32
    assert summary["relay"]["us-central"]["stalls"] == 0
    assert run.bears(len(summary["reroutes"]) == (16 if "trickle" in name else 1))


def until(seconds: int) -> tuple[str, str]:
    """The settings that end a run, and the delay that begins at 3 s, once as many streams as it has are filled."""
    return f"duration={seconds}s", f"events.0.for={seconds - 4}s"


@pytest.mark.long
def test_the_stall_grows_by_two_round_trips_a_stream(runs: RunRecord, tmp_path: Path) -> None:
    """Analytic: a fill is a fetch and an announcement, each a round trip of 50.5 ms to the directory."""
    few, many = 8, 24
    played = [
        factorial(runs, tmp_path / str(n), "cold-burst-regressed", f"sessions.0.count={n}", *until(seconds))
        for n, seconds in ((few, 7), (many, 11))
    ]
    held_ms = [run.summary["relay"]["us-central"]["lock_held_across_io_ms"] for run in played]
    slope_ms = (held_ms[1] - held_ms[0]) / (2 * (many - few))
    assert all(run.bears(slope_ms == pytest.approx(2 * 50.5, rel=0.25)) for run in played), slope_ms


def suite(runs: RunRecord, junit: Path, out: Path) -> tuple[int, str]:
    """Play the standard scenario of the incident with the regression; exit code and output."""
    file = PROJECT / "scenarios" / "suite" / "cold-burst.yaml"
    done = finished(start("suite", file, "--relay", "2026-05-11", "--junit", junit, "--out", out))
    for path in out.rglob("summary.json"):
        runs.enter(json.loads(path.read_text()))
    return done


@pytest.mark.long
def test_link_probes_stay_on_a_stuck_relay_and_canaries_and_media_leave_it(runs: RunRecord, tmp_path: Path) -> None:
    silent_ms, returned, stayed = {}, {}, {}
    watchful = ("relay-canary", "receiver-reports")
    for name in ("why-no-reroute", *watchful):
        run = attempted(runs, tmp_path / name, INCIDENT.with_name(f"{name}.yaml"))
        run.require(run.has_verdict)
        silent_ms[name] = run.summary["media"]["interruption_ms"]["max"]
        returned[name] = run.summary["reroutes"][0]["returned_at"]
        stayed[name] = [record for record in run.lines("controller.jsonl") if record["kind"] == "check"]
        assert name not in watchful or run.summary["verdict"] == "pass"
    assert returned["why-no-reroute"] is None
    assert len(stayed["why-no-reroute"]) >= 10
    assert {"both legs are clean", "the relay itself is not watched"} <= set(
        stayed["why-no-reroute"][-1]["reason"].split("; ")
    )
    assert silent_ms["why-no-reroute"] > 80 * 2 * 50.5
    for name in watchful:
        assert run.bears(returned[name] < 3.0 + 1.0 + 3.0)
        assert silent_ms[name] < silent_ms["why-no-reroute"] / 2


def test_the_suite_catches_the_regression(runs: RunRecord, tmp_path: Path) -> None:
    """It repeats inconclusive runs itself; exit code 3 is that none of them had a verdict."""
    junit = tmp_path / "junit.xml"
    code, output = suite(runs, junit, tmp_path / "runs")
    if code == 3:
        runs.alone()
        code, output = suite(runs, junit, tmp_path / "alone")
    if code == 3:
        raise InconclusiveError(output)
    assert code == 1, output
    assert "2026-05-11: caught by suite-cold-burst" in output
    assert ElementTree.parse(junit).getroot().get("failures", "0") != "0"
