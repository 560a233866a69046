"""Whole runs that are ended early, from outside or by a part that dies, and what they leave."""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from run_lab import (
    BRIEF,
    ONE_BLIP,
    STARTED_WITHIN_S,
    command_name,
    descendants,
    finished,
    held,
    start,
    summary_of,
    written,
)

from hostio.timing import wait_until


@pytest.mark.root
def test_an_interrupt_keeps_what_was_recorded_and_says_so(tmp_path: Path) -> None:
    process = start("run", ONE_BLIP, "--out", tmp_path, *BRIEF)
    assert wait_until(lambda: '"start"' in written(tmp_path, "events.jsonl"), STARTED_WITHIN_S)
    process.send_signal(signal.SIGINT)
    code, output = finished(process)
    assert code == 130
    assert "keeping what was recorded" in output
    _, summary = summary_of(tmp_path)
    assert summary["verdict"] == "inconclusive"
    assert "the run was interrupted" in " ".join(summary["reasons"])
    assert summary["media"]["sent"] > 0


@pytest.mark.root
def test_a_relay_that_dies_is_named_and_the_rest_is_kept(tmp_path: Path) -> None:
    process = start("run", ONE_BLIP, "--out", tmp_path, *BRIEF)
    assert wait_until(lambda: '"start"' in written(tmp_path, "events.jsonl"), STARTED_WITHIN_S)
    (relay,) = [pid for pid in descendants(process.pid) if command_name(pid) == "relay-us-centra"]
    os.kill(relay, signal.SIGKILL)
    code, _ = finished(process)
    assert code == 3
    _, summary = summary_of(tmp_path)
    assert summary["reasons"][0] == "relay-us-central ended early; logs/relay-us-central.log may tell why"
    assert summary["media"]["received"] > 0


@pytest.mark.root
def test_a_link_emulator_that_dies_fails_the_run_and_the_media_records_are_kept(tmp_path: Path) -> None:
    process = start("run", ONE_BLIP, "--out", tmp_path, *BRIEF)
    assert wait_until(lambda: '"start"' in written(tmp_path, "events.jsonl"), STARTED_WITHIN_S)
    for pid in [pid for pid in descendants(process.pid) if command_name(pid) == "wire"]:
        os.kill(pid, signal.SIGKILL)
    code, _ = finished(process)
    _, summary = summary_of(tmp_path)
    assert code == 3
    assert "the run failed: the wire process has ended" in summary["reasons"]
    assert summary["media"]["received"] > 0


MOMENTS: dict[str, Callable[[Path], bool]] = {
    "before anything": lambda _: True,
    "while the network is built": lambda runs: written(runs, "events.jsonl") != "",
    "when the processes are ready": lambda runs: "ready" in written(runs, "events.jsonl"),
    "while media flow": lambda runs: "media-start" in written(runs, "events.jsonl"),
    "during the blip": lambda runs: '"start"' in written(runs, "events.jsonl"),
}


@pytest.mark.root
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_killed_run_leaves_nothing_behind(tmp_path: Path, moment: str) -> None:
    before = traces()
    process = start("run", ONE_BLIP, "--out", tmp_path, *BRIEF)
    assert wait_until(lambda: MOMENTS[moment](tmp_path), STARTED_WITHIN_S)
    family = list(held(descendants(process.pid)))
    assert len(family) > 0
    process.kill()
    process.communicate()
    for descriptor in family:
        assert select.select([descriptor], [], [], 20)[0], "a process outlived the run"
        os.close(descriptor)
    assert traces() == before


def traces() -> tuple[list[str], list[str], list[str]]:
    """Interfaces, mounts and run-time files of the machine: what a run must not change."""
    interfaces = sorted(path.name for path in Path("/sys/class/net").iterdir())
    mounts = Path("/proc/self/mounts").read_text().splitlines()
    sockets = [line.split()[-1] for line in Path("/proc/net/unix").read_text().splitlines() if "/run/" in line]
    return interfaces, mounts, sorted(sockets)
