"""Whole runs, as a user starts them: the first one of a newcomer, and what makes one believed."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest
from run_lab import AS_NOBODY, BRIEF, ONE_BLIP, PROJECT, Run, attempted, finished, start, summary_of
from run_record import RunRecord
from ryu_lab import needs_ryu


@pytest.fixture(scope="module", params=["os-ken", pytest.param("ryu", marks=[needs_ryu, pytest.mark.long])])
def demo(request: pytest.FixtureRequest, runs: RunRecord, tmp_path_factory: pytest.TempPathFactory) -> Run:
    out, framework = tmp_path_factory.mktemp("demo"), f"controller.framework={request.param}"
    return attempted(runs, out, ONE_BLIP, framework, believed=latency_of_the_links)


def latency_of_the_links(run: Run) -> bool:
    return bool(0 < run.summary["media"]["added_ms"]["p50"] < 1.0)


@pytest.mark.root
class TestTheDemo:
    """One blip, 100 two-way sessions, one reroute; by a controller on os-ken, and on Ryu."""

    def test_verdict_and_exit_code_agree(self, demo: Run) -> None:
        assert demo.code == {"pass": 0, "fail": 1, "inconclusive": 3}[demo.summary["verdict"]]
        assert demo.summary["verdict"] in demo.output

    def test_every_session_was_sent_on_schedule(self, demo: Run) -> None:
        assert demo.summary["media"]["directions"] == 200
        assert demo.summary["media"]["sent"] == 200 * 12 * 50

    def test_the_reroute_repaired_the_blip(self, demo: Run) -> None:
        reroute = demo.summary["reroutes"][0]
        assert (reroute["link"], reroute["via"]) == ("us-east–us-west", "us-central")
        assert reroute["fault_at"] < reroute["seen_at"] < reroute["installed_at"] < reroute["first_packet_at"]
        assert reroute["returned_at"] > 6.0
        assert demo.summary["media"]["interrupted_directions"] == 200
        assert demo.bears(demo.summary["media"]["still_interrupted"] == 0)
        assert demo.bears(len(demo.summary["reroutes"]) == 1)

    def test_the_reroute_is_taken_apart(self, demo: Run) -> None:
        """Packets are 20 ms apart; 2 ms more are for the fault's own lateness and the links' back end."""
        assert demo.bears(len(demo.summary["reroutes"]) == 1)
        (reroute,) = demo.summary["reroutes"]
        assert reroute["detector"] == "link"
        steps = ("fault", "seen", "decided", "flow_mods_sent", "barrier", "media_recovered")
        times = [reroute[f"{step}_at"] for step in steps]
        assert times == sorted(times)
        assert sum(lane["directions"] for lane in reroute["by_lane"]) == reroute["directions"] == 200
        for lane in reroute["by_lane"]:
            lengths = [lane["parts"][part] for part in lane["parts"] if part.endswith("_ms")]
            assert sum(lengths) == pytest.approx(lane["interruption_ms"], abs=0.01)
            assert demo.bears(-2 <= lane["parts"]["unexplained_ms"] <= 22)
        assert (demo.root / "reroutes.png").read_bytes().startswith(b"\x89PNG")

    def test_losses_are_those_of_the_blip(self, demo: Run) -> None:
        demo.require(demo.conclusive)
        with (demo.root / "interruptions.csv").open() as table:
            rows = list(csv.DictReader(table))
        assert sum(int(row["packets_lost"]) for row in rows) == demo.summary["media"]["lost"] > 0

    def test_latency_is_that_of_the_links_on_the_path(self, demo: Run) -> None:
        """Within 1 ms where the machine kept up; where it did not, the bounds reach down to that."""
        least_ms = demo.summary["bounds"]["media.added_ms.p50"]["low"]
        demo.require(latency_of_the_links(demo) or (least_ms is not None and least_ms >= 1.0))
        assert latency_of_the_links(demo)

    def test_the_plot_is_a_picture(self, demo: Run) -> None:
        assert (demo.root / "latency.png").read_bytes().startswith(b"\x89PNG")

    def test_the_report_can_be_redone_offline(self, demo: Run) -> None:
        before = (demo.root / "summary.json").read_bytes()
        again, _ = finished(start("report", demo.root))
        assert again == demo.code
        assert (demo.root / "summary.json").read_bytes() == before


@pytest.mark.root
def test_two_runs_at_once_do_not_notice_each_other(runs: RunRecord, tmp_path: Path) -> None:
    folders = [tmp_path / "one", tmp_path / "two"]
    one, other = ((ONE_BLIP, "--out", out, *BRIEF) for out in folders)
    locks = [{**os.environ, "BLIPNET_LOCK": str(out.with_suffix(".lock"))} for out in folders]
    with start("run", *one, env=locks[0]) as first, start("run", *other, env=locks[1]) as second:
        for process in (first, second):
            finished(process)
    for out in folders:
        _, summary = summary_of(out)
        runs.enter(summary)
        assert summary["media"]["directions"] == 20
        assert summary["media"]["received"] > 0
        assert "us-central" in [reroute["via"] for reroute in summary["reroutes"]]


@pytest.mark.root
def test_a_user_without_home_can_run_in_a_read_only_checkout_where_the_tun_device_is_open(runs: RunRecord) -> None:
    script = ["unshare", "--mount", "sh", "-c", AS_NOBODY, "sh", str(PROJECT), *BRIEF]
    done = subprocess.run(script, capture_output=True, text=True, timeout=150, check=False)
    assert done.returncode == 0, done.stderr
    plan, summary = map(json.loads, done.stdout.split("SUMMARY"))
    runs.enter(summary)
    assert plan["environment"]["privilege"] == "user namespace"
    assert summary["media"]["received"] > 0, summary["reasons"]
    assert "us-central" in [reroute["via"] for reroute in summary["reroutes"]]


def differences(run: Run) -> dict[tuple[int, float], list[float]]:
    """By packet interval and length of blip, ms, of each interruption that lost packets: by how much it was longer than
    blip and interval together, and by how many it lost more packets than the blip has intervals, in what is allowed."""
    plan = json.loads((run.root / "plan.json").read_text())
    lengths_ms = {fault["at_ns"] // 10**9: (fault["until_ns"] - fault["at_ns"]) / 1e6 for fault in plan["faults"]}
    found: dict[tuple[int, float], list[float]] = defaultdict(list)
    with (run.root / "interruptions.csv").open() as table:
        for row in csv.DictReader(table):
            if lost := int(row["packets_lost"]):
                interval_ms = 1 if row["session"].startswith("probe") else 20
                blip_ms = lengths_ms[int(float(row["started_at_s"]) + 0.1)]
                found[interval_ms, blip_ms] += [
                    (float(row["length_ms"]) - blip_ms - interval_ms) / (interval_ms + 1),
                    lost - blip_ms / interval_ms,
                ]
    return found


def to_one_packet(run: Run) -> bool:
    return all(abs(each) <= 1 for found in differences(run).values() for each in found)


@pytest.mark.root
def test_blips_shorter_than_two_packets_are_measured_to_one_packet_time(runs: RunRecord, tmp_path: Path) -> None:
    """A blip takes as many packets as it has intervals, give or take one, and lasts one interval more."""
    run = attempted(runs, tmp_path, PROJECT / "scenarios" / "micro-blips.yaml", believed=to_one_packet)
    found = differences(run)
    assert set(found) == {(interval, blip) for interval in (1, 20) for blip in (30, 100, 1000)}
    assert run.bears(to_one_packet(run)), found


HOG = """
import os, time
os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(90))
end = time.monotonic() + 5
while time.monotonic() < end:
    pass
"""


@pytest.mark.root
def test_a_run_is_not_believed_when_something_takes_the_processor(tmp_path: Path) -> None:
    """Above the emulator's own priority, for five seconds: it must say who was at fault. Undisturbed it is a demo."""
    with start("run", ONE_BLIP, "--out", tmp_path, *BRIEF) as process:
        stdout = process.stdout
        assert stdout is not None
        next(line for line in stdout if "controller ready" in line)
        hogs = [subprocess.Popen([sys.executable, "-c", HOG]) for _ in range(os.cpu_count() or 1)]
        finished(process)
    assert [hog.wait(timeout=20) for hog in hogs] == [0] * len(hogs)
    _, summary = summary_of(tmp_path)
    late = {check["check"] for check in summary["fidelity"] if not check["ok"] and "lateness" in check["check"]}
    reasons = "; ".join(summary["reasons"])
    assert summary["verdict"] == "inconclusive", reasons
    # Which more of the testbed was late depends on what its part had to do meanwhile: nothing comes to a relay then.
    assert "largest sender lateness" in late, reasons
    assert summary["machine"]["others"]["percent"] > 50
    assert re.search(r"largest sender lateness: \d+(\.\d+)? ms, at most 100 ms allowed", reasons)
    assert re.search(r"other programs took \d+(\.\d+)? % of the processor .*: end them", reasons)
