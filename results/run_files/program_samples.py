"""Relays that are programs, as seen from outside: rows that the monitor takes while media flow.

Times are CLOCK_MONOTONIC ns; `cluster` is the ordinal of the program's cluster.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from results.run_files.app_metrics import Scrape
from results.run_files.lock_waits import LockWaits
from results.run_files.program_stalls import ProgramStalls
from results.run_files.run_dir import RunDir

PROCESS_SAMPLE = np.dtype(
    [
        ("at_ns", "<i8"),
        ("cluster", "<u2"),
        ("process", "<u4"),
        *((name, "<i8") for name in ("user_ns", "system_ns", "resident_bytes")),
        *((name, "<u4") for name in ("threads", "descriptors")),
        *((name, "<i8") for name in ("voluntary", "involuntary")),
    ]
)
"""A process of a program, once a second. Cumulative since its start: processor time in user and in kernel mode, and
context switches of its threads; of one that has ended, those up to its last sample."""

HOST_SAMPLE = np.dtype([("at_ns", "<i8"), ("cluster", "<u2"), ("received", "<i8"), ("sent", "<i8")])
"""ICMP messages "destination unreachable" of the host of a program, once a second, cumulative."""

UDP_DROP_SAMPLE = np.dtype([("at_ns", "<i8"), ("cluster", "<u2"), ("port", "<u2"), ("drops", "<i8")])
"""A UDP port of a program at which datagrams were dropped because the receive buffer was full, once a second; `drops`
since the port was bound. Ports of the run's own processes have no row."""


@dataclass(frozen=True, slots=True, eq=False)
class ProgramSamples:
    """PROCESS_SAMPLE[n], HOST_SAMPLE[m] and UDP_DROP_SAMPLE[k], each in order of time. `lock_waits`, `stalls`:
    by cluster. `scrapes`: by cluster, where the program has a metrics endpoint."""

    processes: NDArray[np.void]
    hosts: NDArray[np.void]
    udp_drops: NDArray[np.void]
    lock_waits: Mapping[str, LockWaits] = field(default_factory=dict)
    stalls: Mapping[str, ProgramStalls] = field(default_factory=dict)
    scrapes: Mapping[str, Sequence[Scrape]] = field(default_factory=dict)


def program_files(run: RunDir) -> Mapping[Path, np.dtype[Any]]:
    """The files of these rows in a run directory, which it has if a relay is a program, with their types."""
    return {
        run.program_processes: PROCESS_SAMPLE,
        run.program_hosts: HOST_SAMPLE,
        run.program_udp_drops: UDP_DROP_SAMPLE,
    }
