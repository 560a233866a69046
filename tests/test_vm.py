"""The virtual machine: its kernel passes the conformance suite, and its clock makes runs that noise cannot touch."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pytest

PROJECT = Path(__file__).resolve().parent.parent
RUN_SCENARIO = (sys.executable, str(PROJECT / "run_scenario.py"))
SETTINGS = ("--set", "sessions.0.count=10", "--set", "emulation.clock_shift=0")
ONE_BLIP = (str(PROJECT / "scenarios" / "one-blip.yaml"), *SETTINGS)
VIRTUAL = ("--clock", "virtual")
AGREEMENT_S = 0.2
"""The controller takes as long as that, give or take, to install a reroute (docs/virtual-time.md)."""

Key = tuple[str, str, int]
"""An interruption: session, source, and the how manyth of that direction."""

pytestmark = [pytest.mark.vm, pytest.mark.timeout(1_500)]


def run(*arguments: str) -> str:
    done = subprocess.run([*RUN_SCENARIO, *arguments], capture_output=True, text=True, check=False, timeout=1_400)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@contextmanager
def every_core_busy() -> Iterator[None]:
    """A process of our own on each core that never rests."""
    cores = range(os.cpu_count() or 1)
    hogs = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in cores]
    try:
        yield
    finally:
        for hog in hogs:
            hog.kill()
            hog.wait()


@dataclass(frozen=True)
class Heard:
    """What a run's listeners heard."""

    summary: dict[str, Any]
    interruptions: dict[Key, tuple[float, float]]
    """When each began, and how long it was, s."""
    lost: frozenset[tuple[int, int]]
    """SSRC and sequence number of every packet that did not arrive."""


def heard(runs: Path) -> Heard:
    (root,) = (runs / "one-blip").iterdir()
    interruptions: dict[Key, tuple[float, float]] = {}
    with (root / "interruptions.csv").open() as table:
        for row in csv.DictReader(table):
            number = sum(key[:2] == (row["session"], row["source"]) for key in interruptions)
            start, length = float(row["started_at_s"]), float(row["length_ms"]) / 1000
            interruptions[row["session"], row["source"], number] = (start, length)
    sent, received = (
        {
            pair
            for path in (root / "raw").glob(f"{way}-*.parquet")
            for pair in pl.read_parquet(path, columns=["ssrc", "seq"]).rows()
        }
        for way in ("sent", "received")
    )
    return Heard(json.loads((root / "summary.json").read_text()), interruptions, frozenset(sent - received))


@pytest.fixture(scope="module")
def virtual(tmp_path_factory: pytest.TempPathFactory) -> Heard:
    runs = tmp_path_factory.mktemp("virtual")
    run("run", "--vm", *VIRTUAL, *ONE_BLIP, "--out", str(runs))
    return heard(runs)


def test_netem_passes_the_conformance_suite_on_the_virtual_clock() -> None:
    pytest_there = ("python", "-m", "pytest", "-q", "-m", "netem", "-p", "no:cacheprovider", "tests/conformance")
    output = run("vm", *VIRTUAL, str(Path(sys.executable).parent / pytest_there[0]), *pytest_there[1:])
    assert " passed" in output
    assert "skipped" not in output


def test_a_run_in_the_machine_uses_netem_and_the_kernel_datapath_and_passes(virtual: Heard) -> None:
    assert virtual.summary["backend"] == {"link": "netem", "datapath": "kernel"}
    assert virtual.summary["verdict"] == "pass"
    assert len(virtual.summary["reroutes"]) == 1


def test_two_virtual_runs_agree_while_the_host_is_kept_busy(
    virtual: Heard, tmp_path_factory: pytest.TempPathFactory
) -> None:
    runs = tmp_path_factory.mktemp("busy")
    with every_core_busy():
        run("run", "--vm", *VIRTUAL, *ONE_BLIP, "--out", str(runs))
    again = heard(runs)
    assert again.interruptions.keys() == virtual.interruptions.keys()
    for key, (_, length) in virtual.interruptions.items():
        assert again.interruptions[key][1] == pytest.approx(length, abs=AGREEMENT_S)


def test_output_and_exit_code_of_a_command_come_back() -> None:
    done = subprocess.run(
        [*RUN_SCENARIO, "vm", "sh", "-c", "echo there; exit 7"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, "there" in done.stdout) == (7, True)
