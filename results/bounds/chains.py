"""Waits of threads on which the end of a silence can depend. Pure; times in ns.

A silence ends because a path works again: the controller moved the stream, or a relay came to forward it. So it depends
on the controller and the probers until the last move in it, on the relays that the stream was moved to or passed after
it, on the directory that they ask, and on the switches, whose daemon is asked about the first packets of a new path. Of
the relays at the stream's own ends, which hold its record, it depends only while a lock of their packet path is held:
that path itself has real-time priority.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from controller.decisions import concerns
from hostio.timing import MS
from relay_app.streams import Stream
from results.bounds.held_up import HeldUp
from results.metrics.analysis import Analysis, Evidence
from results.metrics.matching import Flags, Ints
from results.metrics.paths import passes
from results.metrics.system_figures import RelayFigures
from results.run_files.hold_ups import RunDelayPlace
from results.run_files.records import Rows
from topologies.model import Cluster, Direction


@dataclass(frozen=True, slots=True, eq=False)
class Silent:
    """Windows in which streams were silent. `path`: the path log of the packet that ended each, 0 if none did."""

    stream: Ints
    from_ns: Ints
    until_ns: Ints
    path: Ints


def waits_in(evidence: Evidence, analysis: Analysis, held: HeldUp, silent: Silent) -> Ints:
    """The most that threads without real-time priority can have waited in each silence where its end depends on them,
    ns."""
    total = held.waits(RunDelayPlace.DIRECTORY, RunDelayPlace.SWITCH).within(silent.from_ns, silent.until_ns)
    for cluster in evidence.plan.topology.clusters:
        total = total + _of_relay(evidence, analysis, held, silent, cluster)
    control = held.waits(RunDelayPlace.CONTROLLER, RunDelayPlace.PROBER)
    waited: Ints = total + control.within(
        silent.from_ns, last_moves(evidence, analysis.matched.streams, silent.stream, silent.from_ns, silent.until_ns)
    )
    return waited


def _of_relay(evidence: Evidence, analysis: Analysis, held: HeldUp, silent: Silent, cluster: Cluster) -> Ints:
    streams = analysis.matched.streams
    at_end = np.array([cluster.name in (each.source, each.destination) for each in streams], bool)[silent.stream]
    moved_to = np.array([_ever_moved(evidence, each, cluster.name) for each in streams], bool)[silent.stream]
    between = ~at_end & (moved_to | passes(silent.path, cluster.ordinal) | (silent.path == 0))
    waits = held.waits(RunDelayPlace.RELAY, number=cluster.ordinal).within(silent.from_ns, silent.until_ns)
    locked = _lock_held(evidence.recording.relays.get(cluster.name), silent)
    found: Ints = np.where(between, waits, np.where(at_end, np.minimum(waits, locked), 0))
    return found


def _ever_moved(evidence: Evidence, stream: Stream, relay: str) -> bool:
    return any(relay in move.relays and concerns(move, stream.source, stream.destination) for move in evidence.moves)


def _lock_held(samples: Rows | None, silent: Silent) -> Ints:
    """For how long the lock of a relay's packet path was held in each window, by the samples around it, ns."""
    if samples is None or not len(samples):
        return silent.until_ns - silent.from_ns
    first = np.maximum(np.searchsorted(samples["at_ns"], silent.from_ns, side="right") - 1, 0)
    last = np.minimum(np.searchsorted(samples["at_ns"], silent.until_ns), len(samples) - 1)
    held: Ints = (samples["lock_held_ns"][last] - samples["lock_held_ns"][first]).astype(np.int64)
    return held


def moved_in(evidence: Evidence, streams: tuple[Stream, ...], stream: Ints, from_ns: Ints, until_ns: Ints) -> Flags:
    """Flags silences before the end of which the stream was moved."""
    moved: Flags = last_moves(evidence, streams, stream, from_ns, until_ns) < until_ns
    return moved


def last_moves(evidence: Evidence, streams: tuple[Stream, ...], stream: Ints, from_ns: Ints, until_ns: Ints) -> Ints:
    """When the last move of a stream's pair in each silence was installed, ns; without one, the end of the silence: an
    earlier decision might have ended it."""
    last_ns = until_ns.copy()
    for ends in {Direction(each.source, each.destination) for each in streams}:
        installed = np.sort([move.in_force_ns for move in evidence.moves if concerns(move, *ends)])
        mine: Flags = np.array([(each.source, each.destination) == ends for each in streams], bool)[stream]
        if len(installed) and mine.any():
            latest = installed[np.maximum(np.searchsorted(installed, until_ns[mine], side="right") - 1, 0)]
            inside = (latest >= from_ns[mine]) & (latest <= until_ns[mine])
            last_ns[mine] = np.where(inside, latest, until_ns[mine])
    return last_ns


def waited_for_a_lock(evidence: Evidence, analysis: Analysis, cluster: str, figures: RelayFigures) -> bool:
    """Whether a thread of a relay waited the longest packet interval or more for a lock, as its packet path may have;
    without an audit of its locks, too."""
    if cluster not in evidence.locks:
        return True
    longest_ms = figures.lock_wait_ms.max or 0.0
    return longest_ms * MS >= max(analysis.intervals.values(), default=0)
