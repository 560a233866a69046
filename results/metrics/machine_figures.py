"""Use of the machine's processors by second, from samples of cumulative counters. Pure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from results.metrics.analysis import Analysis, Evidence
from results.metrics.machine_summary import MachineFigures, WorstSecond
from results.metrics.matching import Ints
from results.metrics.streams import Floats
from results.run_files.machine import MachineSamples


@dataclass(frozen=True, slots=True)
class Peak:
    """The largest share (0 to 1) of a second's processor time, and the start of that second, CLOCK_MONOTONIC ns."""

    share: float
    at_ns: int


@dataclass(frozen=True, slots=True)
class MachineUse:
    """Shares of processor time while media flowed, 0 to 1.

    Of all cores: `stolen` (steal) over the whole time; in the worst second `used_most`, and `others_most`, the part of
    programs other than the run's. Of one core in its worst second: `core_most` (used) and `stolen_most` (steal).
    """

    stolen: float
    used_most: Peak
    others_most: Peak
    core_most: Peak
    stolen_most: Peak


@dataclass(frozen=True, slots=True, eq=False)
class _Seconds:
    """Differences of successive samples, ns. `start_ns` and `own`: [second]; the others: [second, core]."""

    start_ns: Ints
    own: Ints
    busy: Ints
    interrupt: Ints
    idle: Ints
    stolen: Ints

    @property
    def total(self) -> Ints:
        return self.busy + self.interrupt + self.idle + self.stolen


def machine_use(samples: MachineSamples | None, start_ns: int, end_ns: int) -> MachineUse | None:
    """Use of the seconds that lay for the greater part between two times, CLOCK_MONOTONIC ns; None without any.

    A second is the time between two successive samples; it is longer if a busy machine delayed the later one.
    """
    seconds = _seconds(samples, start_ns, end_ns) if samples else None
    if seconds is None:
        return None
    used, whole = seconds.busy + seconds.interrupt, seconds.total.sum(axis=1)
    others = np.maximum(seconds.busy.sum(axis=1) - seconds.own, 0)
    return MachineUse(
        stolen=float(seconds.stolen.sum() / max(int(whole.sum()), 1)),
        used_most=_peak(seconds, _share(used.sum(axis=1), whole)),
        others_most=_peak(seconds, _share(others, whole)),
        core_most=_peak(seconds, _share(used, seconds.total).max(axis=1)),
        stolen_most=_peak(seconds, _share(seconds.stolen, seconds.total).max(axis=1)),
    )


def softnet_growth(samples: MachineSamples, counter: str) -> int:
    """Growth of a column of CORE_SAMPLE from the first sample to the last, summed over cores."""
    return int(_by_core(samples, counter)[[0, -1]].sum(axis=1) @ (-1, 1)) if len(samples.cores) else 0


def clock_step_ns(samples: MachineSamples) -> int:
    """Largest change, between two samples, of CLOCK_REALTIME − CLOCK_MONOTONIC, ns: the realtime clock was set.

    Slewing (adjtime(3)) changes the rate of both clocks alike, and so does not show.
    """
    return int(np.abs(np.diff(samples.machine["clock_offset_ns"])).max(initial=0))


def _seconds(samples: MachineSamples, start_ns: int, end_ns: int) -> _Seconds | None:
    times = samples.machine["at_ns"]
    middle = (times[:-1] + times[1:]) // 2
    within = np.flatnonzero((middle >= start_ns) & (middle < end_ns))
    if not len(within):
        return None
    columns = ("busy_ns", "interrupt_ns", "idle_ns", "stolen_ns")
    return _Seconds(
        times[within],
        np.diff(samples.machine["own_ns"])[within],
        *(np.maximum(np.diff(_by_core(samples, column), axis=0)[within], 0) for column in columns),
    )


def _by_core(samples: MachineSamples, column: str) -> Ints:
    """A column of CORE_SAMPLE as [sample, core], without cores that a sample lacks (taken offline)."""
    cores, seen = np.unique(samples.cores["core"], return_counts=True)
    steady = np.isin(samples.cores["core"], cores[seen == len(samples.machine)])
    rows = samples.cores[steady]
    ordered: Ints = rows[np.lexsort((rows["core"], rows["at_ns"]))][column]
    return ordered.reshape(len(samples.machine), -1)


def _share(part: Ints, whole: Ints) -> Floats:
    shares: Floats = part / np.maximum(whole, 1)
    return shares


def _peak(seconds: _Seconds, shares: Floats) -> Peak:
    second = int(np.argmax(shares))
    return Peak(float(shares[second]), int(seconds.start_ns[second]))


def machine_figures(evidence: Evidence, analysis: Analysis) -> MachineFigures | None:
    """Figures of the machine in the summary; None without samples while media flowed."""
    use = machine_use(evidence.samples, analysis.start_ns, analysis.end_ns)
    if use is None or evidence.samples is None:
        return None

    def worst(peak: Peak) -> WorstSecond:
        return WorstSecond(round(100 * peak.share, 1), analysis.seconds(peak.at_ns))

    return MachineFigures(
        used=worst(use.used_most),
        others=worst(use.others_most),
        core=worst(use.core_most),
        stolen=worst(use.stolen_most),
        squeezed=softnet_growth(evidence.samples, "softnet_squeezed"),
        upcalls=evidence.machine.lookups.missed if evidence.machine else None,
    )
