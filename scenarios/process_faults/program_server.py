"""The server behind a cluster's relay: a program of somebody else, whose own protocol the adapter speaks."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from hostio.procfs import udp_ports
from results.run_files.relay_program import PortsBound, RelayProgram, ServerReady
from scenarios.process_faults.confinement import LOG_BYTES, Confinement
from scenarios.process_faults.program_kind import ForeignProgramKind, environment_of, started_with, told_in
from scenarios.process_faults.program_life import ForeignProgram, ProgramNews
from scenarios.supervision.process_kind import AfterEnd
from scenarios.supervision.program import CommandLine
from scenarios.supervision.program_watch import ProgramWatch, Watched
from scenarios.supervision.ready_signals import NotifySocket
from scenarios.supervision.run_control import server_folder
from scenarios.supervision.supervised import SupervisedProcess
from topologies.model import Cluster

RelayServer = SupervisedProcess[ForeignProgram]


@dataclass(frozen=True, slots=True)
class RelayServerKind(ForeignProgramKind):
    """Starts lives of the server of a relay program, which has one."""

    @classmethod
    def confinement_of(cls, program: RelayProgram, cluster: Cluster, host_pid: int) -> Confinement:
        """Apart from that of its adapter."""
        home, descriptors = server_folder(cluster.name, 0).parent, program.server.descriptors if program.server else 0
        return Confinement.make(program, descriptors, host_pid, home, 2 * cluster.ordinal + 1)

    def start(self, life: int) -> ForeignProgram:
        """Start a life of the server; a later one is launched when it takes over."""
        server = self.program.server
        if server is None:
            raise ValueError(f"{self.program.folder} has no server")
        folder = server_folder(self.cluster.name, life)
        told = started_with(self.plan, self.cluster, self.program, life, folder)
        self.confinement.give(folder, self.log)
        news, argv = ProgramNews(self.cluster.name, self.record, "server"), told_in(server.command, told)
        watch = ProgramWatch(Watched(self.log, LOG_BYTES), news)
        notify = NotifySocket(folder / "notify", watch.hear) if server.ready == "notify" else None
        variables = environment_of(server.environment, told, notify)
        command = CommandLine(
            argv=self.confinement.command(argv),
            ready=notify or self.asked(server.ready, told, variables, partial(self._ports_missing, server.ready)),
            environment=variables,
            inherits_environment=False,
            realtime=True,
        )
        name = f"server-{self.cluster.name} ({self.plan.relays.version_of(self.cluster.name)})"
        launched = partial(news.started, argv)
        return ForeignProgram(name, command, self.log, watch, notify, launched=launched, standing_by=life > 0)

    def _ports_missing(self, ready: ServerReady) -> set[int]:
        wanted = ready.ports if isinstance(ready, PortsBound) else ()
        return set(wanted) - udp_ports(self.host_pid, str(self.cluster.address))

    def prepare_end(self, life: ForeignProgram) -> AfterEnd:  # noqa: ARG002 - nothing of that life is held
        """Nothing to hold: what is in its sockets at its end is among the packets that were lost inside the relay."""
        return AfterEnd(lambda _: None, lambda: None)
