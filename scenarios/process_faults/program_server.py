"""The server behind a cluster's relay: a program of somebody else, whose own protocol the adapter speaks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from results.run_files.plan import Plan
from results.run_files.relay_program import RelayProgram
from scenarios.process_faults.packet_contract import environment, session_lines
from scenarios.process_faults.program_relay import ForeignProgram, confined, environment_of, told_in
from scenarios.supervision.process_kind import AfterEnd
from scenarios.supervision.program import CommandLine
from scenarios.supervision.ready_signals import NotifySocket
from scenarios.supervision.run_control import server_folder
from scenarios.supervision.supervised import SupervisedProcess
from topologies.model import Cluster
from topologies.sandbox import in_network_of

RelayServer = SupervisedProcess[ForeignProgram]


@dataclass(frozen=True, slots=True)
class RelayServerKind:
    """Starts lives of the server of a relay program, which has one. `host_pid`: as in ProgramRelayKind."""

    plan: Plan
    cluster: Cluster
    program: RelayProgram
    log: Path
    host_pid: int

    def start(self, life: int) -> ForeignProgram:
        """Start a life of the server; a later one is launched when it takes over."""
        server = self.program.server
        if server is None:
            raise ValueError(f"{self.program.folder} has no server")
        folder = server_folder(self.cluster.name, life)
        folder.mkdir(parents=True)
        sessions = folder / "sessions.jsonl"
        sessions.write_text(session_lines(self.plan, self.cluster.name, self.program, life))
        told, notify = environment(self.plan, self.cluster, sessions, folder), NotifySocket(folder / "notify")
        command = CommandLine(
            argv=in_network_of(self.host_pid, confined(told_in(server.command, told), server.descriptors)),
            ready=notify,
            environment=environment_of(server.environment, told, notify),
            folder=Path(self.program.folder),
            inherits_environment=False,
            realtime=True,
        )
        name = f"server-{self.cluster.name} ({self.plan.relays.version_of(self.cluster.name)})"
        return ForeignProgram(name, command, self.log, standing_by=life > 0)

    def prepare_end(self, life: ForeignProgram) -> AfterEnd:  # noqa: ARG002 - nothing of that life is held
        """Nothing to hold: what is in its sockets at its end is among the packets that were lost inside the relay."""
        return AfterEnd(lambda _: None, lambda: None)
