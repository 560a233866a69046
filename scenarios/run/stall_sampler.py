"""Watches the receive queues of programs for stalls, and takes the stacks of their threads, once for each stall.

The queues are read four times a second. Stacks are taken beside that, in a thread of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Event, Thread
from time import monotonic_ns

from hostio.files import write_whole
from hostio.process_handle import thread_states
from hostio.procfs import udp_sockets
from hostio.stack_dumps import StackError, StackTool, dump_stacks
from hostio.timing import MS, S
from relay_app.locks.report import STALL_AFTER_NS
from relay_app.streams import LANE_PORT, LANES
from results.run_files.program_stalls import ProgramStall, ProgramStalls
from results.run_files.run_dir import RunDir
from scenarios.run.stall_watch import StallWatch, Standing

_PERIOD_NS = 250 * MS
_MOST_DUMPS = 5
_END_WITHIN_S = 15.0
_STOPPED = {"T"}


@dataclass(frozen=True, slots=True)
class WatchedProgram:
    """A program to watch: its cluster, a process in its host's network, and how to take its stacks, if at all."""

    cluster: str
    host_pid: int
    stacks: StackTool | None


@dataclass(slots=True)
class _Seen:
    watch: StallWatch
    pids: tuple[int, ...] = ()
    stalls: list[ProgramStall] = field(default_factory=list)


class StallSampler:
    """Watches programs, by the ordinals of their clusters, from `begin` to `end`, in a thread of its own.

    A program that a fault has stopped is left out. `run`: where stacks go.
    """

    def __init__(self, programs: Mapping[int, WatchedProgram], run: RunDir, after_ns: int = STALL_AFTER_NS) -> None:
        self._programs = programs
        self._run = run
        self._seen = {ordinal: _Seen(StallWatch(after_ns)) for ordinal in programs}
        self._stop = Event()
        self._thread = Thread(target=self._watch_queues, name="stalls", daemon=True)

    def begin(self) -> None:
        """Start to watch, if there is a program."""
        if self._programs:
            self._thread.start()

    def end(self) -> None:
        """Have the thread end, once the stacks that it takes are there."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(_END_WITHIN_S)

    def watch(self, found: Iterable[tuple[int, str]]) -> None:
        """The processes of the programs that there are now, by ordinal and number."""
        now = [*found]
        for ordinal, seen in self._seen.items():
            seen.pids = tuple(int(pid) for of, pid in now if of == ordinal)

    def found(self) -> dict[str, ProgramStalls]:
        """The stalls of each program, by its cluster."""
        return {
            self._programs[ordinal].cluster: ProgramStalls(tuple(seen.stalls)) for ordinal, seen in self._seen.items()
        }

    def _watch_queues(self) -> None:
        while not self._stop.wait(_PERIOD_NS / S):
            for ordinal, program in self._programs.items():
                self._look(program, self._seen[ordinal])

    def _look(self, program: WatchedProgram, seen: _Seen) -> None:
        standing = seen.watch.add(monotonic_ns(), _queued(program.host_pid))
        if standing and not any(thread_states(pid) & _STOPPED for pid in seen.pids):
            seen.stalls.append(self._stall(program, seen, standing))

    def _stall(self, program: WatchedProgram, seen: _Seen, standing: Standing) -> ProgramStall:
        """The stall, with the stacks if they are wanted and can be had."""
        seen_ns = monotonic_ns()
        if program.stacks is None:
            return ProgramStall(*standing, seen_ns)
        path = self._run.program_stacks(program.cluster, len(seen.stalls) + 1)
        try:
            if len(seen.stalls) >= _MOST_DUMPS:
                raise StackError(f"those of {_MOST_DUMPS} stalls are there already")
            text = dump_stacks(program.stacks, seen.pids)
            write_whole(path, text)
        except (StackError, OSError) as error:
            return ProgramStall(*standing, seen_ns, untold=str(error))
        return ProgramStall(*standing, seen_ns, stacks=str(path.relative_to(self._run.root)))


def _queued(host_pid: int) -> dict[int, int]:
    """Bytes in the receive queue of each lane of a host."""
    queued: dict[int, int] = {}
    with suppress(OSError):
        for each in udp_sockets(str(host_pid)):
            if 0 <= (lane := each.port - LANE_PORT) < LANES:
                queued[lane] = queued.get(lane, 0) + each.queued_bytes
    return queued
