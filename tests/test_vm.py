"""The virtual machine: its clock makes runs that noise cannot touch."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import polars as pl
import pytest
import run_lab
from run_lab import Run, attempted
from run_record import RunRecord

RUN_SCENARIO = (sys.executable, str(run_lab.RUN_SCENARIO))
SETTINGS = ("sessions.0.count=10", "emulation.clock_shift=0")
ONE_BLIP = (str(run_lab.ONE_BLIP), *(word for each in SETTINGS for word in ("--set", each)))
VIRTUAL = ("--clock", "virtual")
BLIP_S = (4.0, 6.0)
"""Of one-blip, from the first media packet on."""

NATIVE_AGREEMENT_S = 0.04
"""Two packets, 20 ms apart: one as far as an interruption is counted in packets, one for where in it a median falls."""

Way = tuple[str, str]
"""A direction of a session: session and source."""

pytestmark = [pytest.mark.vm, pytest.mark.timeout(1_500)]

on_its_own_clock = pytest.mark.bears_load


def run(*arguments: str) -> str:
    done = subprocess.run([*RUN_SCENARIO, *arguments], capture_output=True, text=True, check=False, timeout=1_400)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@contextmanager
def every_core_busy() -> Iterator[None]:
    """A process of our own on each core that never rests, and takes but a tenth of what another there wants."""
    cores = range(os.cpu_count() or 1)
    hogs = [subprocess.Popen(["nice", "-n", "10", sys.executable, "-c", "while True: pass"]) for _ in cores]
    try:
        yield
    finally:
        for hog in hogs:
            hog.kill()
            hog.wait()


@dataclass(frozen=True)
class Heard:
    """What a run's listeners heard."""

    root: Path
    summary: dict[str, Any]
    interruptions: tuple[tuple[Way, float, float], ...]
    """When each began, and how long it was, s."""
    lost: frozenset[tuple[int, int]]
    """SSRC and sequence number of every packet that did not arrive."""
    records: dict[str, bytes]
    """Every packet and probe with its times, by file."""

    @property
    def by_the_blip(self) -> dict[Way, float]:
        """How long each direction was interrupted by the blip itself."""
        begin, end = BLIP_S
        return {way: length for way, start, length in self.interruptions if begin <= start <= end}

    @property
    def reroute_s(self) -> float:
        """From the blip to the first packet over the centre: what of an interruption depends on the CPU."""
        reroute = self.summary["reroutes"][0]
        return float(reroute["first_packet_at"] - reroute["fault_at"])

    def less_the_reroute_s(self) -> dict[str, float]:
        """By source, how long the median direction was interrupted, less the reroute."""
        return {
            source: median(length for (_, of), length in self.by_the_blip.items() if of == source) - self.reroute_s
            for source in {source for _, source in self.by_the_blip}
        }


def heard(runs: Path) -> Heard:
    (root,) = (runs / "one-blip").iterdir()
    return heard_in(root)


def heard_in(root: Path) -> Heard:
    with (root / "interruptions.csv").open() as table:
        interruptions = tuple(
            ((row["session"], row["source"]), float(row["started_at_s"]), float(row["length_ms"]) / 1000)
            for row in csv.DictReader(table)
        )
    sent, received = (
        {
            pair
            for path in (root / "raw").glob(f"{way}-*.parquet")
            for pair in pl.read_parquet(path, columns=["ssrc", "seq"]).rows()
        }
        for way in ("sent", "received")
    )
    records = {path.name: path.read_bytes() for path in sorted((root / "raw").iterdir())}
    return Heard(root, documents(root)["summary"], interruptions, frozenset(sent - received), records)


def documents(root: Path) -> dict[str, Any]:
    """What a run came to; fractions to nine digits, because a processor may add up in another order."""
    return {
        name: json.loads((root / f"{name}.json").read_text(), parse_float=lambda digits: float(f"{float(digits):.9g}"))
        for name in ("summary", "ledger")
    }


@pytest.fixture(scope="module")
def virtual(runs: RunRecord, tmp_path_factory: pytest.TempPathFactory) -> Heard:
    folder = tmp_path_factory.mktemp("virtual")
    run("run", "--vm", *VIRTUAL, *ONE_BLIP, "--out", str(folder))
    found = heard(folder)
    runs.enter(found.summary)
    assert len(found.lost) > 0
    return found


@on_its_own_clock
def test_a_run_in_the_machine_uses_netem_and_the_kernel_datapath_and_passes(virtual: Heard) -> None:
    assert virtual.summary["backend"] == {"link": "netem", "datapath": "kernel"}
    assert virtual.summary["verdict"] == "pass"
    assert virtual.summary["ledger"]["unexplained"] == 0
    assert len(virtual.summary["reroutes"]) == 1


@on_its_own_clock
def test_the_machine_and_this_one_come_to_the_same_from_its_records(virtual: Heard, tmp_path: Path) -> None:
    here = tmp_path / virtual.root.name
    shutil.copytree(virtual.root, here)
    run("report", str(here))
    assert documents(here) == documents(virtual.root)


@on_its_own_clock
def test_two_virtual_runs_are_the_same_to_the_bit_while_the_host_is_kept_busy(virtual: Heard, tmp_path: Path) -> None:
    with every_core_busy():
        run("run", "--vm", *VIRTUAL, *ONE_BLIP, "--out", str(tmp_path))
    again = heard(tmp_path)
    assert again.interruptions == virtual.interruptions
    assert again.lost == virtual.lost
    assert again.records == virtual.records


SORTED_RIGHT = """
import numpy
for kind in ("uint16", "uint32", "int64", "float64"):
    for count in range(1, 400):
        mixed = numpy.random.default_rng(count).permutation(count).astype(kind)
        assert mixed[mixed.argsort()].tolist() == numpy.sort(mixed).tolist() == list(range(count)), (kind, count)
"""


@on_its_own_clock
def test_the_emulated_cpu_sorts_as_numpy_asks_it_to_and_output_and_exit_code_of_a_command_come_back() -> None:
    """QEMU 7.2 gets some of its AVX2 wrong."""
    script = f"{sys.executable} -c '{SORTED_RIGHT}' && echo sorted; exit 7"
    done = subprocess.run([*RUN_SCENARIO, "vm", "sh", "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, "sorted" in done.stdout) == (7, True), done.stdout + done.stderr


@pytest.mark.root
@pytest.mark.repeats_alone
def test_a_native_run_hears_the_same_blip(runs: RunRecord, virtual: Heard, tmp_path: Path) -> None:
    """By each direction's median over its sessions, less the reroute: a single one moves by a packet."""
    expected = virtual.less_the_reroute_s()

    def agrees(run: Run) -> bool:
        return heard_in(run.root).less_the_reroute_s() == pytest.approx(expected, abs=NATIVE_AGREEMENT_S)

    native = attempted(runs, tmp_path, run_lab.ONE_BLIP, *SETTINGS, believed=agrees)
    assert heard_in(native.root).by_the_blip.keys() == virtual.by_the_blip.keys()
    assert native.bears(agrees(native))
