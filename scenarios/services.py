"""The run's other programs: the controller, and the Redis that is the session directory."""

from __future__ import annotations

import json
import selectors
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path
from time import monotonic, sleep
from typing import IO, cast

from topologies.sandbox import in_network_of

_POLL_S = 0.005


class ServiceError(Exception):
    """A program of the run did not become ready, or failed; says which, and where its log is."""


@dataclass(frozen=True, slots=True)
class ControllerProcess:
    """The controller, told to end by closing its standard input; its milestones are JSON lines on standard output."""

    process: subprocess.Popen[str]
    log: Path

    @classmethod
    def start(cls, config: Path, log: Path) -> ControllerProcess:
        """Start it; it is not ready yet."""
        argv = [sys.executable, "-m", "controller.app", str(config)]
        with log.open("w") as stderr:
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

    def stop(self, timeout_s: float) -> None:
        """Ask it to end, and wait for that; ServiceError if it had failed, or does not end."""
        cast("IO[str]", self.process.stdin).close()
        try:
            code = self.process.wait(timeout_s)
        except subprocess.TimeoutExpired as error:
            raise ServiceError(f"the controller does not end; its log is {self.log}") from error
        if code != 0:
            raise ServiceError(f"the controller ended with exit code {code}; its log is {self.log}")


def start_redis(host_pid: int, address: IPv4Address, socket: Path, log: Path) -> subprocess.Popen[bytes]:
    """A Redis in a host's network and at a Unix socket, in memory only, answering on return."""
    options = {
        "bind": str(address),
        "unixsocket": str(socket),
        "dir": str(socket.parent),
        "save": "",
        "protected-mode": "no",
    }
    arguments = [word for option, value in options.items() for word in (f"--{option}", value)]
    with log.open("wb") as output:
        process = subprocess.Popen(
            in_network_of(host_pid, ["redis-server", *arguments]), stdout=output, stderr=output, start_new_session=True
        )
    if not _wait_until(lambda: _answers(["redis-cli", "-s", str(socket), "ping"]), 5.0):
        raise ServiceError(f"the session directory's Redis does not answer; its log is {log}")
    return process


def _answers(argv: Sequence[str]) -> bool:
    return subprocess.run(argv, capture_output=True, check=False).returncode == 0


def _wait_until(predicate: Callable[[], bool], timeout_s: float) -> bool:
    deadline = monotonic() + timeout_s
    while not predicate():
        if monotonic() > deadline:
            return False
        sleep(_POLL_S)
    return True
