"""A cluster's relay that is a program of somebody else, started and ended by the packet contract."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template
from time import monotonic_ns
from typing import TypeVar

from hostio.process_handle import datagram_sockets
from hostio.procfs import udp_ports
from hostio.timing import S
from results.run_files.plan import Plan
from results.run_files.relay_program import RelayProgram
from scenarios.process_faults.packet_contract import LANE_PORTS, environment, session_lines
from scenarios.process_faults.relay import close_lanes, drain_lanes
from scenarios.supervision.process_kind import AfterEnd
from scenarios.supervision.processes import ProcessError
from scenarios.supervision.program import CommandLine, Program
from scenarios.supervision.ready_signals import Answers, NotifySocket, ReadySignal
from scenarios.supervision.run_control import relay_folder
from scenarios.supervision.supervised import SupervisedProcess
from topologies.model import Cluster
from topologies.sandbox import in_network_of

_LOG_BYTES = 64 << 20
"""Limit of every file that a program writes, its log included."""

_CAPABILITIES = "-all,+dac_read_search"
"""A folder may be readable for its owner only, and root without this capability is somebody else."""


class ForeignProgram(Program):
    """A life of a program of somebody else, whose unclean end is its own matter, and no failure of the run."""

    def __init__(self, name: str, command: CommandLine, log: Path, *, standing_by: bool) -> None:
        self.unclean: str | None = None
        """How it ended, if that was neither exit code 0 nor by SIGTERM."""
        super().__init__(name, command, log, standing_by=standing_by)

    def final_report(self, timeout_s: float) -> None:
        """Wait for its end, however it is."""
        try:
            super().final_report(timeout_s)
        except ProcessError:
            self.unclean = self.ended_with()


class RelayLife(ForeignProgram):
    """A life of a relay program. It is ready once it says so and all lanes are bound, not before.

    `lanes_bound`: the UDP ports that are bound at its address now.
    """

    def __init__(
        self, name: str, command: CommandLine, log: Path, lanes_bound: Callable[[], set[int]], *, standing_by: bool
    ) -> None:
        self._lanes_bound = lanes_bound
        super().__init__(name, command, log, standing_by=standing_by)

    def await_ready(self, timeout_s: float) -> None:
        """Wait until it serves; ProcessError if it does not in time, or says so with a lane that is not bound."""
        super().await_ready(timeout_s)
        missing = sorted(set(LANE_PORTS) - self._lanes_bound())
        if missing:
            raise ProcessError(f"{self.name} says that it is ready, and UDP port {missing[0]} is not bound")


ProgramRelay = SupervisedProcess[RelayLife]


@dataclass(frozen=True, slots=True)
class ProgramRelayKind:
    """Starts lives of a program as a cluster's relay. `host_pid`: a process in the network of the cluster's host."""

    plan: Plan
    cluster: Cluster
    program: RelayProgram
    log: Path
    host_pid: int

    def start(self, life: int) -> RelayLife:
        """Start a life of the program; a later one is launched when it takes over."""
        folder = relay_folder(self.cluster.name, life)
        folder.mkdir(parents=True)
        sessions = folder / "sessions.jsonl"
        sessions.write_text(session_lines(self.plan, self.cluster.name, self.program, life))
        notify = NotifySocket(folder / "notify") if self.program.ready == "notify" else None
        told = environment(self.plan, self.cluster, sessions, folder)
        command = CommandLine(
            argv=in_network_of(self.host_pid, confined(told_in(self.program.command, told), self.program.descriptors)),
            ready=notify or self._all_lanes_bound(),
            environment=environment_of(self.program.environment, told, notify),
            folder=Path(self.program.folder),
            inherits_environment=False,
            # As relays of ours have it: the switches' threads do too, and would take the core from a relay without.
            realtime=True,
        )
        name = f"relay-{self.cluster.name} ({self.plan.relay_kinds(self.cluster.name)[life]})"
        return RelayLife(name, command, self.log, self._bound, standing_by=life > 0)

    def prepare_end(self, life: RelayLife) -> AfterEnd:
        """Duplicate the sockets of its lanes (pidfd_getfd(2)): what is in them at its end is counted."""
        lanes = list(_lanes(life))
        return AfterEnd(lambda ended: drain_lanes(lanes, ended), lambda: close_lanes(lanes))

    def _all_lanes_bound(self) -> ReadySignal:
        return Answers(lambda: set(LANE_PORTS) <= self._bound())

    def _bound(self) -> set[int]:
        return udp_ports(self.host_pid, str(self.cluster.address))


F = TypeVar("F", bound=ForeignProgram)


def end_program(relay: SupervisedProcess[F], grace_ns: int) -> str | None:
    """End the program that serves; how it ended if not as it should have, else None."""
    life = relay.serving
    if not life.intact():
        return f"ended by itself ({life.ended_with()})"
    edge = relay.prepare_stop(monotonic_ns() + grace_ns)
    killed_before = relay.ended_counters.counters["killed"]
    edge.apply()
    edge.verify()
    if relay.ended_counters.counters["killed"] > killed_before:
        return f"did not end within {grace_ns / S:g} s of SIGTERM, and was killed"
    return f"did not end cleanly ({life.unclean})" if life.unclean else None


def environment_of(own: Mapping[str, str], told: Mapping[str, str], notify: NotifySocket | None) -> dict[str, str]:
    """The environment of a program: its own variables, those of the contract, and the socket for its ready signal."""
    expanded = {name: Template(value).substitute(told) for name, value in own.items()}
    return {**expanded, **told, **(notify.environment if notify else {})}


def told_in(command: Sequence[str], told: Mapping[str, str]) -> list[str]:
    """A command with the values of the contract's variables in the place of their names."""
    return [Template(word).substitute(told) for word in command]


def confined(command: Sequence[str], descriptors: int) -> list[str]:
    """The command with its limits, without privileges and without a way to gain any."""
    limits = [f"--nofile={descriptors}", f"--fsize={_LOG_BYTES}"]
    privileges = ["--no-new-privs", "--bounding-set", _CAPABILITIES, "--inh-caps", "-all"]
    return ["prlimit", *limits, "--", "setpriv", *privileges, "--", *command]


def _lanes(life: RelayLife) -> Iterator[socket.socket]:
    for pid in life.pids():
        for endpoint in datagram_sockets(pid):
            if endpoint.getsockname()[1] in LANE_PORTS:
                yield endpoint
            else:
                endpoint.close()
