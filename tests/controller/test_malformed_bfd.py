"""BFD that is none, or hostile, at the ports of a real Open vSwitch: switches, sessions and controller go on."""

from __future__ import annotations

import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence

import pytest
from controller_samples import triangle
from hypothesis import given, settings
from hypothesis import strategies as st
from ovs_lab import OvsLab
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether
from scapy.packet import Raw

from controller.settings import ControllerConfig, ControllerSettings
from hostio.timing import MS, wait_until
from relay_app.probing.probe_report import ProbeReport
from topologies.bfd import BFD_PORT, bfd_settings

pytestmark = pytest.mark.root

DEADLINE_S = 60
FUZZED = "s1-3"
"""East's port to the link to west."""

WORDS = st.sampled_from([0, 1, 50_000, (1 << 32) - 1]) | st.integers(0, (1 << 32) - 1)
OCTETS = st.integers(0, 255)
CONTROL = st.builds(
    # RFC 5880 §4.1: version and diagnostic, state and flags, multiplier, length; discriminators; three intervals.
    lambda *fields: struct.pack("!BBBBIIIII", *fields),
    *(st.just(0x20) | OCTETS, OCTETS, st.sampled_from([0, 3, 255]), st.sampled_from([24, 24, 0, 23, 26, 255])),
    *(WORDS,) * 5,
)
BODIES = (
    CONTROL
    | st.binary(max_size=60)
    | st.builds(lambda body, cut, end: body[:cut] + end, CONTROL, st.integers(0, 24), st.binary(max_size=9))
)


def frame(body: bytes, ttl: int, length: int | None) -> str:
    """With a BFD packet's addresses and port; `length`: what its UDP header says, if it lies."""
    datagram = UDP(sport=49152, dport=BFD_PORT)
    datagram.len = length
    addressed = Ether(src="02:00:00:00:00:99", dst="02:00:00:00:00:01") / IP(
        src="169.254.1.9", dst="169.254.1.1", ttl=ttl
    )
    return bytes(addressed / datagram / Raw(body)).hex()


FRAMES = st.builds(
    frame, BODIES, st.sampled_from([255, 255, 255, 254, 1, 0]), st.none() | st.sampled_from([0, 7, 8, 65535])
)


class Lab(OvsLab):
    """The controller with switches whose links run BFD."""

    def up(self, *ports: str) -> bool:
        """Whether the sessions at these ports are."""
        return all("Local Session State: up" in self.daemon("bfd/show", port) for port in ports)

    def join(self) -> list[str]:
        """Connect the two ports of every link, and run BFD over it; the ports."""
        database = f"unix:{self.directory}/db.sock"
        bfd = bfd_settings(self.config.settings.bfd_interval_ns).split()
        ports = []
        for link in self.config.topology.links:
            a, b = self.config.topology.ordinals(link.directions[0])
            path = f"{self.directory}/link-{a}-{b}"
            for port, option in ((f"s{a}-{b}", f"pstream=punix:{path}"), (f"s{b}-{a}", f"stream=unix:{path}")):
                command = ["ovs-vsctl", f"--db={database}", "set", "interface", port, f"options:{option}", *bfd]
                subprocess.run(command, check=True)
                ports.append(port)
        return ports

    def begin(self) -> None:
        """A first probe, with which the controller begins to watch."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as telemetry:
            telemetry.connect(str(self.config.telemetry))
            now_ns = time.monotonic_ns()
            telemetry.send(ProbeReport(1, 2, 1, now_ns - 15 * MS, now_ns).encode())

    def reroutes(self) -> int:
        """How many rules of reroutes the switch at east has."""
        return sum("priority=200" in flow for flow in self.flows(1))


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    directory = tmp_path_factory.mktemp("bfd")
    config = ControllerConfig(
        triangle(),
        ControllerSettings(detect=("bfd",), hold_ns=100 * MS),
        directory / "telemetry",
        directory / "decisions",
    )
    lab = Lab(directory, config, "dummy", sys.executable, "-m", "controller.app")
    try:
        assert [lab.line(), lab.line()] == [{"ready": "listening"}, {"ready": "installed"}]
        ports = lab.join()
        assert wait_until(lambda: lab.up(*ports), DEADLINE_S)
        lab.begin()
        assert lab.line() == {"ready": "watching"}
        yield lab
        assert lab.end() == 0
    finally:
        lab.destroy()


@given(st.lists(FRAMES, min_size=20, max_size=80))
@settings(max_examples=4, derandomize=True, deadline=None, database=None)
def test_whatever_comes_to_a_port_its_session_is_up_again_once_it_ends(lab: Lab, frames: Sequence[str]) -> None:
    """A packet that is well formed may well take a session down (RFC 5880 §6.8.6), as none is authenticated."""
    (daemon,) = (path.stem for path in lab.directory.glob("ovs-vswitchd.*.ctl"))
    lab.daemon("netdev-dummy/receive", FUZZED, *frames)
    assert wait_until(lambda: lab.up(FUZZED, "s3-1", "s1-2"), DEADLINE_S)
    assert [path.stem for path in lab.directory.glob("ovs-vswitchd.*.ctl")] == [daemon]
    assert lab.process.poll() is None


def test_afterwards_the_controller_moves_the_lanes_of_a_port_that_goes_down(lab: Lab) -> None:
    assert wait_until(lambda: lab.reroutes() == 0, DEADLINE_S)
    lab.ofctl(1, "mod-port", "3", "down")
    assert wait_until(lambda: lab.reroutes() == 16, DEADLINE_S)
