"""Captures of what a process of a run receives, and tshark's statistics of the RTP streams in them."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic_ns

import pytest
from run_lab import descendants

from hostio.procfs import udp_ports
from hostio.timing import wait_until
from topologies.sandbox import in_network_of

_SERVES_WITHIN_S, _ENDS_WITHIN_S = 60.0, 20.0
_STREAM = re.compile(r" 0x([0-9A-F]{8}) +\S+ +(\d+) +(-?\d+) \(")


@dataclass
class Capture:
    """A capture file; `since_ns`: from when on it has all (CLOCK_MONOTONIC); `missed`: packets that it lacks, told once
    it has ended."""

    path: Path
    port: int
    since_ns: int
    missed: int | None = None

    def streams(self) -> dict[int, tuple[int, int]]:
        """Packets and lost packets of each RTP stream by its sequence numbers, by SSRC, as tshark has them."""
        command = ["tshark", "-q", "-r", str(self.path), "-d", f"udp.port=={self.port},rtp", "-z", "rtp,streams"]
        said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
        return {int(each[1], 16): (int(each[2]), int(each[3])) for each in _STREAM.finditer(said)}


@contextmanager
def captured(run_pid: int, address: str, port: int, path: Path) -> Iterator[Capture]:
    """Capture what is sent to UDP port `port` of `address`, within its own host, as soon as somebody receives there."""
    if not (dumpcap := shutil.which("dumpcap")):
        pytest.skip("dumpcap, which comes with tshark, is not installed")
    assert wait_until(lambda: _receiver(run_pid, address, port) is not None, _SERVES_WITHIN_S)
    receiver = _receiver(run_pid, address, port)
    assert receiver
    argv = [dumpcap, "-q", "-i", "lo", "-f", f"dst host {address} and udp dst port {port}", "-w", str(path)]
    with subprocess.Popen(in_network_of(receiver, argv), stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        said = next((line for line in process.stderr if line.startswith("File: ")), "")
        assert said, "dumpcap did not begin"
        capture = Capture(path, port, monotonic_ns())
        try:
            yield capture
        finally:
            process.send_signal(signal.SIGINT)
            told = process.communicate(timeout=_ENDS_WITHIN_S)[1]
    counted = re.search(r"received/dropped on interface .*: (\d+)/(\d+)", told)
    assert counted, told
    capture.missed = int(counted[2])


def _receiver(run_pid: int, address: str, port: int) -> int | None:
    """A process of the run in whose network somebody receives at this port."""
    for pid in descendants(run_pid):
        with suppress(OSError):
            if port in udp_ports(pid, address):
                return pid
    return None
