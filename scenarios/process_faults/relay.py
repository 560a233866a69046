"""The place of a cluster's relay, over all its lives: ends it, freezes it, puts a new one there."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable
from contextlib import closing
from time import monotonic_ns

from hostio.control import Ready, Stop
from hostio.process_handle import ProcessHandle, datagram_sockets
from hostio.sockets import attach_filter, udp_drops
from hostio.timing import S, wait_until
from relay_app.messages import MediaWindow, StandingBy, TakeOver
from relay_app.records import LEFT
from relay_app.relay.packet_path import unread
from relay_app.streams import LANE_PORT
from results.run_files.plan import Fault
from scenarios.process_faults.process_fault import (
    END_WITHIN_S,
    START_WITHIN_S,
    EndedProcessCounters,
    PreparedEdge,
    handle_of,
    signal_process,
)
from scenarios.run.processes import ProcessError, RunProcess, final_reports
from scenarios.run.timeline import TimedEdge
from topologies.bpf.program import NO_MATCH, RETURN, Instruction, machine_code

_NOTHING = machine_code((Instruction(RETURN, operand=NO_MATCH),))
"""A filter for a socket that is to take no datagram any more."""

ENDING = ("relay-restart", "relay-kill")
"""Faults that end a relay."""


class RelayTarget:
    """`spawn` makes the relay of a life: 0 serves at once, the others stand by. `deaths`: how many faults end one."""

    def __init__(self, cluster: str, spawn: Callable[[int], RunProcess], deaths: int = 0) -> None:
        self.cluster = cluster
        self._spawn = spawn
        self._deaths = deaths
        self._life = 0
        self._spare: RunProcess | None = None
        self._held: ProcessHandle | None = None
        self._lanes: list[socket.socket] = []
        self.member: RunProcess | None = spawn(0)
        """The relay that serves; None while there is none."""
        self.media: MediaWindow | None = None
        """What the relay was told of the media, for its successor."""
        self.name = self.serving.name
        self.ended_counters = EndedProcessCounters()

    def prepare_successor(self) -> None:
        """Have the next relay stand by, if one is to come."""
        if self._spare is None and self._life < self._deaths:
            self._spare = self._spawn(self._life + 1)
            answer = self._spare.answer(START_WITHIN_S)
            if not isinstance(answer, StandingBy):
                raise ProcessError(f"{self._spare.name} said {answer!r} before it stood by")

    def prepare(self, fault: Fault, edge: TimedEdge, deadline_ns: int) -> PreparedEdge:
        """Make an edge of a fault ready."""
        if edge.edge == "end" and fault.what in ENDING:
            return self._succession()
        if fault.what not in ENDING:
            return self._stop_or_go(signal.SIGSTOP if edge.edge == "start" else signal.SIGCONT)
        self.prepare_successor()
        relay, held = self.serving, self._hold()
        self._lanes = datagram_sockets(held.pid)
        if fault.what == "relay-kill":
            return PreparedEdge(lambda: signal_process(relay, held, signal.SIGKILL), lambda: self._buried(held))
        return PreparedEdge(lambda: relay.tell(Stop()), lambda: self._ended(relay, held, deadline_ns))

    def release(self) -> None:
        """A relay that stands still goes on; its lanes are its own again."""
        if self._held is not None:
            self._held.send(signal.SIGCONT)
        for lane in self._lanes:
            lane.close()
        self._lanes = []

    @property
    def lives(self) -> int:
        """How many relays have served here, the present one included."""
        return self._life + 1

    @property
    def serving(self) -> RunProcess:
        """The relay that serves; ProcessError if there is none."""
        if self.member is None:
            raise ProcessError("a fault strikes a relay that is not there")
        return self.member

    def _hold(self) -> ProcessHandle:
        relay = self.serving
        if self._held is None:
            self._held = handle_of(relay)
        return self._held

    def _stop_or_go(self, number: signal.Signals) -> PreparedEdge:
        relay, held = self.serving, self._hold()

        def stands_as_told() -> bool:
            states = held.states()
            return states == {"T"} if number == signal.SIGSTOP else bool(states) and "T" not in states

        return PreparedEdge(
            lambda: signal_process(relay, held, number), lambda: wait_until(stands_as_told, END_WITHIN_S)
        )

    def _ended(self, relay: RunProcess, held: ProcessHandle, deadline_ns: int) -> bool:
        """A relay that has not ended by its deadline is killed, as a supervisor would."""
        words = final_reports([relay], (deadline_ns - monotonic_ns()) / S)
        for said in words.values():
            self.ended_counters.counters.update(said.counters)
            self.ended_counters.lateness |= {
                f"{name} in life {self._life}": each for name, each in said.lateness.items()
            }
        if not held.gone((deadline_ns - monotonic_ns()) / S):
            held.send(signal.SIGKILL)
            self.ended_counters.counters["killed"] += 1
        return self._buried(held)

    def _buried(self, held: ProcessHandle) -> bool:
        """Whether it is gone; what its lanes dropped, and what was left in them, is kept.

        They take nothing more before they are emptied: what comes until they are closed is an error to the host's UDP.
        """
        gone = held.gone(END_WITHIN_S)
        for lane in self._lanes:
            with closing(lane):
                attach_filter(lane, _NOTHING)
                left = list(unread([lane], LEFT))
                self.ended_counters.socket_drops[f"lane {lane.getsockname()[1] - LANE_PORT}"] += udp_drops(lane)
                self.ended_counters.left_behind += left
                self.ended_counters.counters["left_in_buffers"] += len(left)
        self._lanes = []
        held.close()
        self.serving.control.close()
        self._held = self.member = None
        return gone

    def _succession(self) -> PreparedEdge:
        self.prepare_successor()
        successor = self._spare
        if successor is None:
            raise ProcessError("no relay stands by")

        def take_over() -> None:
            successor.tell(TakeOver())
            answer = successor.answer(START_WITHIN_S)
            if not isinstance(answer, Ready):
                raise ProcessError(f"{successor.name} said {answer!r} before it was ready")
            if self.media:
                successor.tell(self.media)
            self.member, self._spare = successor, None
            self._life += 1

        return PreparedEdge(take_over, lambda: bool(self._hold().states()))
