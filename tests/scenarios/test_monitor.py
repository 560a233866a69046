"""The machine's watcher as a process is one: over its control pipe."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from multiprocessing import Pipe
from pathlib import Path
from time import monotonic_ns

import numpy as np
import pytest

from hostio.control import Ready, Stop, Stopped
from hostio.run_delay import run_delay_told
from hostio.timing import MS, S, wait_until
from relay_app.messages import MediaPrepared, MediaWindow, PrepareMedia
from results.metrics.machine_figures import machine_use
from results.run_files.hold_ups import RUN_DELAY
from results.run_files.machine import CORE_SAMPLE, LINK_SAMPLE, MACHINE_SAMPLE, MachineSamples
from results.run_files.records import Rows
from results.run_files.run_dir import RunDir
from scenarios.run.monitor import MonitorConfig, serve

DUE_S = 0.77
"""When in each second of the media a sample is due."""


def config_in(folder: Path) -> MonitorConfig:
    return MonitorConfig(RunDir(folder), {1: os.getpid()}, link_ends={4: "lo"})


def staged(config: MonitorConfig) -> Callable[[str], Rows]:
    return lambda name: np.load(config.run.staging / f"{name}.npy")


@pytest.mark.long
def test_a_sample_before_the_media_and_one_a_second(tmp_path: Path) -> None:
    ours, theirs = Pipe()
    config = config_in(tmp_path)
    thread = threading.Thread(target=serve, args=(config, theirs))
    thread.start()
    assert ours.recv() == Ready()
    ours.send(PrepareMedia(S))
    assert ours.recv() == MediaPrepared()
    start_ns = monotonic_ns() + 2 * S  # the samples before it take a while on a busy machine
    ours.send(MediaWindow(start_ns, start_ns + S))
    assert wait_until(lambda: monotonic_ns() > start_ns + S, 30)
    assert not ours.poll(0)
    ours.send(Stop())
    told = ours.recv()
    thread.join()
    samples = MachineSamples(*map(staged(config), ("machine", "cores")))
    at_s = (samples.machine["at_ns"] - start_ns) / S
    assert isinstance(told, Stopped)
    assert told.counters["core_sensors"] == len(os.sched_getaffinity(0)) == len(told.hold_ups)
    assert told.counters["run_delay_samples"] == (len(at_s) + 1) * run_delay_told()
    assert at_s[0] < 0, "at once"
    seconds = np.floor(at_s[1:] - DUE_S)
    assert seconds[0] >= -1
    assert (np.diff(seconds) > 0).all(), "not twice in a second, however late one is"
    assert machine_use(samples, start_ns, start_ns + S) is not None
    links = staged(config)("link-bytes")
    assert set(links["direction"]) == {4}
    assert links["from_ns"][0] < start_ns < start_ns + S < links["until_ns"][-1]
    assert (links["from_ns"] <= links["until_ns"]).all()
    tenths = (links["from_ns"][1:-1] - start_ns) // (100 * MS)
    assert (np.diff(tenths) > 0).all(), "ten a second, besides the first and the last"


def test_a_runner_that_is_gone_before_the_media_leaves_empty_records(tmp_path: Path) -> None:
    ours, theirs = Pipe()
    config = config_in(tmp_path)
    thread = threading.Thread(target=serve, args=(config, theirs))
    thread.start()
    assert ours.recv() == Ready()
    ours.close()
    thread.join(10)
    found = [rows.dtype for rows in map(staged(config), ("machine", "cores", "run-delays", "link-bytes"))]
    assert found == [MACHINE_SAMPLE, CORE_SAMPLE, RUN_DELAY, LINK_SAMPLE]
