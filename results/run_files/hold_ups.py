"""When the machine held up parts of the testbed: rows of `raw/hold-ups.parquet` and `raw/run-delays.parquet`.

Times are CLOCK_MONOTONIC ns; all rows are of the media window.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray


class HoldUpPlace(IntEnum):
    """What was held up, as HOLD_UP has it."""

    RELAY = 0
    """The packet path of a cluster's relay, of any of its lives."""
    RECEIVER = 1
    SENDER = 2
    PROBER = 3
    LINK = 4
    """The userspace wire, which carries all links; number 0."""
    CORE = 5
    """A processor core, by its number: nothing of the run's could run on it."""


class RunDelayPlace(IntEnum):
    """Whose threads waited for a core, as RUN_DELAY has it."""

    RELAY = 0
    DIRECTORY = 1
    """Redis and, if there is one, its proxy."""
    CONTROLLER = 2
    """Number 0."""
    PEER = 3
    """The ends of TCP connections, and the peers of WebRTC calls."""
    PROBER = 4
    SWITCH = 5
    """ovs-vswitchd; number 0."""


HOLD_UP = np.dtype([("place", "<u1"), ("number", "<u2"), ("from_ns", "<i8"), ("until_ns", "<i8")])
"""A timed wake-up that was late by HOLD_UP_NS (`hostio.lateness_compiled`) or more: from its deadline until its thread
ran; successive ones of a thread that touch are one row. LINK: from when a frame was due until it was released. CORE:
from when its sensor last ran until it ran again. `number`: of RELAY, RECEIVER, SENDER and PROBER the cluster's ordinal.

Also recorded of a relay while a planned fault acts on it: that it was frozen is then the plan's doing."""

RUN_DELAY = np.dtype(
    [("place", "<u1"), ("number", "<u2"), ("from_ns", "<i8"), ("until_ns", "<i8"), ("delay_ns", "<i8")]
)
"""For how long, in sum, threads without real-time priority were ready to run and waited for a core, between two samples
(`run_delay` in the kernel's sched-stats). `number`: ordinal of the cluster of their host. No row where they did not
wait, and none of any place where the kernel does not tell."""


@dataclass(frozen=True, slots=True, eq=False)
class HoldUps:
    """HOLD_UP[n] and RUN_DELAY[m], in no order."""

    late: NDArray[np.void]
    waits: NDArray[np.void]
