"""Samples of a program, taken of a child of known doings in our own network namespace."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from hostio.procfs import UdpSocket, icmp_unreachable, parse_udp_sockets
from hostio.sockets import udp_drops
from results.run_files.program_samples import HOST_SAMPLE, PROCESS_SAMPLE, UDP_DROP_SAMPLE
from results.run_files.run_dir import RunDir
from scenarios.run.program_sampler import ProgramProcesses, ProgramSampler

ORDINAL = 7

NET_UDP = """\
   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
  129: 0200000A:9C40 00000000:0000 07 00000000:00000900 00:00000000 00000000     0        0 93021 2 ffff9d 17
"""


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sleep", "1000"]) as process:
        yield process
        process.kill()


def test_a_socket_is_read_from_its_line() -> None:
    assert parse_udp_sockets(NET_UDP) == [UdpSocket(40000, 0x900, 17)]


def test_processes_in_the_host_of_a_program_are_its_own(child: subprocess.Popen[bytes]) -> None:
    found = set(ProgramProcesses({ORDINAL: os.getpid()}, frozenset({ORDINAL})).found())
    assert (ORDINAL, str(child.pid)) in found
    assert (ORDINAL, str(os.getpid())) not in found, "the process that holds the namespace"
    assert not set(ProgramProcesses({ORDINAL: os.getpid()}, frozenset()).found())


def test_rows_of_processes_hosts_and_ports(child: subprocess.Popen[bytes], tmp_path: Path) -> None:
    """Independent: the socket's own count of drops (SO_MEMINFO), and a datagram to a port that nobody has bound."""
    sampler = ProgramSampler(ProgramProcesses({ORDINAL: os.getpid()}, frozenset({ORDINAL})))
    sampler.sample()
    before = icmp_unreachable(str(os.getpid()))
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as full,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as to,
    ):
        full.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        full.bind(("127.0.0.1", 0))
        port = full.getsockname()[1]
        for _ in range(50):
            to.sendto(bytes(500), ("127.0.0.1", port))
        to.sendto(b"", ("127.0.0.1", _unbound_port()))
        sampler.sample()
        lost = udp_drops(full)
    run = RunDir(tmp_path)
    sampler.save(run)
    processes, hosts, drops = (
        np.load(run.staged(path)) for path in (run.program_processes, run.program_hosts, run.program_udp_drops)
    )
    assert (processes.dtype, hosts.dtype, drops.dtype) == (PROCESS_SAMPLE, HOST_SAMPLE, UDP_DROP_SAMPLE)
    rows = processes[processes["process"] == child.pid]
    assert [*rows["threads"]] == [1, 1]
    assert 0 < lost == drops["drops"][(drops["port"] == port) & (drops["cluster"] == ORDINAL)].max()
    assert before is not None
    assert hosts["sent"][-1] > before.sent >= hosts["sent"][0]


def _unbound_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
