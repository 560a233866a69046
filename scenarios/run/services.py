"""The run's other programs: the controller, and the Redis that is the session directory."""

from __future__ import annotations

import json
import selectors
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path
from typing import IO, cast

from hostio.timing import wait_until
from topologies.sandbox import in_network_of


class ServiceError(Exception):
    """A program of the run did not become ready, or failed; says which, and where its log is."""


@dataclass(frozen=True, slots=True)
class ControllerProcess:
    """The controller, told to end by closing its standard input; its milestones are JSON lines on standard output.

    One that stands by touches nothing until it is told to begin.
    """

    process: subprocess.Popen[str]
    log: Path

    @classmethod
    def start(cls, config: Path, log: Path, standing_by: bool) -> ControllerProcess:
        """Start it; it is not ready yet."""
        argv = [sys.executable, "-m", "controller.app", str(config), *(["--stand-by"] if standing_by else [])]
        with log.open("a") as stderr:
            process = subprocess.Popen(
                argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr, text=True, start_new_session=True
            )
        return cls(process, log)

    def await_milestone(self, name: str, timeout_s: float) -> None:
        """Wait until the controller says that it has reached a milestone."""
        stdout = cast("IO[str]", self.process.stdout)
        with selectors.DefaultSelector() as selector:
            selector.register(stdout, selectors.EVENT_READ)
            ready = selector.select(timeout_s)
        line = stdout.readline() if ready else ""
        if not line or json.loads(line) != {"ready": name}:
            raise ServiceError(f"the controller is not {name} after {timeout_s:g} s; its log is {self.log}")

    def begin(self) -> None:
        """Have one that stands by begin; ServiceError if it has ended."""
        stdin = cast("IO[str]", self.process.stdin)
        try:
            stdin.write("\n")
            stdin.flush()
        except OSError as error:
            raise ServiceError(f"the controller has ended; its log is {self.log}") from error

    def ask_to_stop(self) -> None:
        """Ask it to end."""
        cast("IO[str]", self.process.stdin).close()

    def stop(self, timeout_s: float) -> None:
        """Ask it to end, and wait for that; ServiceError if it had failed, or does not end."""
        self.ask_to_stop()
        try:
            code = self.process.wait(timeout_s)
        except subprocess.TimeoutExpired as error:
            raise ServiceError(f"the controller does not end; its log is {self.log}") from error
        if code != 0:
            raise ServiceError(f"the controller ended with exit code {code}; its log is {self.log}")


def start_redis(host_pid: int, address: IPv4Address, port: int, socket: Path, log: Path) -> subprocess.Popen[bytes]:
    """A Redis in a host's network and at a Unix socket, in memory only, answering on return. Port 0: only there."""
    options = {
        "bind": str(address),
        "port": str(port),
        "unixsocket": str(socket),
        "dir": str(socket.parent),
        "save": "",
        "protected-mode": "no",
    }
    arguments = [word for option, value in options.items() for word in (f"--{option}", value)]
    with log.open("ab") as output:
        process = subprocess.Popen(
            in_network_of(host_pid, ["redis-server", *arguments]), stdout=output, stderr=output, start_new_session=True
        )
    if not wait_until(lambda: _answers(["redis-cli", "-s", str(socket), "ping"]), 5.0):
        raise ServiceError(f"the session directory's Redis does not answer; its log is {log}")
    return process


def _answers(argv: Sequence[str]) -> bool:
    return subprocess.run(argv, capture_output=True, check=False).returncode == 0
