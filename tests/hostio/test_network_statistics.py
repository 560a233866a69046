"""Counters of a network namespace against what the kernel says of them elsewhere."""

from __future__ import annotations

import os
from pathlib import Path

from hostio.network_statistics import (
    changed,
    dropped_on_receipt,
    parse_dropped_on_receipt,
    parse_udp_statistics,
    udp_statistics,
)


def test_the_udp_lines_of_the_kernel_are_read_by_name() -> None:
    text = "Ip: Forwarding\nIp: 1\nUdp: InDatagrams NoPorts InErrors\nUdp: 7 2 0\nUdpLite: InDatagrams\nUdpLite: 0\n"
    assert parse_udp_statistics(text) == {"InDatagrams": 7, "NoPorts": 2, "InErrors": 0}
    assert changed({"NoPorts": 2}, {"NoPorts": 5, "InErrors": 1}) == {"NoPorts": 3, "InErrors": 1}


def test_udp_counters_of_this_process_have_the_names_of_their_standard() -> None:
    assert {"InDatagrams", "NoPorts", "InErrors", "OutDatagrams"} <= udp_statistics(os.getpid()).keys()


def test_drops_on_receipt_are_those_of_the_interfaces() -> None:
    interfaces = {path.name for path in Path("/sys/class/net").iterdir() if path.is_dir()}
    assert dropped_on_receipt(os.getpid()).keys() == interfaces


def test_the_drop_column_is_that_of_receipt() -> None:
    text = """Inter-| Receive | Transmit
 face |bytes packets errs drop fifo frame compressed multicast|bytes packets errs drop fifo colls carrier compressed
    lo: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16
s1-lan:900000000 2 3 40 5 6 7 8 9 10 11 12 13 14 15 16
"""
    assert parse_dropped_on_receipt(text) == {"lo": 4, "s1-lan": 40}
