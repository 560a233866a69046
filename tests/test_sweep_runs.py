"""A sweep of real runs, as a user starts it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import polars
import pytest
from run_lab import ONE_BLIP, RUN_SCENARIO
from run_record import InconclusiveError, RunRecord

from results.comparison.values import run_values
from results.run_files.documents import read
from results.sweeps.result import SweepResult
from results.verdict.summary import Summary

SWEEP = f"""\
name: two
scenario: {ONE_BLIP}
axes:
  - {{set: duration, values: [6s]}}
  - {{set: sessions.0.count, values: [10]}}
  - {{set: events.0.at, values: [1s]}}
  - {{set: events.0.for, values: [100ms, 2s], name: blip}}
"""
"""The shorter blip is over before a detector can see it: there is no reroute, and the run fails."""


@pytest.mark.root
def test_a_sweep_keeps_what_its_runs_came_to(tmp_path: Path, runs: RunRecord) -> None:
    (tmp_path / "sweep.yaml").write_text(SWEEP)
    store = tmp_path / "store"
    argv = [sys.executable, str(RUN_SCENARIO), "sweep", str(tmp_path / "sweep.yaml"), "--out", str(store)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=250, check=False)
    assert done.returncode in (0, 1, 3), done.stderr
    results = [read(SweepResult, path) for path in (store / "done").glob("*.json")]
    assert sorted(str(each.point["blip"]) for each in results) == ["100ms", "2s"], done.stdout
    for each in results:
        summary = read(Summary, store / each.played.run / "summary.json")
        assert run_values(summary, each.played.run) == each.played
    for path in store.glob("runs/*/*/summary.json"):
        runs.enter(json.loads(path.read_text()))
    table = polars.read_parquet(store / "results.parquet")
    assert table["axis.blip.number"].sort().to_list() == [100.0, 2000.0]
    assert all(each.played.run in (store / "report.html").read_text(encoding="utf-8") for each in results)
    longest = {each.point["blip"]: each.played.values["media.interruption_ms.max"] for each in results}
    verdicts = {each.point["blip"]: each.verdict for each in results}
    if "inconclusive" in verdicts.values():
        raise InconclusiveError("a run of the sweep is inconclusive")
    assert verdicts == {"100ms": "fail", "2s": "pass"}
    short, long = longest["100ms"], longest["2s"]
    assert short.value is not None
    assert long.value is not None
    assert long.value > short.value >= 80, "a silent blip is heard from the last packet before it"
