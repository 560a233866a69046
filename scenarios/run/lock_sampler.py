"""Looks for threads of relay programs that wait for a lock whose holder is blocked in a system call, from /proc alone.

A look reads the system call of every thread: 3 µs each, and the threads are not stopped for it. Only when one waits for
a mutex, the lock's memory tells who holds it. The pause between looks grows with what they cost.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Event, Thread
from time import monotonic_ns, thread_time_ns

from hostio.blocked_calls import FUTEX, LOCK_BYTES, BlockedCall, lock_address, owner_of, parse_blocked_call
from hostio.descriptors import described, descriptor_link
from hostio.process_use import read_proc, thread_ids
from hostio.timing import MS, S
from results.run_files.lock_waits import LockWaits
from scenarios.run.lock_tally import Blockage, LockTally, Sighting

PERIOD_NS = 10 * MS
"""From one look to the next, ns: a lock that is held for twice as long is seen for certain."""

_SHARE = 0.02
"""Share of a core that looks take at most; then the pause is longer than the period."""

_MOST_THREADS = 256
_TEXT_BYTES = 256
_IN_FUTEX = f"{FUTEX} "
_WAITS = "voluntary_ctxt_switches"
_END_WITHIN_S = 5.0


@dataclass(frozen=True, slots=True)
class _Watched:
    """A thread. `inner`: its number in its own pid namespace; `calls`: /proc/PID/task/TID/syscall, open."""

    pid: str
    thread: int
    inner: int
    calls: int

    def text(self) -> str:
        return os.pread(self.calls, _TEXT_BYTES, 0).decode("latin1")

    def call(self) -> BlockedCall | None:
        return parse_blocked_call(self.text())

    def status(self) -> Mapping[str, str]:
        lines = read_proc(f"/proc/{self.pid}/task/{self.thread}/status").splitlines()
        return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


@dataclass(slots=True)
class _Program:
    """What is seen of the program of a cluster."""

    tally: LockTally = field(default_factory=LockTally)
    looks: int = 0
    refused: str | None = None
    threads: dict[tuple[str, int], _Watched] = field(default_factory=dict)


class LockSampler:
    """Looks at the threads of all programs, from `begin` to `end`, in a thread of its own. `ordinals`: of the clusters
    that have one; `peers`: names for what connections lead to, by address:port."""

    def __init__(self, ordinals: Iterable[int], peers: Mapping[str, str], period_ns: int = PERIOD_NS) -> None:
        self._peers = peers
        self._period_ns = period_ns
        self._programs = {ordinal: _Program() for ordinal in ordinals}
        self._targets: dict[str, str] = {}
        self._stop = Event()
        self._thread = Thread(target=self._run, name="locks", daemon=True)
        self._own_ns = 0

    def begin(self) -> None:
        """Start to look, if the numbers of system calls are known for this machine."""
        if FUTEX is None:
            for program in self._programs.values():
                program.refused = "the numbers of this machine's system calls are not known"
        else:
            self._thread.start()

    def end(self) -> None:
        """Have the thread end."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(_END_WITHIN_S)

    def found(self) -> dict[int, LockWaits]:
        """What was seen of each program, by the ordinal of its cluster."""
        return {
            ordinal: LockWaits(each.tally.waits(), each.looks, self._own_ns, each.refused)
            for ordinal, each in self._programs.items()
        }

    def _run(self) -> None:
        pause_ns = self._period_ns
        while not self._stop.wait(pause_ns / S):
            began_ns = thread_time_ns()
            self.look()
            used_ns = thread_time_ns() - began_ns
            self._own_ns += used_ns
            pause_ns = max(self._period_ns, round(used_ns / _SHARE))

    def look(self) -> None:
        """Look at every thread once."""
        for program in self._programs.values():
            if program.threads:
                program.looks += 1
                sightings = [*self._sightings(program)]
                program.tally.add(monotonic_ns(), sightings)

    def _sightings(self, program: _Program) -> Iterator[Sighting]:
        for key, thread in [*program.threads.items()]:
            try:
                text = thread.text()
            except ProcessLookupError:
                os.close(program.threads.pop(key).calls)
                continue
            except PermissionError:
                program.refused = "the kernel refuses to tell the system calls of its threads"
                return
            call = parse_blocked_call(text) if text.startswith(_IN_FUTEX) else None
            address = lock_address(call) if call else None
            if call and address and (sighting := self._sighting(program, thread, call, address)):
                yield sighting

    def _sighting(self, program: _Program, waiter: _Watched, call: BlockedCall, address: int) -> Sighting | None:
        """What one thread waits for. Lock and wait are read again after the holder's call: only if all is as before,
        the holder was in that call while it held the lock."""
        with suppress(OSError):
            status = waiter.status()
            owner = owner_of(call, _memory(waiter.pid, address))
            holder = next(
                (each for each in program.threads.values() if (each.pid, each.inner) == (waiter.pid, owner)), None
            )
            held_in = holder.call() if holder else None
            if holder is None or held_in is None:
                return None
            target = self._target(holder.pid, held_in)
            as_before = owner_of(call, _memory(waiter.pid, address)) == owner and holder.call() == held_in
            if as_before and waiter.status()[_WAITS] == status[_WAITS]:
                what = Blockage(status["Name"], holder.status()["Name"], held_in.name, target)
                return Sighting((waiter.thread, int(status[_WAITS])), holder.thread, what)
        return None

    def _target(self, pid: str, call: BlockedCall) -> str:
        link = "" if call.descriptor is None else descriptor_link(pid, call.descriptor)
        if link not in self._targets:
            target = described(pid, link)
            self._targets[link] = f"{target} ({self._peers[target]})" if target in self._peers else target
        return self._targets[link]

    def watch(self, found: Iterable[tuple[int, str]]) -> None:
        """Look at the threads of these processes, by ordinal and number, from now on; once a second suffices."""
        for ordinal, pid in found:
            threads = self._programs[ordinal].threads
            for thread in thread_ids(pid):
                if (pid, thread) not in threads and len(threads) < _MOST_THREADS:
                    with suppress(OSError):
                        threads[pid, thread] = _watched(pid, thread)


def _watched(pid: str, thread: int) -> _Watched:
    path = f"/proc/{pid}/task/{thread}"
    inner = next(line for line in read_proc(f"{path}/status").splitlines() if line.startswith("NSpid:")).split()[-1]
    return _Watched(pid, thread, int(inner), os.open(f"{path}/syscall", os.O_RDONLY | os.O_CLOEXEC))


def _memory(pid: str, address: int) -> bytes:
    """LOCK_BYTES of a process's memory. OSError if they cannot be read."""
    descriptor = os.open(f"/proc/{pid}/mem", os.O_RDONLY | os.O_CLOEXEC)
    try:
        memory = os.pread(descriptor, LOCK_BYTES, address)
    finally:
        os.close(descriptor)
    if len(memory) < LOCK_BYTES:
        raise OSError(errno.EFAULT, "the lock's memory ends")
    return memory
