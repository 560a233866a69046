"""A cluster's relay as a supervised process, and the count of packets that were left in its sockets when it ended."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Protocol

from hostio.process_handle import datagram_sockets
from hostio.sockets import attach_filter, udp_drops
from relay_app.forwarding.packet_path import unread
from relay_app.ports import LANE_PORT
from relay_app.records import LEFT
from scenarios.process_faults.packet_contract import LANE_PORTS
from scenarios.supervision.process_kind import AfterEnd, EndedProcessCounters
from scenarios.supervision.processes import RunProcess
from scenarios.supervision.supervised import SupervisedProcess
from topologies.bpf.program import NO_MATCH, RETURN, Instruction, machine_code

_NOTHING = machine_code((Instruction(RETURN, operand=NO_MATCH),))
"""A socket filter that refuses every datagram."""

SupervisedRelay = SupervisedProcess[RunProcess]


@dataclass(frozen=True, slots=True)
class RelayKind:
    """Starts lives of a relay by `spawn`, which takes the life's number."""

    spawn: Callable[[int], RunProcess]

    def start(self, life: int) -> RunProcess:
        """Start a life of the relay."""
        return self.spawn(life)

    def prepare_end(self, life: RunProcess) -> AfterEnd:
        """Hold the sockets of its lanes, which are its only UDP sockets."""
        return hold_lanes((life.handle.pid,))


class OfProcesses(Protocol):
    """A life of which the processes are known."""

    def pids(self) -> tuple[int, ...]:
        """Their numbers."""


def hold_lanes(pids: Iterable[int]) -> AfterEnd:
    """Duplicate the sockets of these processes' lanes (pidfd_getfd(2)): what is in them at their end is counted.

    The kernel would discard it.
    """
    lanes = list(_lanes(pids))
    return AfterEnd(lambda ended: drain_lanes(lanes, ended), lambda: close_lanes(lanes))


def _lanes(pids: Iterable[int]) -> Iterator[socket.socket]:
    for pid in pids:
        for endpoint in datagram_sockets(pid):
            if endpoint.getsockname()[1] in LANE_PORTS:
                yield endpoint
            else:
                endpoint.close()


def drain_lanes(lanes: Iterable[socket.socket], ended: EndedProcessCounters) -> None:
    """Count datagrams that the sockets of an ended relay dropped, and those left in them; close the sockets.

    A filter refuses further datagrams before a socket is emptied, so that emptying it ends; the host's UDP counts
    refused ones as errors.
    """
    for lane in lanes:
        with closing(lane):
            # Before there is a filter: what it refuses counts as dropped as well, however soon it comes.
            ended.socket_drops[f"lane {lane.getsockname()[1] - LANE_PORT}"] += udp_drops(lane)
            attach_filter(lane, _NOTHING)
            # Its owner, now gone, may have had it block.
            lane.setblocking(False)
            left = list(unread([lane], LEFT))
            ended.left_behind += left
            ended.counters["left_in_buffers"] += len(left)


def close_lanes(lanes: Iterable[socket.socket]) -> None:
    """Close the sockets of a relay that has not ended."""
    for lane in lanes:
        lane.close()
