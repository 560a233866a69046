"""Runs that are killed: the machine is afterwards as it was before. Nothing else changes it meanwhile."""

from __future__ import annotations

import os
import select
from collections.abc import Callable
from pathlib import Path

import pytest
from run_lab import BRIEF, ONE_BLIP, STARTED_WITHIN_S, descendants, seen, start, written

from hostio.timing import wait_until

pytestmark = pytest.mark.root

MOMENTS: dict[str, Callable[[Path], bool]] = {
    "before anything": lambda _: True,
    "while the network is built": lambda runs: written(runs, "events.jsonl") != "",
    "when the processes are ready": lambda runs: "ready" in written(runs, "events.jsonl"),
    "while media flow": lambda runs: "media-start" in written(runs, "events.jsonl"),
    "during the blip": lambda runs: '"start"' in written(runs, "events.jsonl"),
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_killed_run_leaves_nothing_behind(tmp_path: Path, moment: str) -> None:
    before = traces()
    with start("run", ONE_BLIP, "--out", tmp_path, *BRIEF) as process:
        assert wait_until(lambda: MOMENTS[moment](tmp_path), STARTED_WITHIN_S)
        family = list(seen(descendants(process.pid), os.pidfd_open))
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
