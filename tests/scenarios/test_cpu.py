"""Stolen time against a /proc/stat worked out by hand."""

from __future__ import annotations

import pytest

from scenarios.cpu import CpuTimes, parse_cpu_times, read_cpu_times, stolen_percent

STAT = "cpu  100 0 50 800 10 0 20 20 7 0\ncpu0 50 0 25 400 5 0 10 10 7 0\n"


def test_guest_time_is_not_counted_twice() -> None:
    assert parse_cpu_times(STAT) == CpuTimes(total=1000, stolen=20)


def test_stolen_share() -> None:
    assert stolen_percent(CpuTimes(1000, 20), CpuTimes(1200, 30)) == pytest.approx(5.0)


def test_no_time_no_theft() -> None:
    assert stolen_percent(CpuTimes(1000, 20), CpuTimes(1000, 20)) == 0.0


def test_this_machine_has_a_stat() -> None:
    assert read_cpu_times().total > 0
