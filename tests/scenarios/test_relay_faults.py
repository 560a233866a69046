"""A supervised relay, with real relays on the loopback network: struck, verified, its packets counted, succeeded."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic_ns

import numpy as np
import pytest

from hostio.process_handle import ProcessHandle
from hostio.timing import S, wait_until
from relay_app.ports import LANE_PORT
from relay_app.records import LEFT
from relay_app.relay import process as relay
from relay_app.relay.process import RelayConfig, RelayFiles
from relay_app.sessions.directory import DirectoryEndpoint
from results.run_files.faults import Action, Freeze, Kill, Process, ProcessFault, Stop
from scenarios.language.timeline import EdgeName, TimedEdge
from scenarios.process_faults.fault_target import FaultTarget
from scenarios.process_faults.relay import RelayKind
from scenarios.supervision.processes import ProcessError, RunProcess, spawn, start_fork_server
from scenarios.supervision.supervised import PreparedEdge, SupervisedProcess

pytestmark = pytest.mark.root

ADDRESS = f"127.{os.getpid() >> 8 & 0x7F | 0x80}.{os.getpid() & 0xFF}.77"


class Place:
    """A supervised relay whose lives write into a folder."""

    def __init__(self, folder: Path, ends: int) -> None:
        self.folder = folder
        self.started: list[RunProcess] = []
        self.held: list[ProcessHandle] = []
        self.relay = SupervisedProcess(RelayKind(self._spawn), ends)
        self.target = FaultTarget(self.relay)
        self.relay.serving.await_ready(60)

    def _spawn(self, life: int) -> RunProcess:
        files = RelayFiles(*(self.folder / f"{life}.{kind}" for kind in ("npy", "fetches", "json", "stacks")))
        config = RelayConfig(1, {1: ADDRESS}, DirectoryEndpoint(host=ADDRESS), files, 0, life=life)
        started = spawn("relay-test", relay.stand_by if life else relay.serve, config, self.folder / "log")
        self.started.append(started)
        self.held.append(ProcessHandle(started.handle.pid))
        return started

    def act(self, action: Action, edge: EdgeName) -> PreparedEdge:
        fault = ProcessFault("a word", 0, S, Process("relay", "test"), action)
        return self.target.prepare(fault, TimedEdge(0, 0, edge), monotonic_ns() + 5 * S)

    def do(self, action: Action, edge: EdgeName) -> None:
        act = self.act(action, edge)
        act.apply()
        assert act.verify()

    def send(self, count: int) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for _ in range(count):
                sender.sendto(b"no media", (ADDRESS, LANE_PORT + 3))

    def counted(self, life: int) -> int:
        samples = np.load(self.folder / f"{life}.npy")
        return int(samples[-1]["received"]) if len(samples) else -1

    def close(self) -> None:
        """Its sockets are free on return."""
        self.target.release()
        for started in self.started:
            started.control.close()
        assert all(held.gone(10) for held in self.held)


MakePlace = Callable[[int], Place]


@pytest.fixture
def make_place(tmp_path: Path) -> Iterator[MakePlace]:
    """Makes the place of a relay that so many faults end."""
    start_fork_server(["scenarios.run.preload"])
    places: list[Place] = []

    def make(ends: int) -> Place:
        places.append(Place(tmp_path, ends))
        return places[-1]

    yield make
    for place in places:
        place.close()


def lane_is_bound() -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as endpoint:
        try:
            endpoint.bind((ADDRESS, LANE_PORT))
        except OSError:
            return True
    return False


def test_a_frozen_relay_stands_still_and_goes_on(make_place: MakePlace) -> None:
    place = make_place(0)
    (held,) = place.held
    place.do(Freeze(), "start")
    assert held.states() == {"T"}
    place.send(5)
    place.do(Freeze(), "end")
    assert "T" not in held.states()
    assert wait_until(lambda: place.counted(0) == 5, 30)
    assert place.relay.ended_counters.counters == {}


def test_a_killed_relay_leaves_its_records_and_the_datagrams_in_its_buffers_are_counted(make_place: MakePlace) -> None:
    place = make_place(1)
    place.send(7)
    assert wait_until(lambda: place.counted(0) == 7, 30)
    place.do(Freeze(), "start")
    place.send(11)
    place.do(Kill(), "start")
    assert place.relay.running is None
    assert not lane_is_bound()
    assert place.counted(0) == 7
    assert place.relay.ended_counters.counters == {"left_in_buffers": 11}
    assert [row[:3] for row in place.relay.ended_counters.left_behind] == [(0, 0, LEFT)] * 11, "they were no RTP"
    assert sorted(place.relay.ended_counters.socket_drops) == sorted(f"lane {number}" for number in range(16))
    place.do(Kill(), "end")
    assert lane_is_bound()
    place.send(2)
    assert wait_until(lambda: place.counted(1) == 2, 30)


def test_what_overflowed_in_a_relay_that_was_killed_is_not_lost(make_place: MakePlace) -> None:
    place = make_place(1)
    place.do(Freeze(), "start")
    place.send(1000)
    place.do(Kill(), "start")
    left, dropped = (
        place.relay.ended_counters.counters["left_in_buffers"],
        place.relay.ended_counters.socket_drops["lane 3"],
    )
    assert left > 0
    assert dropped > 0
    assert left + dropped == 1000


def test_a_relay_told_to_end_reports_and_the_next_one_counts_anew(make_place: MakePlace) -> None:
    place = make_place(2)
    place.send(3)
    assert wait_until(lambda: place.counted(0) == 3, 30)
    for life in (1, 2):
        place.do(Stop(), "start")
        place.do(Stop(), "end")
        assert place.relay.serving is place.started[life]
    assert place.relay.ended_counters.counters["stuck_threads"] == 0
    assert "killed" not in place.relay.ended_counters.counters
    assert place.counted(0) == 3
    assert wait_until(lambda: place.counted(2) == 0, 30)


def test_a_relay_that_does_not_end_in_time_is_killed(make_place: MakePlace) -> None:
    place = make_place(1)
    place.do(Freeze(), "start")
    fault = ProcessFault("relay-restart", 0, S, Process("relay", "test"), Stop())
    act = place.target.prepare(fault, TimedEdge(0, 0, "start"), monotonic_ns() + S // 5)
    act.apply()
    assert act.verify()
    assert place.relay.ended_counters.counters["killed"] == 1
    assert not lane_is_bound()


def test_a_relay_that_had_died_by_itself_is_not_put_down_to_the_fault(make_place: MakePlace) -> None:
    place = make_place(1)
    act = place.act(Kill(), "start")
    place.held[0].send(signal.SIGKILL)
    assert place.held[0].gone(30)
    with pytest.raises(ProcessError, match="relay-test had ended before the fault"):
        act.apply()


def test_a_fault_that_was_not_played_to_its_end_leaves_no_relay_frozen(make_place: MakePlace) -> None:
    place = make_place(0)
    place.do(Freeze(), "start")
    place.target.release()
    assert wait_until(lambda: "T" not in place.held[0].states(), 30)
