"""Texts of /proc worked out by hand, and this machine's own."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import pytest
from tries import best

from hostio.procfs import (
    CoreTimes,
    Softnet,
    core_times,
    counter_growth,
    maps,
    parse_receive_drops,
    parse_sent_bytes,
    parse_udp_ports,
    parse_udp_statistics,
    process_time_ns,
    read_clock_offset_ns,
    read_cores,
    read_own_time_ns,
    read_softnet,
    receive_drops,
    softnet,
    udp_ports,
    udp_statistics,
    whole_table,
)
from hostio.timing import MS, S

STAT = """cpu  200 0 50 800 10 0 20 20 7 0
cpu0 100 10 50 400 5 2 10 10 7 0
cpu7 100 0 0 400 5 0 10 10 0 0
intr 12345 0 1
ctxt 99
"""

SOFTNET_NOW = " ".join(["00004735", "00000002", "00000001", *["00000000"] * 9, "00000003", "00000000"]) + "\n"


def test_a_core_is_busy_for_the_time_that_it_is_neither_idle_nor_interrupted_nor_stolen() -> None:
    """And not for that of the ticks that found a process."""
    assert core_times(STAT, 5 * S) == {
        0: CoreTimes(730 * MS, 120 * MS, 4050 * MS, 100 * MS),
        7: CoreTimes(750 * MS, 100 * MS, 4050 * MS, 100 * MS),
    }


def test_receive_queues_name_their_core_or_come_in_order() -> None:
    assert softnet(SOFTNET_NOW) == {3: Softnet(0x4735, 2, 1)}
    assert softnet("0000000a 00000000 00000000\n0000000b 00000001 00000002\n") == {
        0: Softnet(10, 0, 0),
        1: Softnet(11, 1, 2),
    }


def test_a_process_may_be_called_anything() -> None:
    stat = "17 (a) R (b)) S 1 17 17 0 -1 4194560 2000 0 0 0 30 10 5 1 20 0 1 0 100 1000 100\n"
    assert process_time_ns(stat) == 460 * MS


def test_ports_are_those_of_an_address_or_of_any() -> None:
    table = "sl local_address\n 1: 0200000A:9C40 0:0\n 2: 0300000A:9C41 0:0\n 3: 00000000:0035 0:0\n"
    assert parse_udp_ports(table, "10.0.0.2") == {40000, 53}
    of_six = f"sl local_address\n 1: {'0' * 32}:A410 0:0\n 2: {'0' * 31}1:0035 0:0\n"
    assert parse_udp_ports(of_six, "10.0.0.2") == {42000}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bound:
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
        assert port in udp_ports(os.getpid(), "127.0.0.1")


def test_a_socket_is_found_that_the_kernel_skips_where_others_are_closed() -> None:
    """Three readings that lack one, two and none of nine; what would be read after them is not asked."""
    readings = iter(["01245679", "0123459", "012345679"])

    def read() -> str:
        rows = [f" 1: 0100007F:9C4{each} 0:0 07 0:0 0:0 0 0 0 10{each} 2 0 0" for each in next(readings)]
        return "\n".join(["sl local_address", *rows])

    assert parse_udp_ports(whole_table(read), "127.0.0.1") == {40000 + number for number in (*range(8), 9)}


def test_ports_that_are_bound_all_the_while_are_found_while_others_come_and_go() -> None:
    """One reading of /proc/net/udp alone lacks some more often than not: 20 have all of them once in a million."""
    with ExitStack() as lasting:
        sockets = [lasting.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) for _ in range(64)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        bound = {each.getsockname()[1] for each in sockets}
        churn = subprocess.Popen([sys.executable, "-c", CHURN], stdout=subprocess.PIPE)
        try:
            assert churn.stdout is not None
            churn.stdout.readline()
            missing = [bound - udp_ports(os.getpid(), "127.0.0.1") for _ in range(20)]
        finally:
            churn.kill()
            churn.communicate()
    assert missing == [set()] * 20


def test_this_machine() -> None:
    assert sum(read_cores()[0]) > S
    assert read_softnet().keys() & read_cores().keys()
    assert read_own_time_ns() > 0
    assert best(clock_offset_error_ns, lambda found: found < 50 * MS) < 50 * MS


def clock_offset_error_ns() -> int:
    return abs(read_clock_offset_ns() - (time.time_ns() - time.monotonic_ns()))


def test_the_udp_lines_of_the_kernel_are_read_by_name() -> None:
    text = "Ip: Forwarding\nIp: 1\nUdp: InDatagrams NoPorts InErrors\nUdp: 7 2 0\nUdpLite: InDatagrams\nUdpLite: 0\n"
    assert parse_udp_statistics(text) == {"InDatagrams": 7, "NoPorts": 2, "InErrors": 0}
    assert counter_growth({"NoPorts": 2}, {"NoPorts": 5, "InErrors": 1}) == {"NoPorts": 3, "InErrors": 1}


def test_udp_counters_of_this_process_have_the_names_of_their_standard() -> None:
    assert {"InDatagrams", "NoPorts", "InErrors", "OutDatagrams"} <= udp_statistics(os.getpid()).keys()


def test_drops_on_receipt_are_those_of_the_interfaces() -> None:
    interfaces = {path.name for path in Path("/sys/class/net").iterdir() if path.is_dir()}
    assert "lo" in interfaces
    assert receive_drops(os.getpid()).keys() == interfaces


def test_the_drop_column_is_that_of_receipt() -> None:
    text = """Inter-| Receive | Transmit
 face |bytes packets errs drop fifo frame compressed multicast|bytes packets errs drop fifo colls carrier compressed
    lo: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16
s1-lan:900000000 2 3 40 5 6 7 8 9 10 11 12 13 14 15 16
"""
    assert parse_receive_drops(text) == {"lo": 4, "s1-lan": 40}
    assert parse_sent_bytes(text) == {"lo": 9, "s1-lan": 9}


CHURN = """
import random, socket
endpoints = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(200)]
for endpoint in endpoints:
    endpoint.bind(("127.0.0.1", 0))
print(flush=True)
while True:
    endpoints.pop(random.randrange(200)).close()
    endpoints.append(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    endpoints[-1].bind(("127.0.0.1", 0))
"""

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


def test_a_user_is_mapped_if_a_range_has_it() -> None:
    """user_namespaces(7): first number inside, first outside, how many."""
    assert maps("         0          0 4294967295\n", 61184)
    assert not maps("         0       1000          1\n", 61184)
    two = "0 100000 1000\n61184 200000 2\n"
    assert [maps(two, each) for each in (0, 999, 1000, 61183, 61184, 61185, 61186)] == [
        True, True, False, False, True, True, False
    ]  # fmt: skip
