from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hostio.stacks import STACKS_SIGNAL, catches, first_process, members, what_it_waits_for
from hostio.timing import wait_until

PROJECT = Path(__file__).resolve().parents[2]

STUCK = """
import os, sys
from hostio.stacks import write_stacks_on_signal
def waiting_for_nobody():
    os.open(sys.argv[1], os.O_WRONLY)
write_stacks_on_signal()
waiting_for_nobody()
"""
"""Opens a FIFO that nobody reads: the kernel holds it there."""


@contextmanager
def stuck(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    fifo, log = tmp_path / "fifo", tmp_path / "log"
    os.mkfifo(fifo)
    with log.open("wb") as errors:
        process = subprocess.Popen([sys.executable, "-c", STUCK, str(fifo)], cwd=PROJECT, stderr=errors)
    try:
        assert wait_until(lambda: catches(process.pid, STACKS_SIGNAL), 30)
        yield process, log
    finally:
        process.kill()
        process.wait()


def test_a_process_that_the_kernel_holds_writes_its_stacks_and_goes_on_waiting(tmp_path: Path) -> None:
    with stuck(tmp_path) as (process, log):
        process.send_signal(STACKS_SIGNAL)
        assert wait_until(lambda: "waiting_for_nobody" in log.read_text(), 30)
        assert process.poll() is None


def test_what_it_waits_for_names_the_thread_and_its_state(tmp_path: Path) -> None:
    with stuck(tmp_path) as (process, _):
        assert wait_until(lambda: "S (sleeping)" in what_it_waits_for(process.pid), 30)
        found = what_it_waits_for(process.pid)
    assert f"thread {process.pid} python" in found


def test_of_a_process_that_has_ended_there_is_nothing_to_tell() -> None:
    with subprocess.Popen(["true"]) as process:
        pass
    assert not catches(process.pid, STACKS_SIGNAL)
    assert what_it_waits_for(process.pid) == f"process {process.pid} has ended\n"


def test_a_process_that_made_no_namespace_has_no_members() -> None:
    """Its children would be ours, and ending them would end everything."""
    assert members(os.getpid()) == []


@pytest.mark.root
def test_members_are_all_processes_of_the_namespace_and_no_others() -> None:
    argv = ["unshare", "--pid", "--fork", "--kill-child", "sh", "-c", "sleep 60 & sleep 61 & wait"]
    process = subprocess.Popen(argv)
    try:
        assert wait_until(lambda: len(members(process.pid)) == 3, 30)
        pids = members(process.pid)
        first = first_process(pids)
        assert first in pids
        assert {process.pid, os.getpid()}.isdisjoint(pids)
        os.kill(int(first or 0), signal.SIGKILL)
        process.wait(10)
        assert wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids), 30)
    finally:
        process.kill()
        process.wait()
