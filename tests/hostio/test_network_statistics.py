"""Counters of a network namespace against what the kernel says of them elsewhere."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hostio.procfs import counter_growth, parse_receive_drops, parse_udp_statistics, receive_drops, udp_statistics


def test_the_udp_lines_of_the_kernel_are_read_by_name() -> None:
    text = "Ip: Forwarding\nIp: 1\nUdp: InDatagrams NoPorts InErrors\nUdp: 7 2 0\nUdpLite: InDatagrams\nUdpLite: 0\n"
    assert parse_udp_statistics(text) == {"InDatagrams": 7, "NoPorts": 2, "InErrors": 0}
    assert counter_growth({"NoPorts": 2}, {"NoPorts": 5, "InErrors": 1}) == {"NoPorts": 3, "InErrors": 1}


def test_udp_counters_of_this_process_have_the_names_of_their_standard() -> None:
    assert {"InDatagrams", "NoPorts", "InErrors", "OutDatagrams"} <= udp_statistics(os.getpid()).keys()


def test_drops_on_receipt_are_those_of_the_interfaces() -> None:
    interfaces = {path.name for path in Path("/sys/class/net").iterdir() if path.is_dir()}
    assert receive_drops(os.getpid()).keys() == interfaces


def test_the_drop_column_is_that_of_receipt() -> None:
    text = """Inter-| Receive | Transmit
 face |bytes packets errs drop fifo frame compressed multicast|bytes packets errs drop fifo colls carrier compressed
    lo: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16
s1-lan:900000000 2 3 40 5 6 7 8 9 10 11 12 13 14 15 16
"""
    assert parse_receive_drops(text) == {"lo": 4, "s1-lan": 40}


TO_A_SOCKET_THAT_TAKES_NOTHING = """
import json, os, socket, subprocess
from hostio.procfs import counter_growth, udp_statistics
from hostio.sockets import attach_filter
from topologies.bpf.program import NO_MATCH, RETURN, Instruction, machine_code
subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
endpoint = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
endpoint.bind(("127.0.0.1", 0))
attach_filter(endpoint, machine_code((Instruction(RETURN, operand=NO_MATCH),)))
before = udp_statistics(os.getpid())
for _ in range(5):
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"five", endpoint.getsockname())
print(json.dumps(counter_growth(before, udp_statistics(os.getpid()))))
"""


@pytest.mark.root
def test_what_a_socket_does_not_take_is_an_error_of_no_other_name() -> None:
    argv = ["unshare", "--net", sys.executable, "-c", TO_A_SOCKET_THAT_TAKES_NOTHING]
    counted = json.loads(subprocess.run(argv, capture_output=True, text=True, check=True).stdout)
    names = ("InErrors", "RcvbufErrors", "InCsumErrors", "NoPorts", "InDatagrams")
    assert [counted[name] for name in names] == [5, 0, 0, 0, 0]
