"""Whole runs, as a user starts them: the demo, its summary against the schema, and runs that are ended early."""

from __future__ import annotations

import csv
import json
import os
import re
import select
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from run_lab import (
    ONE_BLIP,
    PROJECT,
    SMALL,
    command_name,
    descendants,
    finished,
    held,
    start,
    summary_of,
    wait_until,
    written,
)

INCIDENT = PROJECT / "scenarios" / "incident" / "short.yaml"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[int, str, Path, dict[str, Any]]:
    runs = tmp_path_factory.mktemp("demo")
    code, output = finished(start("run", ONE_BLIP, "--out", runs))
    return code, output, *summary_of(runs)


@pytest.mark.root
class TestTheDemo:
    """One blip, 100 two-way sessions, one reroute."""

    def test_verdict_and_exit_code_agree(self, demo: tuple[int, str, Path, dict[str, Any]]) -> None:
        code, output, _, summary = demo
        assert code == {"pass": 0, "fail": 1, "inconclusive": 3}[summary["verdict"]]
        assert summary["verdict"] in output

    def test_every_session_was_sent_on_schedule(self, demo: tuple[int, str, Path, dict[str, Any]]) -> None:
        _, _, _, summary = demo
        assert summary["media"]["directions"] == 200
        assert summary["media"]["sent"] == 200 * 12 * 50

    def test_the_reroute_repaired_the_blip(self, demo: tuple[int, str, Path, dict[str, Any]]) -> None:
        _, _, _, summary = demo
        reroute = summary["reroutes"][0]
        assert len(summary["reroutes"]) == 1 or summary["verdict"] == "inconclusive"
        assert (reroute["link"], reroute["via"]) == ("us-east–us-west", "us-central")
        assert reroute["fault_at"] < reroute["seen_at"] < reroute["installed_at"] < reroute["first_packet_at"]
        assert reroute["returned_at"] > 6.0
        assert summary["media"]["interrupted_directions"] == 200
        assert summary["media"]["still_interrupted"] == 0

    def test_losses_are_those_of_the_blip(self, demo: tuple[int, str, Path, dict[str, Any]]) -> None:
        _, _, run, summary = demo
        with (run / "interruptions.csv").open() as table:
            rows = list(csv.DictReader(table))
        in_interruptions = sum(int(row["packets_lost"]) for row in rows)
        assert in_interruptions == summary["media"]["lost"] or summary["verdict"] == "inconclusive"

    def test_latency_is_that_of_the_links_on_the_path(self, demo: tuple[int, str, Path, dict[str, Any]]) -> None:
        """Within 1 ms where the machine kept up; where it did not, the run must have said so itself."""
        _, _, _, summary = demo
        if summary["verdict"] != "inconclusive":
            assert 0 < summary["media"]["added_ms"]["p50"] < 1.0

    def test_the_plot_is_a_picture(self, demo: tuple[int, str, Path, dict[str, Any]]) -> None:
        _, _, run, _ = demo
        assert (run / "latency.png").read_bytes().startswith(b"\x89PNG")

    def test_the_report_can_be_redone_offline(self, demo: tuple[int, str, Path, dict[str, Any]]) -> None:
        code, _, run, _ = demo
        before = (run / "summary.json").read_bytes()
        again, _ = finished(start("report", run))
        assert again == code
        assert (run / "summary.json").read_bytes() == before


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


@pytest.mark.root
def test_two_runs_at_once_do_not_notice_each_other(tmp_path: Path) -> None:
    runs = [tmp_path / "one", tmp_path / "two"]
    processes = [start("run", ONE_BLIP, "--out", out, *SMALL) for out in runs]
    for process, out in zip(processes, runs, strict=True):
        finished(process)
        _, summary = summary_of(out)
        assert summary["media"]["directions"] == 20
        assert summary["media"]["received"] > 0
        assert "us-central" in [reroute["via"] for reroute in summary["reroutes"]]


@pytest.mark.root
def test_an_interrupt_keeps_what_was_recorded_and_says_so(tmp_path: Path) -> None:
    process = start("run", ONE_BLIP, "--out", tmp_path, *SMALL)
    wait_until(lambda: '"start"' in written(tmp_path, "events.jsonl"))
    process.send_signal(signal.SIGINT)
    code, output = finished(process)
    assert code == 130
    assert "keeping what was recorded" in output
    _, summary = summary_of(tmp_path)
    assert summary["verdict"] == "inconclusive"
    assert "the run was interrupted" in " ".join(summary["reasons"])
    assert summary["media"]["sent"] > 0


@pytest.mark.root
def test_a_relay_that_dies_is_named_and_the_rest_is_kept(tmp_path: Path) -> None:
    process = start("run", ONE_BLIP, "--out", tmp_path, *SMALL)
    wait_until(lambda: '"start"' in written(tmp_path, "events.jsonl"))
    (relay,) = [pid for pid in descendants(process.pid) if command_name(pid) == "relay-us-centra"]
    os.kill(relay, signal.SIGKILL)
    code, _ = finished(process)
    assert code == 3
    _, summary = summary_of(tmp_path)
    assert summary["reasons"][0] == "relay-us-central ended early; logs/relay-us-central.log may tell why"
    assert summary["media"]["received"] > 0


@pytest.mark.root
def test_a_link_emulator_that_dies_fails_the_run_and_the_media_records_are_kept(tmp_path: Path) -> None:
    process = start("run", ONE_BLIP, "--out", tmp_path, *SMALL)
    wait_until(lambda: '"start"' in written(tmp_path, "events.jsonl"))
    for pid in [pid for pid in descendants(process.pid) if command_name(pid) == "wire"]:
        os.kill(pid, signal.SIGKILL)
    code, _ = finished(process)
    _, summary = summary_of(tmp_path)
    assert code == 3
    assert "the run failed: the wire process has ended" in summary["reasons"]
    assert summary["media"]["received"] > 0


MOMENTS: dict[str, Callable[[Path], bool]] = {
    "before anything": lambda _: True,
    "while the network is built": lambda runs: written(runs, "events.jsonl") != "",
    "when the processes are ready": lambda runs: "ready" in written(runs, "events.jsonl"),
    "while media flow": lambda runs: "media-start" in written(runs, "events.jsonl"),
    "during the blip": lambda runs: '"start"' in written(runs, "events.jsonl"),
}


@pytest.mark.root
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_killed_run_leaves_nothing_behind(tmp_path: Path, moment: str) -> None:
    before = traces()
    process = start("run", ONE_BLIP, "--out", tmp_path, *SMALL)
    wait_until(lambda: MOMENTS[moment](tmp_path))
    family = list(held(descendants(process.pid)))
    process.kill()
    process.communicate()
    for descriptor in family:
        assert select.select([descriptor], [], [], 20)[0], "a process outlived the run"
        os.close(descriptor)
    assert traces() == before


def traces() -> tuple[list[str], list[str], list[str]]:
    """Interfaces, mounts and run-time files of the machine: what a run must not change."""
    interfaces = sorted(path.name for path in Path("/sys/class/net").iterdir())
    mounts = Path("/proc/self/mounts").read_text().splitlines()
    sockets = [line.split()[-1] for line in Path("/proc/net/unix").read_text().splitlines() if "/run/" in line]
    return interfaces, mounts, sorted(sockets)


AS_NOBODY = """
set -e
project=$1 cache=$2 python=$3
mount -t tmpfs -o mode=755 tmpfs /mnt
mkdir /mnt/project /mnt/home /mnt/runs
mount --bind "$project" /mnt/project
cp -r "$cache" /mnt/home/numba
mknod -m 666 /mnt/tun c 10 200
mount --bind /mnt/tun /dev/net/tun
chown -R 65534:65534 /mnt/home /mnt/runs
top=/$(echo "$project" | cut -d / -f 2)
mount -t tmpfs -o mode=1777 tmpfs "$top"
mkdir -p "$project"
mount --bind /mnt/project "$project"
cd "$project"
nobody="setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all"
HOME=/mnt/home NUMBA_CACHE_DIR=/mnt/home/numba \\
    $nobody "$python" run_scenario.py run scenarios/one-blip.yaml --set sessions.0.count=10 --out /mnt/runs >&2 || true
cat /mnt/runs/one-blip/*/plan.json
echo SUMMARY
cat /mnt/runs/one-blip/*/summary.json
"""
"""Whatever the permissions above the checkout: nobody sees it at its own path, with a tun device that all may open."""


@pytest.mark.root
def test_an_ordinary_user_can_run_where_the_tun_device_is_open_to_all() -> None:
    cache = os.environ.get("NUMBA_CACHE_DIR") or str(Path(sys.prefix) / "numba-cache")
    script = ["unshare", "--mount", "sh", "-c", AS_NOBODY, "sh", str(PROJECT), cache, sys.executable]
    done = subprocess.run(script, capture_output=True, text=True, timeout=150, check=False)
    assert done.returncode == 0, done.stderr
    plan, summary = map(json.loads, done.stdout.split("SUMMARY"))
    assert plan["environment"]["privilege"] == "user namespace"
    assert summary["media"]["received"] > 0, summary["reasons"]
    assert "us-central" in [reroute["via"] for reroute in summary["reroutes"]]


@pytest.mark.root
def test_blips_shorter_than_two_packets_are_measured_to_one_packet_time(tmp_path: Path) -> None:
    """A blip takes as many packets as it has intervals, give or take one, and lasts one interval more."""
    finished(start("run", PROJECT / "scenarios" / "micro-blips.yaml", "--out", tmp_path))
    run, summary = summary_of(tmp_path, "micro-blips")
    plan = json.loads((run / "plan.json").read_text())
    lengths_ms = {fault["at_ns"] // 10**9: (fault["until_ns"] - fault["at_ns"]) / 1e6 for fault in plan["faults"]}
    with (run / "interruptions.csv").open() as table:
        rows = [row for row in csv.DictReader(table) if int(row["packets_lost"])]
    seen = set()
    for row in rows:
        interval_ms = 1 if row["session"].startswith("probe") else 20
        blip_ms = lengths_ms[int(float(row["started_at_s"]) + 0.1)]
        seen.add((interval_ms, blip_ms))
        assert abs(int(row["packets_lost"]) - blip_ms / interval_ms) <= 1
        if summary["verdict"] != "inconclusive":
            assert float(row["length_ms"]) == pytest.approx(blip_ms + interval_ms, abs=interval_ms + 1)
    assert seen == {(interval, blip) for interval in (1, 20) for blip in (30, 100, 1000)}


HOG = """
import os, time
os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(90))
end = time.monotonic() + 5
while time.monotonic() < end:
    pass
"""


@pytest.mark.root
@pytest.mark.parametrize("hogged", [False, True], ids=["alone", "with a hog on every core"])
def test_a_run_is_believed_until_something_takes_the_processor(tmp_path: Path, hogged: bool) -> None:
    """Above the emulator's own priority, for five seconds: it must not be believed, and must say who was at fault."""
    process = start("run", ONE_BLIP, "--out", tmp_path, *SMALL)
    stdout = process.stdout
    assert stdout is not None
    next(line for line in stdout if "controller ready" in line)
    cores = (os.cpu_count() or 1) if hogged else 0
    hogs = [subprocess.Popen([sys.executable, "-c", HOG]) for _ in range(cores)]
    finished(process)
    assert [hog.wait(timeout=20) for hog in hogs] == [0] * cores
    _, summary = summary_of(tmp_path)
    late = {check["check"] for check in summary["fidelity"] if not check["ok"] and "lateness" in check["check"]}
    reasons = "; ".join(summary["reasons"])
    assert (summary["verdict"] == "inconclusive") is hogged, reasons
    if hogged:
        assert {"largest relay lateness", "largest sender lateness"} <= late, reasons
        assert summary["machine"]["others"]["percent"] > 50
        assert re.search(r"largest sender lateness: \d+(\.\d+)? ms, at most 100 ms allowed", reasons)
        assert re.search(r"other programs took \d+(\.\d+)? % of the processor .*: end them", reasons)
