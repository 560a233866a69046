"""Watches the receive queues of programs, and the frames to and from their hosts, for stalls, and takes the stacks of
their threads, once for each stall.

Queues and frames are read four times a second. Stacks are taken in between, by the same thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from threading import Event, Thread
from time import monotonic_ns
from typing import Protocol

from hostio.files import write_whole
from hostio.process_handle import thread_states
from hostio.procfs import udp_sockets
from hostio.stack_dumps import StackError, StackTool, dump_stacks
from hostio.timing import MS, S
from relay_app.locks.report import STALL_AFTER_NS
from relay_app.ports import CANARY_PORT, LANE_PORT, LANES
from results.run_files.program_stalls import ProgramStall, ProgramStalls
from results.run_files.run_dir import RunDir
from scenarios.run.stall_watch import SILENT_AFTER_NS, Silence, SilenceWatch, StallWatch, Standing
from topologies.media_taps import RelayTap

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


class Tap(Protocol):
    """Counts the frames of a relay."""

    def read(self) -> tuple[int, int]:
        """Those that came to it from other hosts, and those that it sent to them."""


def relay_tap(ordinal: int) -> RelayTap:
    """That of a cluster's relay."""
    return RelayTap(ordinal, (LANE_PORT, LANE_PORT + LANES - 1), CANARY_PORT)


@dataclass(slots=True)
class _Seen:
    watch: StallWatch
    silences: SilenceWatch
    pids: tuple[int, ...] = ()
    tap: Tap | None = None
    stalls: list[ProgramStall] = field(default_factory=list)
    silent_from_ns: int | None = None
    """When the silence began that the last stall is, if it is one."""


class StallSampler:
    """Watches programs, by the ordinals of their clusters, from `begin` to `end`, in a thread of its own.

    A program that a fault has stopped is left out. `run`: where stacks go; `tap`: makes the tap of a program;
    `after_ns`, `silent_after_ns`: see StallWatch and SilenceWatch; `period_ns`: from one reading to the next.
    """

    def __init__(
        self,
        programs: Mapping[int, WatchedProgram],
        run: RunDir,
        tap: Callable[[int], Tap] = relay_tap,
        after_ns: int = STALL_AFTER_NS,
        silent_after_ns: int = SILENT_AFTER_NS,
        period_ns: int = _PERIOD_NS,
    ) -> None:
        self._programs = programs
        self._run = run
        self._tap = tap
        self._seen = {ordinal: _Seen(StallWatch(after_ns), SilenceWatch(silent_after_ns)) for ordinal in programs}
        self._period_s = period_ns / S
        self._until_ns = 0
        self._stop = Event()
        self._thread = Thread(target=self._watch_all, name="stalls", daemon=True)

    def begin(self, until_ns: int) -> None:
        """Start to watch, if there is a program. `until_ns`: from when on no media are sent, CLOCK_MONOTONIC."""
        self._until_ns = until_ns
        for ordinal, seen in self._seen.items():
            seen.tap = self._tap(ordinal)
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

    def _watch_all(self) -> None:
        while not self._stop.wait(self._period_s):
            for ordinal, program in self._programs.items():
                self._look(program, self._seen[ordinal])

    def _look(self, program: WatchedProgram, seen: _Seen) -> None:
        states = {state for pid in seen.pids for state in thread_states(pid)}
        standing = seen.watch.add(monotonic_ns(), _queued(program.host_pid))
        silence = self._silence(seen, states)
        if _STOPPED & states:
            return
        if silence and silence.from_ns == seen.silent_from_ns:
            last = seen.stalls[-1]
            lane = standing.lane if standing else last.lane
            seen.stalls[-1] = replace(last, lane=lane, frames=silence.frames, until_ns=silence.until_ns)
        elif silence or standing:
            seen.silent_from_ns = silence.from_ns if silence else None
            seen.stalls.append(self._stall(program, seen, standing, silence))

    def _silence(self, seen: _Seen, states: set[str]) -> Silence | None:
        """The silence that lasts by now; of a program that has ended, or is stopped, and after the media, none."""
        at_ns = monotonic_ns()
        if seen.tap is None or not states or states & _STOPPED or at_ns > self._until_ns:
            seen.silences.restart()
            return None
        return seen.silences.add(at_ns, *seen.tap.read())

    def _stall(
        self, program: WatchedProgram, seen: _Seen, standing: Standing | None, silence: Silence | None
    ) -> ProgramStall:
        """The stall, with the stacks if they are wanted and can be had."""
        began = [each.from_ns for each in (standing, silence) if each]
        stall = ProgramStall(standing.lane if standing else None, min(began), monotonic_ns())
        if silence:
            stall = replace(stall, frames=silence.frames, until_ns=silence.until_ns)
        if program.stacks is None:
            return stall
        path = self._run.program_stacks(program.cluster, len(seen.stalls) + 1)
        try:
            if len(seen.stalls) >= _MOST_DUMPS:
                raise StackError(f"those of {_MOST_DUMPS} stalls are there already")
            text = dump_stacks(program.stacks, seen.pids)
            write_whole(path, text)
        except (StackError, OSError) as error:
            return replace(stall, untold=str(error))
        return replace(stall, stacks=str(path.relative_to(self._run.root)))


def _queued(host_pid: int) -> dict[int, int]:
    """Bytes in the receive queue of each lane of a host."""
    queued: dict[int, int] = {}
    with suppress(OSError):
        for each in udp_sockets(str(host_pid)):
            if 0 <= (lane := each.port - LANE_PORT) < LANES:
                queued[lane] = queued.get(lane, 0) + each.queued_bytes
    return queued
