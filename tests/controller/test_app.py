"""The controller process against a real Open vSwitch, in a sandbox of its own, on os-ken and on Ryu."""

from __future__ import annotations

import json
import re
import select
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from controller_samples import triangle
from ovs_lab import OvsLab
from ryu_lab import needs_ryu

from controller.settings import ControllerConfig, ControllerSettings, Framework
from controller.traffic import PairTraffic, Traffic
from hostio.timing import MS, S
from relay_app.probing.probe_report import ProbeReport
from scenarios.process_faults.frameworks import PYTHON_OF
from topologies.model import Direction

pytestmark = pytest.mark.root

INTERVAL = 20 * MS
DEADLINE_S = 60


class Lab(OvsLab):
    """A running controller with its switches, and the probes of all links."""

    def __init__(self, directory: Path, framework: Framework) -> None:
        self.topology = triangle()
        settings = ControllerSettings(probe_interval_ns=INTERVAL, hold_ns=200 * MS)
        files = (directory / "telemetry", directory / "decisions")
        traffic = Traffic((PairTraffic("east", "west", (50,) * 16),))
        config = ControllerConfig(self.topology, settings, *files, traffic=traffic)
        super().__init__(directory, config, "dummy", *PYTHON_OF[framework], "-m", "controller.app")
        self.telemetry = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.sequence = 0

    def start(self) -> None:
        assert self.line() == {"ready": "listening"}
        assert self.line() == {"ready": "installed"}
        self.telemetry.connect(str(self.config.telemetry))
        self.probe_until(lambda: len(self.records("health")) == 6)

    def probe_until(self, predicate: Callable[[], bool], without: Direction | None = None) -> None:
        deadline = time.monotonic() + DEADLINE_S
        while not predicate():
            assert time.monotonic() < deadline, self.config.decisions.read_text(encoding="utf-8")
            self.probe(without)
            select.select([self.stdout], [], [], INTERVAL / S)

    def probe(self, without: Direction | None) -> None:
        self.sequence += 1
        now_ns = time.monotonic_ns()
        for direction in self.topology.directions:
            if direction != without:
                ends = [self.topology.cluster(name).ordinal for name in direction]
                self.telemetry.send(ProbeReport(ends[0], ends[1], self.sequence, now_ns - 15 * MS, now_ns).encode())

    def records(self, kind: str) -> list[dict[str, Any]]:
        lines = self.config.decisions.read_text(encoding="utf-8").splitlines()
        return [record for record in map(json.loads, lines) if record["kind"] == kind]

    def destroy(self) -> None:
        super().destroy()
        self.telemetry.close()


@pytest.fixture(params=["os-ken", pytest.param("ryu", marks=needs_ryu)])
def lab(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Lab]:
    lab = Lab(tmp_path, request.param)
    try:
        lab.start()
        yield lab
        assert lab.end() == 0
        assert not lab.config.telemetry.exists()
    finally:
        lab.destroy()


def direct(own: int, others: list[int]) -> set[str]:
    outputs = {own: 254, **{other: other for other in others}}
    apart = {(1, 3), (3, 1)} & {(own, other) for other in others}
    return {f"priority=100,ip,nw_dst=10.0.0.{host} actions=output:{port}" for host, port in outputs.items()} | {
        f"priority=150,udp,in_port=254,nw_dst=10.0.0.{towards},tp_dst={40000 + lane} actions=output:{towards}"
        for _, towards in apart
        for lane in range(16)
    }


def lanes(towards: int) -> set[str]:
    rewrite = "set_field:02:00:00:00:00:02->eth_dst,set_field:10.0.0.2->ip_dst,output:2"
    return {
        f"priority=200,udp,in_port=254,nw_dst=10.0.0.{towards},tp_dst={40000 + lane} actions={rewrite}"
        for lane in range(16)
    }


def trace(lab: Lab, udp_port: int) -> tuple[list[str], list[str]]:
    """Where the switch at east sends a packet of its host to west, and the destinations it leaves with."""
    packet = f"in_port=254,udp,dl_dst=02:00:00:00:00:03,nw_dst=10.0.0.3,udp_dst={udp_port}"
    told = lab.daemon("ofproto/trace", "s1", packet)
    final = re.findall(r"Final flow: (.*)", told)
    return re.findall(r"output:\d+", told), re.findall(r"(?:dl|nw)_dst=([0-9a-f.:]+)", final[0])


def test_a_silent_direction_moves_the_lanes_and_its_return_moves_them_back(lab: Lab) -> None:
    assert lab.flows(1) == direct(1, [2, 3])
    lab.probe_until(lambda: len(lab.records("decision")) == 1, without=Direction("east", "west"))
    assert lab.flows(1) == direct(1, [2, 3]) | lanes(3)
    assert len(lab.flows(3) - direct(3, [1, 2])) == 16
    assert lab.flows(2) == direct(2, [1, 3])
    assert trace(lab, 40015) == (["output:2"], ["02:00:00:00:00:02", "10.0.0.2"])
    assert trace(lab, 40016) == (["output:3"], [])
    lab.probe_until(lambda: len(lab.records("decision")) == 2)
    assert lab.flows(1) == direct(1, [2, 3])
    away, back = lab.records("decision")
    assert (away["a"], away["b"], away["via"], back["via"]) == ("east", "west", "central", None)
    for decision in (away, back):
        times = [decision[f"{step}_ns"] for step in ("seen", "decided", "sent", "written", "installed")]
        assert times == sorted(times)


def test_port_down_reroutes_and_a_reconnected_switch_is_restored(lab: Lab) -> None:
    lab.ofctl(1, "mod-port", "3", "down")
    lab.probe_until(lambda: len(lab.records("decision")) == 1)
    assert lab.records("decision")[0]["reason"] == "east→west: port down"
    before = lab.flows(1)
    lab.ofctl(1, "del-flows")
    lab.daemon("bridge/reconnect", "s1")
    lab.probe_until(lambda: lab.flows(1) == before)
