from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from relay_app.clients.media_schedule import Schedule
from relay_app.media_profiles import PROFILES
from relay_app.records import RECEIVED, SENT
from relay_app.streams import Stream
from results.run_files.plan import Plan
from results.run_files.plan_formats import read_plan
from results.run_files.run_dir import RunDir
from scenarios.language.library import load_plan
from scenarios.paths import OutputError
from scenarios.run.room import require_room
from scenarios.run.space import space_needed

RECORDED = Path(__file__).resolve().parents[1] / "results" / "recorded"
SCENARIOS = Path(__file__).resolve().parents[2] / "scenarios"


def plan_of(*overrides: str) -> Plan:
    return load_plan(SCENARIOS / "one-blip.yaml", overrides=overrides)


@pytest.mark.parametrize("media", PROFILES)
def test_the_rate_of_a_profile_is_that_of_its_schedule(media: str) -> None:
    """Counted over 16 s, which is a whole cycle of sizes."""
    streams = [Stream(number, "s", "g", "a", "b", media) for number in range(1, 9)]
    counted = len(Schedule(streams, 1, 0).window(0, 16 * 10**9)) / 16 / len(streams)
    assert counted <= PROFILES[media].packets_per_s * 1.01
    assert counted >= PROFILES[media].packets_per_s * (0.85 if PROFILES[media].pictures else 0.99)


def test_records_need_at_least_the_rows_of_every_packet() -> None:
    packets = 200 * 12 * 50
    space = space_needed(plan_of())
    rows = packets * (SENT.itemsize + RECEIVED.itemsize)
    assert rows < space.staged_bytes < 2 * rows
    assert space.peak_bytes > space.staged_bytes + packets // 2 * RECEIVED.itemsize


def test_room_grows_with_the_packets() -> None:
    once, twice = space_needed(plan_of()), space_needed(plan_of("sessions.0.count=200"))
    longer = space_needed(plan_of("duration=24s"))
    assert twice.staged_bytes / once.staged_bytes == pytest.approx(2, rel=0.2)
    assert longer.staged_bytes / once.staged_bytes == pytest.approx(2, rel=0.2)


def test_of_little_media_what_else_is_written_remains() -> None:
    least = space_needed(plan_of("sessions.0.count=1"))
    assert 6 * 10**6 < least.peak_bytes < 9 * 10**6


@pytest.mark.parametrize("name", ["one-blip", "rolling-restart", "incident-short"])
def test_a_recorded_run_took_what_is_estimated(name: str) -> None:
    """Its rows, at their size in the arrays that processes left: no more than estimated, and not three times less,
    though these runs are small, and 30 s of samples are added for a slow set-up."""
    run = RunDir(RECORDED / name / "run")
    space = space_needed(read_plan(run.plan))
    files = [path for path in run.root.rglob("*") if path.is_file()]
    tables = [pl.read_parquet(path) for path in files if path.suffix == ".parquet" and path.stem != "sessions"]
    rows = sum(table.estimated_size() for table in tables)
    assert rows < space.staged_bytes < 3 * rows
    assert sum(path.stat().st_size for path in files) < space.peak_bytes


def test_a_run_without_room_is_refused_with_both_figures_and_the_option(tmp_path: Path) -> None:
    """A year of a thousand sessions fits on no disk."""
    endless = replace(plan_of("sessions.0.count=1000"), duration_ns=365 * 86_400 * 10**9, faults=())
    with pytest.raises(
        OutputError, match=r"a run of one-blip needs \d+\.\d MB, and [\d.]+ MB are free; say with --out"
    ):
        require_room(endless, tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


def test_a_run_with_room_is_not_refused(tmp_path: Path) -> None:
    require_room(plan_of(), tmp_path)
