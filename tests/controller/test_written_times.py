"""When the controller process, on os-ken and on Ryu, sent, wrote and was answered, by its records.

The switches are of the test's own.
"""

from __future__ import annotations

import json
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from select import select
from time import monotonic_ns
from typing import Any

import pytest
from controller_samples import triangle
from ryu_lab import needs_ryu
from wire_switch import WireSwitch, wait_until

from controller.settings import ControllerConfig, ControllerSettings, Framework
from hostio.timing import MS, S
from relay_app.probing.probe_report import ProbeReport
from scenarios.process_faults.frameworks import PYTHON_OF
from topologies.model import Direction

INTERVAL = 20 * MS
DEADLINE_S = 30
PROJECT = Path(__file__).parents[2]


class Lab:
    """The controller and a switch for each cluster of the triangle."""

    def __init__(self, directory: Path, framework: Framework) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            address: tuple[str, int] = free.getsockname()
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


@pytest.fixture(params=["os-ken", pytest.param("ryu", marks=needs_ryu)])
def lab(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Lab]:
    lab = Lab(tmp_path, request.param)
    yield lab
    lab.close()


def test_flow_mods_are_written_before_the_switch_answers_and_after_they_were_queued(lab: Lab) -> None:
    wait_until(lambda: len(lab.records("health")) == 6, DEADLINE_S, lab.probe)
    before = [switch.flow_mods for switch in lab.switches]
    east, _, west = lab.switches
    for switch in (east, west):
        switch.answering.clear()
        switch.asked.clear()
    silent = Direction("east", "west")
    wait_until(lambda: east.asked.is_set() and west.asked.is_set(), DEADLINE_S, lambda: lab.probe(silent))
    asked_ns = monotonic_ns()
    assert [switch.flow_mods - count for switch, count in zip(lab.switches, before, strict=True)] == [16, 0, 16]
    for _ in range(5):
        lab.probe(silent)
    west.answering.set()
    east.answering.set()
    wait_until(lambda: bool(lab.records("decision")), DEADLINE_S, lambda: lab.probe(silent))
    (decision,) = lab.records("decision")
    times = [decision[f"{step}_ns"] for step in ("seen", "decided", "written", "installed")]
    assert times == sorted(times)
    assert decision["decided_ns"] <= decision["sent_ns"] <= decision["installed_ns"]
    assert asked_ns <= decision["installed_ns"]
    assert decision["written_ns"] < decision["installed_ns"], "noted by the socket, not only bounded by the answer"
