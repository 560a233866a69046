"""A cluster's relay as a supervised process: its sockets outlive it, until what is left in them is counted."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass

from hostio.process_handle import datagram_sockets
from hostio.sockets import attach_filter, udp_drops
from relay_app.forwarding.packet_path import unread
from relay_app.records import LEFT
from relay_app.streams import LANE_PORT
from scenarios.supervision.process_kind import AfterEnd, EndedProcessCounters
from scenarios.supervision.processes import RunProcess
from scenarios.supervision.supervised import SupervisedProcess
from topologies.bpf.program import NO_MATCH, RETURN, Instruction, machine_code

_NOTHING = machine_code((Instruction(RETURN, operand=NO_MATCH),))
"""A filter for a socket that is to take no datagram any more."""

SupervisedRelay = SupervisedProcess[RunProcess]


@dataclass(frozen=True, slots=True)
class RelayKind:
    """`spawn` makes the relay of a life: 0 serves at once, the others stand by."""

    spawn: Callable[[int], RunProcess]

    def start(self, life: int) -> RunProcess:
        """Start a life of the relay."""
        return self.spawn(life)

    def prepare_end(self, life: RunProcess) -> AfterEnd:
        """Duplicate its UDP sockets: once it is gone, nobody could read them any more."""
        lanes = datagram_sockets(life.handle.pid)
        return AfterEnd(lambda ended: _drain(lanes, ended), lambda: _close(lanes))


def _drain(lanes: Iterable[socket.socket], ended: EndedProcessCounters) -> None:
    """Count what the lanes of a relay that is gone dropped, and what was left in them.

    They take nothing more before they are emptied: what comes until they are closed is an error to the host's UDP.
    """
    for lane in lanes:
        with closing(lane):
            attach_filter(lane, _NOTHING)
            left = list(unread([lane], LEFT))
            ended.socket_drops[f"lane {lane.getsockname()[1] - LANE_PORT}"] += udp_drops(lane)
            ended.left_behind += left
            ended.counters["left_in_buffers"] += len(left)


def _close(lanes: Iterable[socket.socket]) -> None:
    for lane in lanes:
        lane.close()
