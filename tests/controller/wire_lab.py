"""The controller process against switches of the test's own, over TCP."""

from __future__ import annotations

import json
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from select import select
from time import monotonic_ns
from typing import Any

from controller_samples import triangle

from benchmarks.wire_switch import WireSwitch
from controller.settings import ControllerConfig, ControllerSettings, Framework
from hostio.timing import MS, S
from relay_app.probing.probe_report import ProbeReport
from scenarios.process_faults.frameworks import PYTHON_OF
from topologies.model import Direction

INTERVAL = 20 * MS
DEADLINE_S = 30
PROJECT = Path(__file__).parents[2]


class WireLab:
    """The controller and a switch for each cluster of the triangle."""

    def __init__(self, directory: Path, framework: Framework) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            address: tuple[str, int] = free.getsockname()
        self.address = address
        settings = ControllerSettings(probe_interval_ns=INTERVAL)
        self.config = ControllerConfig(
            triangle(), settings, directory / "telemetry", directory / "decisions", address[0], address[1]
        )
        written = directory / "config.json"
        written.write_text(self.config.to_json(), encoding="utf-8")
        command = [*PYTHON_OF[framework], "-m", "controller.app", str(written)]
        self.process = subprocess.Popen(command, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.telemetry = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.sequence = 0
        self.switches: list[WireSwitch] = []
        assert self.said() == "listening"
        self.switches = [WireSwitch(cluster.ordinal, address) for cluster in self.config.topology.clusters]
        assert self.said() == "installed"
        self.telemetry.connect(str(self.config.telemetry))

    def said(self) -> Any:
        assert self.process.stdout
        return json.loads(self.process.stdout.readline())["ready"]

    def probe(self, without: Direction | None = None) -> None:
        self.sequence += 1
        now_ns = monotonic_ns()
        for direction in self.config.topology.directions:
            if direction != without:
                ends = self.config.topology.ordinals(direction)
                self.telemetry.send(ProbeReport(*ends, self.sequence, now_ns - 15 * MS, now_ns).encode())
        select([], [], [], INTERVAL / S)

    def records(self, kind: str) -> list[dict[str, Any]]:
        lines = self.config.decisions.read_text(encoding="utf-8").splitlines()
        return [record for record in map(json.loads, lines) if record["kind"] == kind]

    def close(self) -> None:
        for switch in self.switches:
            switch.close()
        self.telemetry.close()
        self.process.kill()
        self.process.communicate()


def wait_until(predicate: Callable[[], bool], deadline_s: float, meanwhile: Callable[[], object]) -> None:
    """Do something over and over until a predicate holds; AssertionError once the time is over."""
    deadline = time.monotonic() + deadline_s
    while not predicate():
        assert time.monotonic() < deadline
        meanwhile()
