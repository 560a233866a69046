"""What a process uses, against what it is known to use."""

from __future__ import annotations

import os
import subprocess
import sys

from hostio.process_use import (
    ProcessStat,
    Switches,
    open_descriptors,
    parse_process_stat,
    parse_switches,
    process_stat,
    thread_ids,
    thread_switches,
)

STAT = "42 (a ) name) S 1 42 42 0 -1 4194560 1000 0 0 0 250 125 99 99 20 0 3 0 1234 10000000 300 18446744073709551615"

KNOWN = """
import os, resource, sys, threading
held = bytearray(os.urandom(1) * (64 << 20))
files = [open("/dev/null") for _ in range(40)]
stop = threading.Event()
threads = [threading.Thread(target=stop.wait) for _ in range(5)]
for each in threads: each.start()
while sum(resource.getrusage(resource.RUSAGE_SELF)[:2]) < 0.5: pass
print("ready", flush=True)
sys.stdin.read()
stop.set()
"""


def test_figures_are_taken_from_their_fields() -> None:
    tick_ns = 1_000_000_000 // os.sysconf("SC_CLK_TCK")
    assert parse_process_stat(STAT) == ProcessStat(250 * tick_ns, 125 * tick_ns, 300 * os.sysconf("SC_PAGE_SIZE"), 3)
    status = "Name:\tx\nvoluntary_ctxt_switches:\t17\nnonvoluntary_ctxt_switches:\t4\n"
    assert parse_switches(status) == Switches(17, 4)


def test_a_process_of_known_use() -> None:
    """Independent: what it allocated, opened and started; what wait4(2) says that it used."""
    process = subprocess.Popen(
        [sys.executable, "-c", KNOWN], stdin=subprocess.PIPE, stdout=subprocess.PIPE, close_fds=True
    )
    assert process.stdin
    assert process.stdout
    process.stdout.readline()
    pid = str(process.pid)
    stat, descriptors, switches = process_stat(pid), open_descriptors(pid), dict(thread_switches(pid))
    threads = thread_ids(pid)
    process.stdin.close()
    _, _, usage = os.wait4(process.pid, 0)
    process.returncode = 0
    process.stdout.close()
    assert stat is not None
    assert 0.45 <= (stat.user_ns + stat.system_ns) / 1e9 <= usage.ru_utime + usage.ru_stime + 0.02
    assert 64 << 20 <= stat.resident_bytes <= (usage.ru_maxrss << 10) + (1 << 20)
    assert descriptors == 43, "standard streams, and those it opened"
    assert stat.threads == len(threads) == len(switches) == 6
    assert 0 < sum(each.voluntary for each in switches.values()) <= usage.ru_nvcsw


def test_a_process_that_has_ended_has_no_figures() -> None:
    process = subprocess.Popen(["true"])
    process.wait()
    pid = str(process.pid)
    assert (process_stat(pid), open_descriptors(pid), [*thread_switches(pid)]) == (None, 0, [])
