"""The figures of the machine in `summary.json`.

None (null) is unknown, or nothing to measure.
"""

from __future__ import annotations

from dataclasses import dataclass

from results.metrics.figure_types import Count, NonNegative


@dataclass(frozen=True, slots=True)
class WorstSecond:
    """The second in which a share of processor time was largest."""

    percent: NonNegative
    """The share, in percent."""
    at: float
    """When that second began, s since the media start."""


@dataclass(frozen=True, slots=True)
class HoldUpRow:
    """Hold-ups of one part of the testbed while media flowed."""

    what: str
    """What could not go on when it was due: e.g. `receiver us-east`, `core 0`, `packets to send`."""
    total_ms: float
    """For how long in all, ms; of threads without real-time priority the sum of their waits."""
    longest_ms: float
    """The longest, ms; of waits that are known by their sum only, the largest sum between two samples."""
    at: float
    """When that began, s since the media start."""


@dataclass(frozen=True, slots=True)
class MachineFigures:
    """The machine while media flowed, in its worst seconds."""

    used: WorstSecond
    """Processor time used, of all cores."""
    others: WorstSecond
    """Processor time used by programs other than the run's, of all cores."""
    core: WorstSecond
    """Processor time used of the busiest core."""
    stolen: WorstSecond
    """Steal of one core: time that the machine's own host gave to others."""
    squeezed: Count
    """Rounds of the kernel's receive queues that ended with packets left over (time_squeeze in
    /proc/net/softnet_stat), other programs' included."""
    upcalls: Count | None
    """Packets that a switch's datapath had no flow for and passed to ovs-vswitchd."""
