"""Load on a relay: RTP of many sessions at a fixed rate, generated and received on one core."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from random import Random
from socket import socket
from time import monotonic_ns, process_time_ns, time_ns

import numpy as np

from benchmarks.load_loop import TRAIN, LoadMemory, drive
from benchmarks.search import Run
from hostio.mmsg import socket_address
from hostio.procfs import CoreTimes, read_cores
from hostio.timing import MS, S
from relay_app.ports import LANES
from relay_app.rtp import blipnet_header, ntp_offset_ns
from relay_app.streams import lane_of

SINK_PORT = 42000
PAYLOAD_BYTES = 140
"""Payload of voice, which makes packets of 172 bytes with the RTP header and its extension."""

_UDP, _UDP_SEGMENT = 17, 103
_NS_PER_US = 1000


@dataclass(frozen=True, slots=True)
class Sessions:
    """The SSRCs of the load, ordered by lane, TRAIN for each lane."""

    ssrcs: tuple[int, ...]

    @classmethod
    def make(cls) -> Sessions:
        """Draw TRAIN sessions for each lane, the same ones every time."""
        random = Random("benchmark")
        return cls.of({random.getrandbits(32) for _ in range(100 * LANES)})

    @classmethod
    def of(cls, ssrcs: Iterable[int]) -> Sessions:
        """Take TRAIN sessions for each lane of those given."""
        lanes = (list(group)[:TRAIN] for _, group in groupby(sorted(ssrcs, key=lane_of), key=lane_of))
        return cls(tuple(ssrc for lane in lanes for ssrc in lane))


class Load:
    """Sends from `source` to `targets` (lane → address, port), with `framing` before each packet; receives at `sink`.

    Takes ownership of both sockets.
    """

    def __init__(
        self,
        sessions: Sessions,
        source: socket,
        sink: socket,
        targets: Mapping[int, tuple[str, int]],
        framing: bytes = b"",
    ) -> None:
        self._sessions = sessions
        self._framing = len(framing)
        packets = [framing + blipnet_header(111, ssrc) + bytes(PAYLOAD_BYTES) for ssrc in sessions.ssrcs]
        self._packets = np.array([np.frombuffer(packet, np.uint8) for packet in packets])
        self._train = TRAIN if takes_trains(source, targets[0], self._packets.shape[1]) else 1
        first = sessions.ssrcs[:: self._train]
        self._names = np.array([socket_address(*targets[lane_of(ssrc)]) for ssrc in first]).reshape(-1, 2)
        self.source = source
        self._sink = sink

    def run(self, kpps: int, seconds: float, *pids: int) -> Run:
        """Load the relay, which is these processes, at a rate for a time, blocking this thread."""
        memory = LoadMemory.allocate(self._packets, self._names, int(kpps * 1000 * seconds) + 1, self._train)
        cores_before, own_ns, before_ns = read_cores(), process_time_ns(), sum(map(cpu_ns, pids))
        offset_ns = ntp_offset_ns(time_ns(), monotonic_ns())
        fds = (self.source.fileno(), self._sink.fileno())
        drive(memory, *fds, self._framing, kpps * 1000, int(seconds * S), offset_ns)
        spent_ns, own_ns = sum(map(cpu_ns, pids)) - before_ns, process_time_ns() - own_ns
        used = os.sched_getaffinity(0).union(*map(os.sched_getaffinity, pids))
        counts = memory.counts[0]
        received = int(counts["received"])
        p50_ns, p99_ns = np.percentile(memory.latencies_ns[:received], (50, 99)) if received else (np.inf, np.inf)
        return Run(
            kpps=kpps,
            sent=int(counts["sent"]),
            received=received,
            skipped=int(counts["skipped"] + counts["refused"]),
            p50_ms=float(p50_ns) / MS,
            p99_ms=float(p99_ns) / MS,
            cpu_us=spent_ns / _NS_PER_US / max(1, received),
            others=others_share(cores_before, read_cores(), used, own_ns + spent_ns),
        )

    def close(self) -> None:
        """Close both sockets."""
        self.source.close()
        self._sink.close()


def others_share(
    before: Mapping[int, CoreTimes], after: Mapping[int, CoreTimes], cores: Collection[int], own_ns: int
) -> float:
    """Share of these cores' time that went neither to us nor to interrupts, 0 to 1; what their host kept included.

    Too small by what the kernel adds to our time for interrupts (without CONFIG_IRQ_TIME_ACCOUNTING), never too large.
    """
    spent = [CoreTimes(*(b - a for a, b in zip(before[core], after[core], strict=True))) for core in cores]
    others_ns = max(0, sum(each.busy_ns for each in spent) - own_ns)
    whole_ns = sum(map(sum, spent))
    return (others_ns + sum(each.stolen_ns for each in spent)) / whole_ns if whole_ns else 0.0


def takes_trains(source: socket, target: tuple[str, int], size: int) -> bool:
    """Set the socket to segment messages into packets of this size (UDP_SEGMENT); gives whether the kernel accepts it.

    Before Linux 6.11 it does not for an interface without checksum offload (EIO). Sends two packets to try.
    """
    source.setsockopt(_UDP, _UDP_SEGMENT, size)
    try:
        source.sendto(bytes(2 * size), target)
    except OSError:
        source.setsockopt(_UDP, _UDP_SEGMENT, 0)
        return False
    return True


def cpu_ns(pid: int) -> int:
    """CPU time of all threads of a process, ns (/proc/pid/task/*/schedstat)."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks)
