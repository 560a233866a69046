"""What a run records of a core that another program takes from it, against when that program had it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from time import monotonic, monotonic_ns

import numpy as np
import pytest
from run_lab import ONE_BLIP, play
from run_record import RunRecord

from hostio.timing import MS
from results.run_files.hold_ups import HoldUpPlace, RunDelayPlace
from results.run_files.machine import ProcessId
from results.run_files.machine_formats import read_machine_report
from results.run_files.records import read_hold_ups
from results.run_files.run_dir import RunDir

pytestmark = pytest.mark.root

PRIORITY = 60
PIECES = (20 * MS, 50 * MS, 100 * MS)
PAUSE_S = 1.0
AT_MOST_S = 120.0


def take(core: int, control: Connection) -> None:
    """Take a core in pieces until told to end, 120 s at most; answer with when each began and ended."""
    os.sched_setaffinity(0, {core})
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(PRIORITY))
    taken: list[tuple[int, int]] = []
    end_s = monotonic() + AT_MOST_S
    while monotonic() < end_s and not control.poll(PAUSE_S):
        began_ns = monotonic_ns()
        while monotonic_ns() < began_ns + PIECES[len(taken) % len(PIECES)]:
            pass
        taken.append((began_ns, monotonic_ns()))
    control.send(taken)


@pytest.fixture
def hog() -> Iterator[tuple[int, Connection]]:
    """A core, and the connection to the process that takes it in pieces."""
    core = max(os.sched_getaffinity(0))
    ours, theirs = get_context("spawn").Pipe()
    process = get_context("spawn").Process(target=take, args=(core, theirs))
    process.start()
    yield core, ours
    process.join(10)
    process.kill()
    process.join()


def test_every_piece_that_was_taken_of_a_core_is_in_the_records(
    runs: RunRecord, tmp_path: Path, hog: tuple[int, Connection]
) -> None:
    core, control = hog
    played = play(runs, tmp_path, ONE_BLIP, "sessions.0.count=10")
    run = RunDir(played.root)
    control.send("end")
    assert control.poll(30)
    taken = control.recv()
    found = read_hold_ups(run)
    machine = read_machine_report(run.machine)
    if not machine.counter(ProcessId("monitor"), "realtime_core_sensors"):
        pytest.skip("SCHED_FIFO is refused")
    cores = found.late[found.late["place"] == HoldUpPlace.CORE]
    events = {each["kind"]: each for each in played.lines("events.jsonl")}
    start_ns, end_ns = events["media-start"]["at_ns"], events["end"]["media_end_ns"]
    within = [piece for piece in taken if start_ns < piece[0] and piece[1] < end_ns]
    assert len(within) > len(PIECES)
    held = cores[cores["number"] == core]
    for began_ns, ended_ns in within:
        assert np.any((held["from_ns"] <= began_ns) & (held["until_ns"] >= ended_ns)), (began_ns, ended_ns)
    assert (
        machine.counter(ProcessId("monitor"), "run_delay_samples") == 0 or RunDelayPlace.RELAY in found.waits["place"]
    )
