"""A sweep on one machine, in processes: interrupted, killed, resumed, and runs that wait for it."""

from __future__ import annotations

import fcntl
from pathlib import Path

import pytest
from sweep_processes import RUNS, interrupt, machines

pytestmark = pytest.mark.long


def test_a_sweep_that_is_interrupted_goes_on_where_it_was(tmp_path: Path) -> None:
    with machines(tmp_path, 0.3) as lab:
        store = tmp_path / "store"
        first = lab.start("sweep", lab.sweep, "--out", store)
        lab.next_begun(2)
        interrupt(first)
        assert lab.ended(first) == 130
        there = lab.results(store)
        assert 2 <= len(there) < 12
        assert (store / "results.parquet").exists()
        assert (store / "report.html").exists()
        played = len(lab.lines())
        again = lab.start("sweep", lab.sweep, "--out", store, "--resume")
        assert lab.ended(again) == 1, lab.said(again)
        assert set(lab.results(store)) == RUNS
        lab.assert_one_at_a_time()
        assert sum(words[0] == "begin" for words in lab.lines()[played:]) == 12 - len(there)


def test_a_run_ends_with_a_sweep_that_is_killed(tmp_path: Path) -> None:
    with machines(tmp_path, 30) as lab:
        store = tmp_path / "store"
        sweep = lab.start("sweep", lab.sweep, "--out", store)
        lab.next_begun(0)
        sweep.kill()
        with (tmp_path / "lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
        assert [words[0] for words in lab.lines()] == ["begin", "stop"]
        assert lab.results(store) == {}


def test_a_sweep_waits_for_a_run_that_has_the_machine_and_says_so(tmp_path: Path) -> None:
    with machines(tmp_path, 0) as lab, (tmp_path / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        sweep = lab.start("sweep", lab.sweep, "--out", tmp_path / "store")
        fcntl.flock(lock, fcntl.LOCK_UN)
        assert lab.ended(sweep) == 1
        assert set(lab.results(tmp_path / "store")) == RUNS


def test_results_that_are_there_are_shown_while_nothing_is_played(tmp_path: Path) -> None:
    with machines(tmp_path, 0) as lab:
        store = tmp_path / "store"
        assert lab.ended(lab.start("sweep", lab.sweep, "--out", store)) == 1
        for made in ("results.parquet", "report.html"):
            (store / made).unlink()
        played = len(lab.lines())
        report = lab.start("sweep", lab.sweep, "--out", store, "--report")
        assert lab.ended(report) == 1
        assert "6 pass, 6 fail" in lab.said(report) or "6 fail, 6 pass" in lab.said(report)
        assert len(lab.lines()) == played
        assert (store / "report.html").exists()
