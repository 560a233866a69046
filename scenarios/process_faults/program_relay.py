"""A cluster's relay that is a program of somebody else, started and ended by the packet contract."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from time import monotonic_ns
from typing import NamedTuple, TypeVar

from hostio.procfs import udp_ports
from hostio.timing import US, S
from results.run_files.relay_program import CommandOk, RelayProgram
from scenarios.process_faults.confinement import LOG_BYTES, Confinement
from scenarios.process_faults.packet_contract import LANE_PORTS
from scenarios.process_faults.program_kind import ForeignProgramKind, environment_of, started_with, told_in
from scenarios.process_faults.program_life import ForeignProgram, ProgramNews, RelayLife
from scenarios.process_faults.relay import OfProcesses, hold_lanes
from scenarios.process_faults.version_life import VersionLife
from scenarios.supervision.process_kind import AfterEnd
from scenarios.supervision.program import CommandLine
from scenarios.supervision.program_watch import ProgramWatch, Watched
from scenarios.supervision.ready_signals import NotifySocket
from scenarios.supervision.run_control import relay_folder
from scenarios.supervision.supervised import SupervisedProcess
from topologies.model import Cluster

AnyLife = RelayLife | VersionLife
"""A life of a cluster's relay that is a program in some life."""

ProgramRelay = SupervisedProcess[AnyLife]


@dataclass(frozen=True, slots=True)
class ProgramRelayKind(ForeignProgramKind):
    """Starts lives of a program as a cluster's relay."""

    @classmethod
    def confinement_of(cls, program: RelayProgram, cluster: Cluster, host_pid: int) -> Confinement:
        """In the folders of the relay's lives."""
        home = relay_folder(cluster.name, 0).parent
        return Confinement.make(program, program.descriptors, host_pid, home, 2 * cluster.ordinal)

    def start(self, life: int) -> RelayLife:
        """Start a life of the program; a later one is launched when it takes over."""
        folder = relay_folder(self.cluster.name, life)
        told = started_with(self.plan, self.cluster, self.program, life, folder)
        self.confinement.give(folder, self.log)
        watched = Watched(self.log, LOG_BYTES, self.program.watchdog_ns)
        news, argv = ProgramNews(self.cluster.name, self.record), told_in(self.program.command, told)
        watch = ProgramWatch(watched, news)
        notify = NotifySocket(folder / "notify", watch.hear) if self.program.ready == "notify" else None
        variables = environment_of(self.program.environment, told, notify)
        command = CommandLine(
            argv=self.confinement.command(argv),
            ready=notify or self.asked(self.program.ready, told, variables, self._lanes_missing),
            environment={**variables, **self._watchdog_variables()},
            inherits_environment=False,
            # As relays of ours have it: the switches' threads do too, and would take the core from a relay without.
            realtime=True,
        )
        name = f"relay-{self.cluster.name} ({self.plan.relay_kinds(self.cluster.name)[life]})"
        return RelayLife(
            name,
            command,
            self.log,
            watch,
            notify,
            launched=partial(news.started, argv),
            lanes_missing=self._lanes_missing,
            standing_by=life > 0,
        )

    def prepare_end(self, life: OfProcesses) -> AfterEnd:
        """Hold the sockets of its lanes: what is in them at its end is counted."""
        return hold_lanes(life.pids())

    def _lanes_missing(self) -> set[int]:
        if isinstance(self.program.ready, CommandOk):
            return set()
        return set(LANE_PORTS) - udp_ports(self.host_pid, str(self.cluster.address))

    def _watchdog_variables(self) -> Mapping[str, str]:
        within_ns = self.program.watchdog_ns
        return {"WATCHDOG_USEC": str(within_ns // US)} if within_ns else {}


F = TypeVar("F", ForeignProgram, RelayLife, AnyLife)


class UncleanEnd(NamedTuple):
    """How a program ended that did not as it should have, and, if by itself, when; CLOCK_MONOTONIC."""

    how: str
    at_ns: int | None = None


def end_program(relay: SupervisedProcess[F], grace_ns: int) -> UncleanEnd | None:
    """End the program that serves; None if it ended as it should have."""
    life = relay.serving
    if not life.intact():
        last = life.last_line()
        how = f"ended by itself ({life.ended_with()}{f'; its log ends: {last}' if last else ''})"
        # Its watch may not have looked yet.
        return UncleanEnd(how, life.ended_ns or monotonic_ns())
    edge = relay.prepare_stop(monotonic_ns() + grace_ns)
    killed_before = relay.ended_counters.counters["killed"]
    edge.apply()
    edge.verify()
    if relay.ended_counters.counters["killed"] > killed_before:
        return UncleanEnd(f"did not end within {grace_ns / S:g} s of SIGTERM, and was killed")
    return UncleanEnd(f"did not end cleanly ({life.unclean})") if life.unclean else None
