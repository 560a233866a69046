"""Stalls of a program, at a lane of our own network namespace that nobody reads."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hostio.process_handle import thread_states
from hostio.stack_dumps import StackTool
from hostio.timing import MS, wait_until
from relay_app.streams import LANE_PORT
from results.run_files.program_stalls import ProgramStall
from results.run_files.run_dir import RunDir
from scenarios.run.stall_sampler import StallSampler, WatchedProgram

HERE = "us-central"
LANE = 3


@contextmanager
def stalled(tmp_path: Path, stacks: StackTool | None) -> Iterator[tuple[StallSampler, int]]:
    """A sampler of a child, in whose network a lane holds a packet."""
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as lane,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender,
        subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE) as child,
    ):
        lane.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        lane.bind(("127.44.0.1", LANE_PORT + LANE))
        sender.sendto(b"packet", lane.getsockname())
        (tmp_path / "logs").mkdir()
        sampler = StallSampler({2: WatchedProgram(HERE, os.getpid(), stacks)}, RunDir(tmp_path), 300 * MS)
        sampler.watch([(2, str(child.pid))])
        yield sampler, child.pid
        sampler.end()
        child.kill()


def stalls_of(sampler: StallSampler) -> tuple[ProgramStall, ...]:
    return sampler.found()[HERE].stalls


def test_the_stacks_are_taken_once_for_a_stall(tmp_path: Path) -> None:
    with stalled(tmp_path, "gdb") as (sampler, pid):
        sampler.begin()
        assert wait_until(lambda: bool(stalls_of(sampler)), 60)
        sampler.end()
        (stall,) = stalls_of(sampler)
    assert stall.lane == LANE
    assert stall.seen_ns - stall.from_ns >= 300 * MS
    assert stall.stacks == f"logs/relay-{HERE}.stacks-1.txt", stall.untold
    assert f"process {pid}\n" in (tmp_path / stall.stacks).read_text()


def test_without_stacks_a_stall_is_seen_all_the_same_and_why_there_are_none_is_said(tmp_path: Path) -> None:
    tools: tuple[StackTool | None, ...] = (None, "SIGQUIT")
    for number, tool in enumerate(tools):
        folder = tmp_path / str(number)
        folder.mkdir()
        with stalled(folder, tool) as (sampler, _):
            sampler.begin()
            assert wait_until(lambda each=sampler: bool(stalls_of(each)), 60)  # type: ignore[misc]
            (stall,) = stalls_of(sampler)
        assert (stall.stacks, bool(stall.untold)) == (None, tool is not None)


def test_a_program_that_was_stopped_is_no_stall(tmp_path: Path) -> None:
    with stalled(tmp_path, None) as (sampler, pid):
        os.kill(pid, signal.SIGSTOP)
        assert wait_until(lambda: thread_states(pid) == {"T"}, 30)
        sampler.begin()
        assert not wait_until(lambda: bool(stalls_of(sampler)), 1)
