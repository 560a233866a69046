"""Stalls of a program, at a lane of our own network namespace that nobody reads."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hostio.process_handle import thread_states
from hostio.stack_dumps import StackTool
from hostio.timing import MS, wait_until
from relay_app.ports import LANE_PORT
from results.run_files.program_stalls import ProgramStall
from results.run_files.run_dir import RunDir
from scenarios.run.stall_sampler import StallSampler, WatchedProgram

HERE = "us-central"
NEVER_NS = 1 << 62
LANE = 3
WAITS = "import sys; print(flush=True); sys.stdin.read()"
PERIOD_NS = 20 * MS
SILENT_AFTER_NS = 150 * MS
LOOKED_AT_S = 0.5
"""Time enough for a stall to be seen, if there were one."""


@dataclass
class Busy:
    """A tap of a relay to which a frame comes before each reading, and that sends as many; `silent`: none."""

    silent: bool = False
    came_in: int = 0

    def read(self) -> tuple[int, int]:
        self.came_in += 1
        return self.came_in, 0 if self.silent else self.came_in


@contextmanager
def stalled(
    tmp_path: Path, stacks: StackTool | None, tap: Busy | None = None, *, held: bool = True, after_ms: int = 100
) -> Iterator[tuple[StallSampler, int]]:
    """A sampler of a child, in whose network a lane holds a packet."""
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as lane,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender,
        subprocess.Popen([sys.executable, "-c", WAITS], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child,
    ):
        assert child.stdout
        child.stdout.readline()  # before that py-spy finds no Python in it
        lane.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        lane.bind(("127.44.0.1", LANE_PORT + LANE))
        if held:
            sender.sendto(b"packet", lane.getsockname())
        (tmp_path / "logs").mkdir()
        programs, seen = {2: WatchedProgram(HERE, os.getpid(), stacks)}, tap or Busy()
        sampler = StallSampler(programs, RunDir(tmp_path), lambda _: seen, after_ms * MS, SILENT_AFTER_NS, PERIOD_NS)
        sampler.watch([(2, str(child.pid))])
        try:
            yield sampler, child.pid
        finally:
            sampler.end()
            child.kill()


def stalls_of(sampler: StallSampler) -> tuple[ProgramStall, ...]:
    return sampler.found()[HERE].stalls


def test_the_stacks_are_taken_once_for_a_stall(tmp_path: Path) -> None:
    with stalled(tmp_path, "py-spy") as (sampler, pid):
        sampler.begin(NEVER_NS)
        assert wait_until(lambda: bool(stalls_of(sampler)), 60)
        sampler.end()
        (stall,) = stalls_of(sampler)
    assert stall.lane == LANE
    assert stall.seen_ns - stall.from_ns >= 100 * MS
    assert stall.stacks == f"logs/relay-{HERE}.stacks-1.txt", stall.untold
    assert f"process {pid}\n" in (tmp_path / stall.stacks).read_text()


def test_without_stacks_a_stall_is_seen_all_the_same_and_why_there_are_none_is_said(tmp_path: Path) -> None:
    tools: tuple[StackTool | None, ...] = (None, "SIGQUIT")
    for number, tool in enumerate(tools):
        folder = tmp_path / str(number)
        folder.mkdir()
        with stalled(folder, tool) as (sampler, _):
            sampler.begin(NEVER_NS)
            assert wait_until(lambda each=sampler: bool(stalls_of(each)), 60)  # type: ignore[misc]
            (stall,) = stalls_of(sampler)
        assert (stall.stacks, bool(stall.untold)) == (None, tool is not None)


def test_a_program_that_was_stopped_is_no_stall(tmp_path: Path) -> None:
    with stalled(tmp_path, None, Busy(silent=True)) as (sampler, pid):
        os.kill(pid, signal.SIGSTOP)
        assert wait_until(lambda: thread_states(pid) == {"T"}, 30)
        sampler.begin(NEVER_NS)
        assert not wait_until(lambda: bool(stalls_of(sampler)), LOOKED_AT_S)


def test_a_program_that_takes_frames_and_sends_none_is_a_stall_with_its_stacks(tmp_path: Path) -> None:
    tap = Busy(silent=True)
    with stalled(tmp_path, "py-spy", tap, held=False) as (sampler, pid):
        sampler.begin(NEVER_NS)
        assert wait_until(lambda: bool(stalls_of(sampler)), 60)
        frames = stalls_of(sampler)[0].frames
        assert wait_until(lambda: stalls_of(sampler)[0].frames != frames, 60), "it goes on"
        tap.silent = False
        assert wait_until(lambda read=tap.came_in: tap.came_in > read + 3, 60)  # type: ignore[misc]
        sampler.end()
        (stall,) = stalls_of(sampler)
    assert stall.lane is None
    assert stall.stacks == f"logs/relay-{HERE}.stacks-1.txt", stall.untold
    assert f"process {pid}\n" in (tmp_path / stall.stacks).read_text()
    assert stall.until_ns is not None
    assert stall.until_ns - stall.from_ns >= SILENT_AFTER_NS


def test_a_lane_that_holds_packets_meanwhile_is_of_the_same_stall(tmp_path: Path) -> None:
    with stalled(tmp_path, None, Busy(silent=True), after_ms=400) as (sampler, _):
        sampler.begin(NEVER_NS)

        def whole() -> bool:
            return [bool(each.frames) for each in stalls_of(sampler) if each.lane == LANE] == [True]

        assert wait_until(whole, 60)
        assert len(stalls_of(sampler)) == 1


def test_after_the_media_none_is_a_silence(tmp_path: Path) -> None:
    with stalled(tmp_path, None, Busy(silent=True), held=False) as (sampler, _):
        sampler.begin(0)
        assert not wait_until(lambda: bool(stalls_of(sampler)), LOOKED_AT_S)
