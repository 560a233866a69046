"""A sweep on one machine, in processes: interrupted, killed, resumed, and runs that wait for it."""

from __future__ import annotations

import fcntl
import re
from pathlib import Path

import pytest
from sweep_processes import RUNS, interrupt, machines

pytestmark = pytest.mark.long


def test_a_sweep_that_is_interrupted_goes_on_where_it_was(tmp_path: Path) -> None:
    with machines(tmp_path) as lab:
        store = tmp_path / "store"
        lab.permit(2)
        first = lab.start("sweep", lab.sweep, "--out", store)
        lab.next_begun(2)
        interrupt(first)
        assert lab.ended(first) == 130
        assert [words[0] for words in lab.lines()] == ["begin", "end", "begin", "end", "begin", "stop"]
        assert len(lab.results(store)) == 2
        assert (store / "results.parquet").exists()
        assert (store / "report.html").exists()
        lab.permit(12)
        again = lab.start("sweep", lab.sweep, "--out", store, "--resume")
        assert lab.ended(again) == 1, lab.said(again)
        assert set(lab.results(store)) == RUNS
        assert lab.begun() == 3 + 10
        lab.assert_one_at_a_time()


def test_a_run_ends_with_a_sweep_that_is_killed(tmp_path: Path) -> None:
    with machines(tmp_path) as lab:
        store = tmp_path / "store"
        lab.permit(0)
        sweep = lab.start("sweep", lab.sweep, "--out", store)
        lab.next_begun(0)
        sweep.kill()
        with (tmp_path / "lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
        assert [words[0] for words in lab.lines()] == ["begin", "stop"]
        assert lab.results(store) == {}


def test_results_that_are_there_are_shown_while_nothing_is_played(tmp_path: Path) -> None:
    with machines(tmp_path) as lab:
        store = tmp_path / "store"
        assert lab.ended(lab.start("sweep", lab.sweep, "--out", store)) == 1
        for made in ("results.parquet", "report.html"):
            (store / made).unlink()
        report = lab.start("sweep", lab.sweep, "--out", store, "--report")
        assert lab.ended(report) == 1
        assert re.search("6 (pass|fail), 6 (pass|fail)", lab.said(report))
        assert lab.begun() == 12
        assert (store / "report.html").exists()
