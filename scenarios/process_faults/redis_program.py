"""The Redis of a session directory: how it is started, and filled."""

from __future__ import annotations

from pathlib import Path

from relay_app.sessions.directory import Directory, DirectoryEndpoint, DirectoryError
from results.run_files.plan import Plan
from scenarios.process_faults.session_records import all_records
from scenarios.supervision.program import CommandLine, Program
from scenarios.supervision.ready_signals import Answers
from topologies.sandbox import in_network_of


def redis_program(plan: Plan, socket: Path, port: int, network_of: int, log: Path) -> Program:
    """Start a Redis without persistence (`save` empty) at the directory's address, reachable by a Unix socket too.

    `port`: 0 for that socket alone; `network_of`: it runs in the network namespace of this process.
    """
    options = {
        "bind": str(plan.topology.cluster(plan.relays.directory).address),
        "port": str(port),
        "unixsocket": str(socket),
        "dir": str(socket.parent),
        "save": "",
        "protected-mode": "no",
    }
    arguments = [word for option, value in options.items() for word in (f"--{option}", value)]
    command = in_network_of(network_of, ["redis-server", *arguments])
    return Program("the session directory's Redis", CommandLine(command, Answers(lambda: _answers(socket))), log)


def write_records(plan: Plan, socket: Path) -> None:
    """Write every record of a plan; DirectoryError."""
    directory = Directory(DirectoryEndpoint(path=str(socket)))
    directory.write(all_records(plan))
    directory.close()


def _answers(socket: Path) -> bool:
    directory = Directory(DirectoryEndpoint(path=str(socket)))
    try:
        directory.connect()
    except DirectoryError:
        return False
    finally:
        directory.close()
    return True
