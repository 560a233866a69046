"""What it takes to start lives of a program of somebody else: a relay's, and the server's behind one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import TypeVar

from results.run_files.documents import Event
from results.run_files.plan import Plan
from results.run_files.relay_program import CommandOk, HttpOk, Ready, RelayProgram, ServerReady
from scenarios.process_faults.confinement import Confinement
from scenarios.process_faults.packet_contract import environment, session_lines
from scenarios.supervision.program import kept_variables
from scenarios.supervision.ready_probes import command_ok, http_ok, ports_bound
from scenarios.supervision.ready_signals import NotifySocket, ReadySignal
from topologies.model import Cluster

K = TypeVar("K", bound="ForeignProgramKind")


@dataclass(frozen=True, slots=True)
class ForeignProgramKind:
    """A kind of process that is a program of somebody else. `host_pid`: a process in the network of its cluster's host;
    `record`: takes the events of its lives; `confinement`: that of its commands."""

    plan: Plan
    cluster: Cluster
    program: RelayProgram
    log: Path
    host_pid: int
    record: Callable[[Event], None]
    confinement: Confinement

    @classmethod
    def confined(
        cls: type[K],
        plan: Plan,
        cluster: Cluster,
        program: RelayProgram,
        log: Path,
        host_pid: int,
        record: Callable[[Event], None],
    ) -> K:
        """The kind with its program confined, which is done in the sandbox. ProcessError if it cannot be."""
        return cls(plan, cluster, program, log, host_pid, record, cls.confinement_of(program, cluster, host_pid))

    @classmethod
    def confinement_of(cls, program: RelayProgram, cluster: Cluster, host_pid: int) -> Confinement:
        """Confine the program; ProcessError."""
        raise NotImplementedError

    def asked(
        self,
        ready: Ready | ServerReady,
        told: Mapping[str, str],
        variables: Mapping[str, str],
        missing: Callable[[], set[int]],
    ) -> ReadySignal:
        """The signal of a program that does not tell by itself that it is ready.

        `told`: variables of the contract; `variables`: all that it has; `missing`: UDP ports that are not bound yet.
        """
        if isinstance(ready, HttpOk):
            return http_ok(Template(ready.http).substitute(told), self.host_pid)
        if isinstance(ready, CommandOk):
            command = self.confinement.command(told_in(ready.command, told))
            return command_ok(command, {**kept_variables(), **variables}, self.log)
        return ports_bound(missing)


def started_with(plan: Plan, cluster: Cluster, program: RelayProgram, life: int, folder: Path) -> Mapping[str, str]:
    """Make the folder of a life with the file of the sessions that it holds; the variables of the contract."""
    folder.mkdir(parents=True)
    sessions = folder / "sessions.jsonl"
    sessions.write_text(session_lines(plan, cluster.name, program, life))
    return environment(plan, cluster, sessions, folder)


def environment_of(own: Mapping[str, str], told: Mapping[str, str], notify: NotifySocket | None) -> dict[str, str]:
    """The environment of a program: its own variables, those of the contract, and the socket for its ready signal."""
    expanded = {name: Template(value).substitute(told) for name, value in own.items()}
    return {**expanded, **told, **(notify.environment if notify else {})}


def told_in(command: Sequence[str], told: Mapping[str, str]) -> list[str]:
    """A command with the values of the contract's variables in the place of their names."""
    return [Template(word).substitute(told) for word in command]
