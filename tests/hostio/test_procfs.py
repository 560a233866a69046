"""Texts of /proc worked out by hand, and this machine's own."""

from __future__ import annotations

import time

from hostio.procfs import (
    CoreTimes,
    Softnet,
    core_times,
    process_time_ns,
    read_clock_offset_ns,
    read_cores,
    read_own_time_ns,
    read_softnet,
    softnet,
)
from hostio.timing import MS, S

STAT = """cpu  200 0 50 800 10 0 20 20 7 0
cpu0 100 10 50 400 5 2 10 10 7 0
cpu7 100 0 0 400 5 0 10 10 0 0
intr 12345 0 1
ctxt 99
"""

SOFTNET_NOW = " ".join(["00004735", "00000002", "00000001", *["00000000"] * 9, "00000003", "00000000"]) + "\n"


def test_each_core_without_guest_time_counted_twice() -> None:
    assert core_times(STAT) == {
        0: CoreTimes(1600 * MS, 120 * MS, 4050 * MS, 100 * MS),
        7: CoreTimes(1000 * MS, 100 * MS, 4050 * MS, 100 * MS),
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


def test_this_machine() -> None:
    assert sum(read_cores()[0]) > S
    assert read_softnet().keys() & read_cores().keys()
    assert read_own_time_ns() > 0
    assert abs(read_clock_offset_ns() - (time.time_ns() - time.monotonic_ns())) < 50 * MS
