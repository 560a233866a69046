"""Whole runs that are ended early, from outside or by a part that dies, and what they leave."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from run_lab import BRIEF, ONE_BLIP, PROJECT, STARTED_WITHIN_S, finished, named, start, summary_of, written

from hostio.timing import wait_until

pytestmark = [pytest.mark.root, pytest.mark.bears_load, pytest.mark.waits]


def test_an_interrupt_keeps_what_was_recorded_and_says_so(tmp_path: Path) -> None:
    with start("run", ONE_BLIP, "--out", tmp_path, *BRIEF) as process:
        assert wait_until(lambda: '"start"' in written(tmp_path, "events.jsonl"), STARTED_WITHIN_S)
        process.send_signal(signal.SIGINT)
        code, output = finished(process)
    assert code == 130
    assert "keeping what was recorded" in output
    _, summary = summary_of(tmp_path)
    assert summary["verdict"] == "inconclusive"
    assert "the run was interrupted" in " ".join(summary["reasons"])
    assert summary["media"]["sent"] > 0


def test_a_relay_that_dies_is_named_and_the_rest_is_kept(tmp_path: Path) -> None:
    with start("run", ONE_BLIP, "--out", tmp_path, *BRIEF) as process:
        assert wait_until(lambda: '"start"' in written(tmp_path, "events.jsonl"), STARTED_WITHIN_S)
        (relay,) = named(process.pid, "relay-us-centra")
        os.kill(relay, signal.SIGKILL)
        code, _ = finished(process)
    assert code == 3
    _, summary = summary_of(tmp_path)
    assert summary["reasons"][0] == "relay-us-central ended early; logs/relay-us-central.log may tell why"
    assert summary["media"]["received"] > 0


def test_a_link_emulator_that_dies_fails_the_run_and_the_media_records_are_kept(tmp_path: Path) -> None:
    with start("run", ONE_BLIP, "--out", tmp_path, *BRIEF) as process:
        assert wait_until(lambda: '"start"' in written(tmp_path, "events.jsonl"), STARTED_WITHIN_S)
        for pid in named(process.pid, "wire"):
            os.kill(pid, signal.SIGKILL)
        code, _ = finished(process)
    _, summary = summary_of(tmp_path)
    assert code == 3
    assert "the run failed: the wire process has ended" in summary["reasons"]
    assert summary["media"]["received"] > 0


def test_a_run_whose_output_nobody_reads_stops_quietly_and_keeps_what_was_recorded(tmp_path: Path) -> None:
    with start("run", ONE_BLIP, "--out", tmp_path, *BRIEF, stderr=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stderr
        assert wait_until(lambda: '"start"' in written(tmp_path, "events.jsonl"), STARTED_WITHIN_S)
        process.stdout.close()
        with process.stderr:
            assert process.stderr.read() == ""
        assert process.wait(timeout=150) == 128 + signal.SIGPIPE
    _, summary = summary_of(tmp_path)
    assert "the run was interrupted" in " ".join(summary["reasons"])
    assert summary["media"]["sent"] > 0


def test_a_bug_in_the_sandbox_has_its_own_exit_code_and_keeps_what_was_recorded(tmp_path: Path) -> None:
    """The bug: from the moment of the fault on there are no steps of the timeline that could be logged."""
    bug = "import scenarios.run.fault_player as player; player._log_step = None"
    planted = (
        f"import sys; sys.path.insert(0, {str(PROJECT)!r}); import scenarios.run.host_side as side; "
        f"side._IN_SANDBOX = {bug!r} + '; ' + side._IN_SANDBOX; "
        "from scenarios.commands.entry import main; sys.exit(main())"
    )
    argv = [sys.executable, "-c", planted, "run", str(ONE_BLIP), "--attempts", "2", "--out", str(tmp_path), *BRIEF]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=150)
    run, summary = summary_of(tmp_path)
    assert done.returncode == 70
    assert done.stderr == (f"run_scenario.py: {run}: a bug in Blipnet itself; the traceback is in logs/runner.log\n")
    assert "TypeError: 'NoneType' object is not callable" in (run / "logs" / "runner.log").read_text()
    assert summary["verdict"] == "inconclusive"
    assert summary["media"]["received"] > 0


UNDECIDED = """\
name: undecided
description: Without a fault no figure tells how long the recovery from it took
topology: us-triangle
duration: 1s
sessions:
  - {between: [us-east, us-west], count: 2, media: voice}
expect:
  - media.recovery_lag_ms < 1s
"""


def test_an_inconclusive_run_is_repeated_and_every_run_is_kept_and_named(tmp_path: Path) -> None:
    scenario = tmp_path / "undecided.yaml"
    scenario.write_text(UNDECIDED)
    code, output = finished(start("run", scenario, "--out", tmp_path / "runs", "--attempts", "2"))
    assert code == 3
    assert re.findall("^attempt (.) of (.) was inconclusive: .+; trying again$", output, re.MULTILINE) == [("1", "2")]
    kept = sorted((tmp_path / "runs" / "undecided").iterdir(), key=lambda run: run.stat().st_mtime)
    assert [(run / "summary.json").exists() for run in kept] == [True, True]
    lines = [line.split() for line in output.splitlines()]
    assert all(["attempt", str(number), "inconclusive", str(run)] in lines for number, run in enumerate(kept, 1))
