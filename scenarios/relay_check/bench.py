"""A relay program alone in a sandbox: every cluster's address is one of the loopback interface, the relay's peers are
sockets of ours, and the session directory is a real Redis. No link is emulated."""

from __future__ import annotations

import os
import select
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic, monotonic_ns

from hostio.commands import run_batch
from relay_app.ports import CANARY_PORT, CLIENT_PORT, DIRECTORY_PORT, LANE_PORT, SENDER_PORT
from relay_app.sessions.directory import StreamRecord
from relay_app.streams import SessionGroup, lane_of, streams_of
from results.run_files.plan import Plan
from results.run_files.relay_program import RelayProgram
from scenarios.language.library import LIBRARY, load_plan
from scenarios.process_faults.packet_contract import LANE_PORTS
from scenarios.process_faults.program_relay import ProgramRelay, ProgramRelayKind
from scenarios.process_faults.program_server import RelayServer, RelayServerKind
from scenarios.process_faults.redis_program import redis_program, write_records
from scenarios.process_faults.session_records import all_records, records_held
from scenarios.supervision.program import Program
from scenarios.supervision.run_control import SANDBOX_FOLDER
from scenarios.supervision.supervised import SupervisedProcess
from topologies.model import Cluster

HERE = "us-central"
"""The cluster whose relay is checked: some sessions end there, others pass it."""

_SESSIONS = (
    SessionGroup("own", "us-east", HERE, 1, "voice"),
    SessionGroup("passing", "us-east", "us-west", 4, "voice"),
)
_WARM_SHARE = 0.5
_NOBODYS_SOURCE = 1
_STARTED_WITHIN_S = 10.0
_DATAGRAM_BYTES = 2048

Address = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Arrival:
    """A packet that the relay sent: what it is, where from, and where it arrived."""

    data: bytes
    source: Address
    at: Address


def plan_for(kind: str) -> Plan:
    """The plan of a check: some sessions end at HERE, others pass it, of which a part is held. ScenarioError."""
    plan = load_plan(LIBRARY / "one-blip.yaml", overrides=[f"relays.kinds.{HERE}={kind}", f"relays.warm.{HERE}=100%"])
    return replace(
        plan,
        sessions=_SESSIONS,
        relays=replace(plan.relays, warm={HERE: _WARM_SHARE}),
        controller=replace(plan.controller, detect=("link", "relay-canary")),
    )


class Bench:
    """The relay, started and not yet ready, and the sockets at which its packets may arrive."""

    def __init__(
        self, plan: Plan, kind: ProgramRelayKind, ends: dict[Address, socket.socket], server: RelayServer | None
    ) -> None:
        self.plan = plan
        self.server = server
        """The server behind it, if it is an adapter."""
        self.started_ns = monotonic_ns()
        self.relay: ProgramRelay = SupervisedProcess(kind)
        self._ends = ends
        self._hosts = {cluster.ordinal: str(cluster.address) for cluster in plan.topology.clusters}
        self.here = plan.topology.cluster(HERE)

    @property
    def records(self) -> tuple[StreamRecord, ...]:
        """Every record of the directory whose stream comes to the relay: those that start elsewhere."""
        through = [record for record in all_records(self.plan) if record.source != self.here.ordinal]
        if self.stateless:
            return tuple(each for each in through if each.port == 0 and each.destination != self.here.ordinal)
        return tuple(each for each in through if each.port == 0 or each.ssrc in self.held)

    @property
    def stateless(self) -> bool:
        """Whether it keeps no sessions: then it passes on what comes from one of two clusters to the other."""
        program = self.plan.relays.program_of(HERE)
        return program is not None and program.sessions == "none"

    @property
    def held(self) -> frozenset[int]:
        """SSRCs of the streams that it holds at its start."""
        program = self.plan.relays.program_of(HERE)
        if program and program.sessions != "directory":
            return frozenset(record.ssrc for record in all_records(self.plan))
        return frozenset(records_held(self.plan, streams_of(self.plan.sessions, self.plan.seed), HERE))

    def next_hop(self, record: StreamRecord) -> Address:
        """Where the relay must send a stream."""
        there = self._hosts[record.destination]
        if record.port:
            return there, record.port
        if record.destination == self.here.ordinal:
            return there, CLIENT_PORT
        return there, LANE_PORT + lane_of(record.ssrc)

    def send(self, datagram: bytes, ssrc: int) -> None:
        """Send a datagram to the relay on the lane of a stream, from that lane where the stream comes from."""
        source = next((record.source for record in all_records(self.plan) if record.ssrc == ssrc), _NOBODYS_SOURCE)
        lane = LANE_PORT + lane_of(ssrc)
        self._ends[(self._hosts[source], lane)].sendto(datagram, (str(self.here.address), lane))

    def arrival(self, within_s: float) -> Arrival | None:
        """The next packet that arrives anywhere; None if none does in time."""
        readable, _, _ = select.select(list(self._ends.values()), [], [], within_s)
        if not readable:
            return None
        data, source = readable[0].recvfrom(_DATAGRAM_BYTES)
        return Arrival(data, source, readable[0].getsockname())

    def empty(self) -> None:
        """Take what has arrived, and arrives within a moment."""
        deadline = monotonic() + 0.2
        while self.arrival(max(0.0, deadline - monotonic())):
            pass


@contextmanager
def bench(plan: Plan, log: Path, *, bound: bool = True) -> Iterator[Bench]:
    """Start Redis and relay; called inside a sandbox. ProcessError.

    Unless `bound`, the sockets at which packets arrive are the caller's.
    """
    clusters = plan.topology.clusters
    run_batch([["ip", "address", "add", f"{cluster.address}/32", "dev", "lo"] for cluster in clusters])
    program = plan.relays.program_of(HERE)
    if program is None:
        raise ValueError(f"{plan.relays.version_of(HERE)} is no program")
    with ExitStack() as stack:
        ends = {at: stack.enter_context(_bound(at)) for at in (_addresses(clusters) if bound else ())}
        directory = _directory(plan, log)
        stack.callback(directory.close)
        server = _server(plan, program, log)
        kind = ProgramRelayKind.confined(plan, plan.topology.cluster(HERE), program, log, os.getpid(), lambda _: None)
        yield Bench(plan, kind, ends, server)
        if server:
            server.stop(_STARTED_WITHIN_S)


def _server(plan: Plan, program: RelayProgram, log: Path) -> RelayServer | None:
    """The server to which the relay is the adapter, ready; None if it is none."""
    if program.server is None:
        return None
    kind = RelayServerKind.confined(plan, plan.topology.cluster(HERE), program, log, os.getpid(), lambda _: None)
    server = SupervisedProcess(kind)
    server.serving.await_ready(_STARTED_WITHIN_S)
    return server


def _addresses(clusters: tuple[Cluster, ...]) -> Iterator[Address]:
    """Client, sender and canary ports everywhere, and the lanes of all clusters but the relay's own."""
    for cluster in clusters:
        yield from ((str(cluster.address), port) for port in (CLIENT_PORT, SENDER_PORT, CANARY_PORT))
        if cluster.name != HERE:
            yield from ((str(cluster.address), port) for port in LANE_PORTS)


def _bound(at: Address) -> socket.socket:
    end = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    end.bind(at)
    return end


def _directory(plan: Plan, log: Path) -> Program:
    unix = SANDBOX_FOLDER / "redis.sock"
    redis = redis_program(plan, unix, DIRECTORY_PORT, os.getpid(), log)
    redis.await_ready(_STARTED_WITHIN_S)
    write_records(plan, unix)
    return redis
