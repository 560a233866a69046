"""Bounds of the figures of relays. Pure; times in ns, results in the metrics' units.

Of many of these only the sum over the run is recorded. What held up the run from the first move of traffic to a relay
until the media end can have lengthened each of its times, and by what passes the relay meanwhile each of its counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from hostio.timing import MS, S
from relay_app.locks.report import STALL_AFTER_NS, LockReport
from relay_app.records import FETCH, SAMPLE_INTERVAL_NS
from results.bounds.blocks import slices
from results.bounds.chains import waited_for_a_lock
from results.bounds.effects import NOISE_NS, Effects
from results.bounds.interval import UNBOUNDED, Interval, around, exactly, finite
from results.bounds.times import LENGTH_QUANTILES, each_time
from results.metrics.analysis import Analysis, Evidence
from results.metrics.figure_types import LengthQuantiles
from results.metrics.matching import Ints
from results.metrics.relay_figures import asked_in_media, moved_streams
from results.metrics.system_figures import ProgramFigures, RelayFigures
from results.run_files.hold_ups import RunDelayPlace

_MS = 1e6
_INF = float("inf")
_PACKET_KIB = 2.25
"""Memory that the kernel accounts for a small packet in a receive buffer, KiB (skb truesize of 2304 bytes)."""

_EXACT = ("cached", "moved", "lock_inversions")
"""Neither does any hold-up change these, nor does it add to them."""

_OF_LOCKS = ("lock_wait_ms", "lock_hold_ms")
"""In which order threads meet at a lock is chance: without hold-ups they can have waited, or held it, longer."""

_DELAYED_ACK_NS = 50 * MS
"""Least time for which TCP delays an acknowledgement (Linux, TCP_DELACK_MIN: 40 ms), and the longest tick of its timer
(HZ=100): the next segment may wait for it if what was held up was longer than usual."""

_MOST = 0.8
"""Share of the time of a stall for which the lock was held, from which on it may have been one."""

_PACKETS = ("received", "forwarded")
_ONLY_ADDED_TO = ("fetched_keys", "never_forwarded")
"""Counts that grow while something is held up: without, they can be anything down to 0."""

_HEARD_WITHIN_NS = 10 * MS
"""Between a local repair and the controller's hearing of it, at most."""


@dataclass(frozen=True, slots=True)
class _Reach:
    """What hold-ups can have changed at a relay: a time by `time_ns`, a count by `packets`; inf if there is a doubt.

    `drift` as in HeldUp.
    """

    time_ns: float
    packets: float
    drift: float
    first_ns: float
    """How well it is known when a moved stream was first served, after it was moved: to a packet interval, and to what
    held up the switches' answers, from which on that counts."""
    sampled: float
    """Packets that come between two samples of the relay."""


def relay_bounds(
    evidence: Evidence, analysis: Analysis, cluster: str, figures: RelayFigures, effects: Effects
) -> Iterator[tuple[str, Interval]]:
    """Bounds of every number of `relay.<cluster>`, by its name there."""
    reach = _reach(evidence, analysis, cluster, effects)
    # Which packets wait for a lock, and whether that is once for long or often for less, is chance.
    chance = _INF if waited_for_a_lock(evidence, analysis, cluster, figures) else 0.0
    doubtful = reach.time_ns == _INF
    for name in _EXACT:
        yield name, UNBOUNDED if doubtful else exactly(getattr(figures, name))
    yield "lock_held_across_io_ms", _shorter(figures.lock_held_across_io_ms, reach)
    yield "catch_up_ms", _shorter(figures.catch_up_ms, reach, reach.first_ns)
    yield from _each("first_forwarded_ms", figures.first_forwarded_ms, reach, reach.first_ns)
    for name in _OF_LOCKS:
        yield from _each(name, getattr(figures, name), reach, _INF)
    for name in _PACKETS:
        yield name, _count(getattr(figures, name), reach)
    yield "receive_buffer", _count(figures.receive_buffer, reach, chance)
    for name in _ONLY_ADDED_TO:
        yield name, _fewer(getattr(figures, name), reach)
    yield from ((f"dropped.{reason}", _count(count, reach)) for reason, count in figures.dropped.items())
    yield "queue_most", around(figures.queue_most, reach.packets + reach.sampled, reach.sampled)
    waiting = figures.waiting_most_kib
    yield "waiting_most_kib", around(waiting, *(_PACKET_KIB * each for each in (reach.packets, reach.sampled + chance)))
    yield "lock_waiters_most", Interval(0.0, None)  # it depends on the order in which threads meet
    yield "hit_percent", _hits(evidence, cluster, figures, doubtful=doubtful)
    yield "fetches_per_key", _fewer(figures.fetches_per_key, reach, least=min(1.0, figures.fetches_per_key))
    yield "stalls", _stalls(evidence, cluster, figures.stalls, reach, effects)
    yield from _fetch_times(evidence, analysis, cluster, effects)


def program_bounds(
    evidence: Evidence, analysis: Analysis, cluster: str, figures: ProgramFigures, effects: Effects
) -> Iterator[tuple[str, Interval]]:
    """Bounds of the numbers of a relay that is a program, by their names in `relay.<cluster>`."""
    reach = _reach(evidence, analysis, cluster, effects)
    yield "moved", UNBOUNDED if reach.time_ns == _INF else exactly(figures.moved)
    yield "receive_buffer", _count(figures.receive_buffer, reach, _INF)
    if figures.never_forwarded is not None:
        yield "never_forwarded", _fewer(figures.never_forwarded, reach)
        yield "catch_up_ms", _shorter(figures.catch_up_ms, reach, reach.first_ns)
        yield from _each("first_forwarded_ms", figures.first_forwarded_ms, reach, reach.first_ns)


def _reach(evidence: Evidence, analysis: Analysis, cluster: str, effects: Effects) -> _Reach:
    drift = effects.held.drift
    if effects.doubt is not None:
        return _Reach(_INF, _INF, drift, _INF, _INF)
    moved = moved_streams(evidence, analysis, cluster)
    rate = _busiest_second(analysis)
    first_ns = max(analysis.intervals.values(), default=0) + _answers_late(evidence, effects, cluster)
    window = np.array([min(moved.values(), default=analysis.start_ns)]), np.array([analysis.end_ns])
    time_ns = float((_time(evidence, cluster, effects, *window) + effects.edges.within(*window))[0])
    return _Reach(time_ns, np.ceil(time_ns * rate / S), drift, first_ns, np.ceil(SAMPLE_INTERVAL_NS * rate / S))


def _answers_late(evidence: Evidence, effects: Effects, cluster: str) -> int:
    """The most that any move to a relay was held up between its decision and the switches' answers, ns."""
    moves = [move for move in evidence.moves if cluster in move.relays and move.repaired_ns is None]
    decided_ns = np.array([move.decided_ns for move in moves], np.int64)
    installed_ns = np.array([move.installed_ns for move in moves], np.int64)
    control = effects.held.waits(RunDelayPlace.CONTROLLER, RunDelayPlace.SWITCH)
    return int(effects.held.time_in(decided_ns, installed_ns, control).max(initial=0))


def _hits(evidence: Evidence, cluster: str, figures: RelayFigures, *, doubtful: bool) -> Interval:
    """A record that was asked for before the switches had answered, or before the controller had heard that they had
    made the move themselves, counts as one that the relay had."""
    if figures.hit_percent is None or doubtful or not figures.moved:
        return UNBOUNDED
    fetches = evidence.recording.fetches.get(cluster, np.empty(0, FETCH))
    early = 0
    for move in (move for move in evidence.moves if cluster in move.relays):
        known_ns = move.in_force_ns
        first_ns = move.decided_ns if move.repaired_ns is None else known_ns - _HEARD_WITHIN_NS
        asked = (fetches["asked_ns"] >= first_ns) & (fetches["asked_ns"] < known_ns)
        early += len(np.unique(fetches["ssrc"][asked]))
    return around(figures.hit_percent, 100 * early / figures.moved, 0.0)


def _time(evidence: Evidence, cluster: str, effects: Effects, from_ns: Ints, until_ns: Ints) -> Ints:
    """What hold-ups, and waits of the relay and of the directory that it asks, can have taken of each window, ns."""
    ordinal = evidence.plan.topology.cluster(cluster).ordinal
    relay = effects.held.waits(RunDelayPlace.RELAY, number=ordinal)
    return effects.held.time_in(from_ns, until_ns, relay, effects.held.waits(RunDelayPlace.DIRECTORY))


def _busiest_second(analysis: Analysis) -> int:
    due_ns = analysis.matched.packets.due_ns
    counts = np.zeros(1 + max(0, int(due_ns.max(initial=0)) - analysis.start_ns) // S, np.int64)
    for rows in slices(len(due_ns)):
        counts += np.bincount((due_ns[rows] - analysis.start_ns).clip(0) // S, minlength=len(counts))
    return int(counts.max())


def _zero_or(reach: _Reach) -> float:
    return _INF if reach.packets == _INF else 0.0


def _shorter(value_ms: float | None, reach: _Reach, more_ns: float = 0.0) -> Interval:
    """A time that hold-ups only lengthen; `more_ns`: by how much something else can have made it longer or shorter."""
    noise_ms = NOISE_NS / _MS + reach.drift * (value_ms or 0.0)
    less_ms = (reach.time_ns + (more_ns if more_ns != _INF else 0.0)) / _MS
    return around(value_ms, less_ms + noise_ms, _INF if reach.time_ns == _INF else noise_ms + more_ns / _MS)


def _each(name: str, values: LengthQuantiles, reach: _Reach, more_ns: float = 0.0) -> Iterator[tuple[str, Interval]]:
    for which, _ in LENGTH_QUANTILES:
        yield f"{name}.{which}", _shorter(getattr(values, which), reach, more_ns)


def _count(count: int, reach: _Reach, chance: float = 0.0) -> Interval:
    """A count of packets; what did not happen to any of them would not have without the hold-ups, but by `chance`."""
    return around(count, reach.packets, (reach.packets if count else _zero_or(reach)) + chance)


def _fewer(count: float, reach: _Reach, least: float = 0.0) -> Interval:
    return around(count, count if reach.time_ns else 0.0, _zero_or(reach), least)


def _stalls(evidence: Evidence, cluster: str, stalls: int, reach: _Reach, effects: Effects) -> Interval:
    """Stalls that would have been long enough to be stalls without what held them up. If the lock was held for most
    of as long, in pieces, another order of threads can have made one of them."""
    locks = evidence.locks.get(cluster, LockReport())
    begun_ns = np.array([each.at_ns for each in locks.stalls], np.int64)
    lasted_ns = np.array([each.lasted_ns for each in locks.stalls], np.int64)
    held_ns = _time(evidence, cluster, effects, begun_ns, begun_ns + lasted_ns)
    certain = np.count_nonzero(lasted_ns - held_ns >= STALL_AFTER_NS)
    chance = _INF if _nearly_stalled(evidence, cluster) else 0.0
    return finite(0 if reach.time_ns == _INF else min(stalls, int(certain)), stalls + _zero_or(reach) + chance)


def _nearly_stalled(evidence: Evidence, cluster: str) -> bool:
    """Whether the lock of a relay's packet path was held for most of a time as long as a stall, by its samples."""
    samples = evidence.recording.relays.get(cluster)
    if samples is None or not len(samples):
        return False
    at_ns, held_ns, life = samples["at_ns"], samples["lock_held_ns"], samples["life"]
    last = np.minimum(np.searchsorted(at_ns, at_ns + STALL_AFTER_NS), len(samples) - 1)
    held = held_ns[last] - held_ns
    return bool(((life[last] == life) & (held >= _MOST * STALL_AFTER_NS)).any())


def _fetch_times(
    evidence: Evidence, analysis: Analysis, cluster: str, effects: Effects
) -> Iterator[tuple[str, Interval]]:
    fetches = evidence.recording.fetches.get(cluster, np.empty(0, FETCH))
    asked = asked_in_media(evidence, analysis, fetches)
    asked_ns, answered_ns = asked["asked_ns"].astype(np.int64), asked["answered_ns"].astype(np.int64)
    held_ns = _time(evidence, cluster, effects, asked_ns, answered_ns)
    held_ns = np.minimum(held_ns + np.where(held_ns > 0, _DELAYED_ACK_NS, 0), answered_ns - asked_ns)
    return each_time("fetch_ms", asked_ns, answered_ns, held_ns, effects)
