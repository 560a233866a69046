"""Samples how long the run's threads without real-time priority waited for a core, by kind of process and cluster."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Mapping
from time import monotonic_ns

import numpy as np
import numpy.typing as npt

from hostio.procfs import process_ids
from hostio.run_delay import ThreadDelay, network_of, process_name, run_delay_told, thread_delays
from results.run_files.hold_ups import RUN_DELAY, RunDelayPlace

Place = tuple[RunDelayPlace, int]
"""A kind of process, and the ordinal of its cluster."""

Reading = Mapping[Place, list[ThreadDelay]]

_KINDS = {
    "relay-": RunDelayPlace.RELAY,
    "directory": RunDelayPlace.DIRECTORY,
    "redis-server": RunDelayPlace.DIRECTORY,
    "controller": RunDelayPlace.CONTROLLER,
    "peer-": RunDelayPlace.PEER,
    "prober-": RunDelayPlace.PROBER,
    "ovs-vswitchd": RunDelayPlace.SWITCH,
}
"""By how the name of a process begins."""

_OTHERS = ("client-", "metrics-")
"""How the names of other processes of ours begin: their threads have real-time priority, or nothing waits for them."""

_OF_NO_CLUSTER = (RunDelayPlace.CONTROLLER, RunDelayPlace.SWITCH)


def place_of(
    name: str, network: int, ordinals: Mapping[int, int], programs: Container[int] = frozenset()
) -> Place | None:
    """Kind and cluster of a process by its name and network namespace; None if it is of no kind that is sampled.

    `ordinals`: of the clusters, by the network namespace of their hosts. `programs`: those whose relay is a program: a
    process there that has none of our names is taken for a part of it.
    """
    kind = next((kind for beginning, kind in _KINDS.items() if name.startswith(beginning)), None)
    if kind is None and ordinals.get(network) in programs and not name.startswith(_OTHERS):
        kind = RunDelayPlace.RELAY
    if kind in _OF_NO_CLUSTER:
        return kind, 0
    return (kind, ordinals[network]) if kind is not None and network in ordinals else None


def growth(before: Reading, after: Reading) -> dict[Place, int]:
    """By how much the waits grew of the threads that have no real-time priority now; only where they did.

    A thread that was not there before counts from its start, and so does one that has the number of an earlier one. A
    thread that ended in between does not count.
    """
    total: Counter[Place] = Counter()
    for place, threads in after.items():
        earlier = {each.thread: each.delay_ns for each in before.get(place, ())}
        for each in threads:
            since_ns = earlier.get(each.thread, 0)
            total[place] += (each.delay_ns - since_ns * (since_ns <= each.delay_ns)) * each.ordinary
    return {place: delay_ns for place, delay_ns in total.items() if delay_ns}


class RunDelays:
    """RUN_DELAY rows of the time between samples. `host_pids`: a process in the network namespace of each cluster's
    host, by the cluster's ordinal. `programs`: as in `place_of`."""

    def __init__(self, host_pids: Mapping[int, int], programs: Container[int] = frozenset()) -> None:
        self._ordinals = {network_of(pid): ordinal for ordinal, pid in host_pids.items()}
        self._programs = programs
        self._before: Reading | None = None
        self._before_ns = 0
        self._rows: list[tuple[int, ...]] = []
        self.told = 0
        """Samples taken so far; stays 0 where the kernel does not tell."""

    def sample(self) -> None:
        """Take a sample; of the first on, rows are of the time from one to the next, both included."""
        if not run_delay_told():
            return
        from_ns, reading, until_ns = monotonic_ns(), self._read(), monotonic_ns()
        if self._before is not None:
            found = growth(self._before, reading).items()
            self._rows += [(*place, self._before_ns, until_ns, delay_ns) for place, delay_ns in found]
        self._before, self._before_ns = reading, from_ns
        self.told += 1

    def _read(self) -> Reading:
        reading: dict[Place, list[ThreadDelay]] = {}
        for pid in process_ids():
            name = process_name(pid)
            if not self._programs and not name.startswith(tuple(_KINDS)):
                continue
            if place := place_of(name, network_of(pid), self._ordinals, self._programs):
                # A program's threads do not tell how late they are, so that with real-time priority they count as well.
                program = place[0] is RunDelayPlace.RELAY and place[1] in self._programs
                found = (each._replace(ordinary=each.ordinary or program) for each in thread_delays(pid))
                reading.setdefault(place, []).extend(found)
        return reading

    def rows(self) -> npt.NDArray[np.void]:
        """RUN_DELAY[n]."""
        return np.array(self._rows, RUN_DELAY)
