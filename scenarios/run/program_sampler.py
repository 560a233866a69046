"""Samples what relays that are programs use, and what their hosts' kernel says of them: once a second, from /proc."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from time import monotonic_ns

import numpy as np

from hostio.files import write_array
from hostio.process_use import Switches, open_descriptors, process_stat, thread_switches
from hostio.procfs import icmp_unreachable, process_ids, udp_sockets
from hostio.run_delay import network_of, process_name
from relay_app.ports import CANARY_PORT, CLIENT_PORT, PROBE_PORT, SENDER_PORT
from results.run_files.hold_ups import RunDelayPlace
from results.run_files.program_samples import program_files
from results.run_files.run_dir import RunDir
from scenarios.run.run_delays import place_of

_PORTS_OF_OURS = (CANARY_PORT, PROBE_PORT, CLIENT_PORT, SENDER_PORT)


class ProgramProcesses:
    """The processes of the relays that are programs. `host_pids`: a process in the network namespace of each cluster's
    host, by the cluster's ordinal; it is no part of the program. `programs`: ordinals of the clusters whose relay is a
    program.
    """

    def __init__(self, host_pids: Mapping[int, int], programs: Collection[int]) -> None:
        self.host_pids = {ordinal: str(host_pids[ordinal]) for ordinal in sorted(programs)}
        self._ordinals = {network_of(pid): ordinal for ordinal, pid in self.host_pids.items()}
        self._programs = programs

    def found(self) -> Iterator[tuple[int, str]]:
        """Ordinal of the cluster and number of every process there is now, those included that left their group."""
        hosts = set(self.host_pids.values())
        for pid in process_ids():
            network = network_of(pid)
            if network not in self._ordinals or pid in hosts:
                continue
            place = place_of(process_name(pid), network, self._ordinals, self._programs)
            if place is not None and place[0] is RunDelayPlace.RELAY:
                yield place[1], pid


class ProgramSampler:
    """PROCESS_SAMPLE, HOST_SAMPLE and UDP_DROP_SAMPLE rows of relays that are programs."""

    def __init__(self, processes: ProgramProcesses) -> None:
        self._processes = processes
        self._switches: dict[str, dict[int, Switches]] = {}
        self._process_rows: list[tuple[int, ...]] = []
        self._host_rows: list[tuple[int, ...]] = []
        self._udp_rows: list[tuple[int, ...]] = []

    def sample(self) -> list[tuple[int, str]]:
        """Take a sample of every process and host; gives the processes, as found."""
        at_ns, found = monotonic_ns(), [*self._processes.found()]
        for ordinal, pid in found:
            if stat := process_stat(pid):
                used = (*stat, open_descriptors(pid), *self._switches_of(pid))
                self._process_rows.append((at_ns, ordinal, int(pid), *used))
        for ordinal, pid in self._processes.host_pids.items():
            if unreachable := icmp_unreachable(pid):
                self._host_rows.append((at_ns, ordinal, *unreachable))
            self._udp_rows += ((at_ns, ordinal, port, drops) for port, drops in _drops(pid).items())
        return found

    def save(self, run: RunDir) -> None:
        """Write all rows to the staging folder."""
        rows = (self._process_rows, self._host_rows, self._udp_rows)
        for (path, dtype), found in zip(program_files(run).items(), rows, strict=True):
            write_array(run.staged(path), np.array(found, dtype))

    def _switches_of(self, pid: str) -> tuple[int, int]:
        """Context switches of a process's threads; of those that have ended, as last seen."""
        seen = self._switches.setdefault(pid, {})
        seen.update(thread_switches(pid))
        return sum(each.voluntary for each in seen.values()), sum(each.involuntary for each in seen.values())


def _drops(pid: str) -> Mapping[int, int]:
    """Datagrams dropped at each UDP port of a host, where there are any; without the ports of processes of ours."""
    drops: Counter[int] = Counter()
    for each in udp_sockets(pid):
        if each.port not in _PORTS_OF_OURS:
            drops[each.port] += each.drops
    return +drops
