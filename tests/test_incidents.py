"""The incident in whole runs: its conditions, its length, its answer, and the suite that catches it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from run_lab import PROJECT, finished, start, summary_of

INCIDENT = PROJECT / "scenarios" / "incident" / "short.yaml"


def incident(tmp_path: Path, version: str) -> dict[str, Any]:
    finished(start("run", INCIDENT, "--out", tmp_path, "--set", f"relays.version={version}"))
    _, summary = summary_of(tmp_path, "incident-short")
    return summary


@pytest.mark.root
def test_the_regression_leaves_everybody_silent_for_as_long_as_it_fills_its_cache(tmp_path: Path) -> None:
    """120 streams, two round trips of 50.5 ms each under the lock that the packet path takes: at least 12.1 s."""
    summary = incident(tmp_path, "2026-05-11")
    relay, silence = summary["relay"]["us-central"], summary["media"]["interruption_ms"]
    assert summary["verdict"] in ("fail", "inconclusive")
    assert (relay["moved"], relay["hit_percent"], relay["fetches_per_key"]) == (120, 0.0, 1.0)
    analytic_ms = 120 * 2 * 50.5
    assert analytic_ms <= relay["lock_held_across_io_ms"]
    assert relay["lock_held_across_io_ms"] <= 1.25 * analytic_ms or summary["verdict"] == "inconclusive"
    assert analytic_ms < silence["max"] < relay["lock_held_across_io_ms"] + 2000
    assert relay["stalls"] >= 1
    assert any("lock session-cache" in line and "v2026_05_11.py" in line for line in summary["diagnosis"])
    (run,) = (tmp_path / "incident-short").iterdir()
    assert "packet path: no progress" in (run / "locks" / "us-central.stacks.txt").read_text()
    assert (run / "stall.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.root
@pytest.mark.parametrize("version", ["2026-05-10", "2026-05-20"])
def test_sound_relays_carry_the_same_burst(tmp_path: Path, version: str) -> None:
    summary = incident(tmp_path, version)
    relay = summary["relay"]["us-central"]
    assert summary["verdict"] in ("pass", "inconclusive")
    assert (relay["moved"], relay["never_forwarded"], relay["stalls"]) == (120, 0, 0)
    assert (relay["fetches_per_key"], relay["lock_held_across_io_ms"]) == (1.0, 0.0)


def factorial(tmp_path: Path, name: str, *overrides: str) -> dict[str, Any]:
    file = PROJECT / "scenarios" / "factorial" / f"{name}.yaml"
    finished(start("run", file, "--out", tmp_path, *(word for each in overrides for word in ("--set", each))))
    _, summary = summary_of(tmp_path, f"factorial-{name}")
    return summary


@pytest.mark.root
@pytest.mark.parametrize("name", ["warm-burst-regressed", "cold-trickle-regressed"])
def test_neither_condition_alone_stalls_the_regression(tmp_path: Path, name: str) -> None:
    """With half the sessions, all moved within 12 s."""
    short = ("duration=18s", "events.0.for=14s", "controller.pace=12s" if "trickle" in name else "controller.pace=0s")
    summary = factorial(tmp_path, name, "sessions.0.count=16", *short)
    assert summary["verdict"] in ("pass", "inconclusive")
    assert summary["relay"]["us-central"]["moved"] == 32
    assert summary["relay"]["us-central"]["stalls"] == 0 or summary["verdict"] == "inconclusive"
    assert len(summary["reroutes"]) == (16 if "trickle" in name else 1)


@pytest.mark.root
def test_the_stall_grows_by_two_round_trips_a_stream(tmp_path: Path) -> None:
    """Analytic: a fill is a fetch and an announcement, each a round trip of 50.5 ms to the directory."""
    few, many = 8, 24
    summaries = [
        factorial(tmp_path / str(n), "cold-burst-regressed", f"sessions.0.count={n}", "duration=12s", "events.0.for=8s")
        for n in (few, many)
    ]
    held_ms = [summary["relay"]["us-central"]["lock_held_across_io_ms"] for summary in summaries]
    slope_ms = (held_ms[1] - held_ms[0]) / (2 * (many - few))
    conclusive = all(summary["verdict"] != "inconclusive" for summary in summaries)
    assert slope_ms == pytest.approx(2 * 50.5, rel=0.25) or not conclusive


@pytest.mark.root
def test_link_probes_stay_on_a_stuck_relay_and_canaries_leave_it(tmp_path: Path) -> None:
    silent_ms, returned, stayed = {}, {}, {}
    for name in ("why-no-reroute", "relay-canary"):
        finished(start("run", INCIDENT.with_name(f"{name}.yaml"), "--out", tmp_path))
        run, summary = summary_of(tmp_path, f"incident-{name}")
        silent_ms[name] = summary["media"]["interruption_ms"]["max"]
        returned[name] = summary["reroutes"][0]["returned_at"]
        log = [json.loads(line) for line in (run / "controller.jsonl").read_text().splitlines()]
        stayed[name] = [record for record in log if record["kind"] == "check"]
        if name == "relay-canary":
            assert summary["verdict"] in ("pass", "inconclusive")
    assert returned["why-no-reroute"] is None
    assert len(stayed["why-no-reroute"]) >= 10
    assert {"both legs are clean", "the relay itself is not watched"} <= set(
        stayed["why-no-reroute"][-1]["reason"].split("; ")
    )
    assert silent_ms["why-no-reroute"] > 80 * 2 * 50.5
    assert returned["relay-canary"] < 3.0 + 1.0 + 3.0
    assert silent_ms["relay-canary"] < silent_ms["why-no-reroute"] / 2


@pytest.mark.root
def test_the_suite_catches_the_regression(tmp_path: Path) -> None:
    junit = tmp_path / "junit.xml"
    file = PROJECT / "scenarios" / "suite" / "cold-burst.yaml"
    code, output = finished(start("suite", file, "--relay", "2026-05-11", "--junit", junit, "--out", tmp_path / "runs"))
    assert code in (1, 3), output
    if code == 1:
        assert "2026-05-11: caught by suite-cold-burst" in output
        assert ElementTree.parse(junit).getroot().get("failures") == "1"
