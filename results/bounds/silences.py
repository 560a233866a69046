"""Bounds of silences: of those that were interruptions, and of those that can have been. Pure; times in ns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from results.bounds.chains import Silent, moved_in, waits_in
from results.bounds.effects import Effects
from results.bounds.gaps import Gaps, gaps_of
from results.bounds.links_variation import explained_by_links, might_miss_packets
from results.bounds.network_silences import of_network, shortest_and_longest
from results.metrics.analysis import Analysis, Evidence
from results.metrics.interruptions import INTERRUPTION_INTERVALS
from results.metrics.matching import Flags, Ints, Packets
from results.metrics.streams import Floats
from results.metrics.system_figures import RelayFigures
from results.run_files.hold_ups import RunDelayPlace

_JOINED_INTERVALS = 3
"""Which packets pass while a lock changes hands depends on the order in which threads meet at it: sound of fewer
nominal intervals than this between two silences need not have been heard."""


@dataclass(frozen=True, slots=True, eq=False)
class BoundedSilences:
    """Silences, a row each; columns of equal length. `stream`: index of the measured stream. `least_ns` to `most_ns`:
    its length without the machine's doings; `most_ns` may be inf. `counted`: it was an interruption as measured."""

    stream: Ints
    from_ns: Ints
    until_ns: Ints
    interval_ns: Ints
    least_ns: Floats
    most_ns: Floats
    counted: Flags
    still: Flags

    @property
    def certain(self) -> Flags:
        """Flags those that are interruptions whatever the machine did."""
        found: Flags = self.counted & (self.least_ns >= INTERRUPTION_INTERVALS * self.interval_ns)
        return found

    @property
    def possible(self) -> Flags:
        """Flags those that can be interruptions."""
        found: Flags = self.counted | (self.most_ns >= INTERRUPTION_INTERVALS * self.interval_ns)
        return found

    def joined(self, effects: Effects) -> BoundedSilences:
        """Silences of a stream between which no sound is certain as one: of what was heard hold-ups can be the cause,
        or the order in which threads met. Its least length is that of its longest part."""
        order = np.lexsort((self.from_ns, self.stream))
        each = self.chosen(order)
        ended_ns, begun_ns = each.until_ns[:-1], each.from_ns[1:]
        waits = (effects.held.waits(RunDelayPlace.RELAY, RunDelayPlace.DIRECTORY),) if effects.locks else ()
        longer_ns = np.maximum(each.most_ns - (each.until_ns - each.from_ns), 0.0)[:-1]
        sound_ns = begun_ns - ended_ns - longer_ns - effects.held.time_in(ended_ns, begun_ns, *waits)
        heard = sound_ns >= _JOINED_INTERVALS * each.interval_ns[1:]
        apart = (np.diff(each.stream) != 0) | heard
        starts = np.flatnonzero(np.concatenate([np.ones(min(1, len(order)), dtype=bool), apart]))
        if not len(starts):
            return self
        last = np.append(starts[1:], len(order)) - 1
        from_ns = each.from_ns[starts]
        return BoundedSilences(
            each.stream[starts],
            from_ns,
            each.until_ns[last],
            each.interval_ns[starts],
            np.maximum.reduceat(each.least_ns, starts),
            np.maximum.reduceat(each.from_ns + each.most_ns, starts) - from_ns,
            np.logical_or.reduceat(each.counted, starts),
            each.still[last],
        )

    def chosen(self, rows: Flags | Ints) -> BoundedSilences:
        """Some of them."""
        return BoundedSilences(
            self.stream[rows],
            self.from_ns[rows],
            self.until_ns[rows],
            self.interval_ns[rows],
            self.least_ns[rows],
            self.most_ns[rows],
            self.counted[rows],
            self.still[rows],
        )


def silences(
    evidence: Evidence, analysis: Analysis, relays: Mapping[str, RelayFigures], effects: Effects
) -> BoundedSilences:
    """Every interruption, and every other gap that without the machine's doings can have been one and no pause."""
    gaps = gaps_of(analysis)
    intervals = np.array([analysis.intervals.get(each.media, 0) for each in analysis.matched.streams], np.int64)
    interval_ns = intervals[gaps.stream]
    least_ns, most_ns = _of_any_cause(evidence, analysis, effects, gaps, interval_ns)
    by_network = of_network(evidence, analysis, relays, effects, gaps)
    least_ns[by_network], most_ns[by_network] = shortest_and_longest(
        evidence, analysis, relays, effects, gaps.chosen(by_network), interval_ns[by_network]
    )
    found = BoundedSilences(
        gaps.stream, gaps.from_ns, gaps.until_ns, interval_ns, least_ns, most_ns, gaps.counted, gaps.still
    )
    return _but_pauses(evidence, analysis, effects, gaps, found)


def _but_pauses(
    evidence: Evidence, analysis: Analysis, effects: Effects, gaps: Gaps, found: BoundedSilences
) -> BoundedSilences:
    """Those that can be interruptions; those that can be pauses instead no longer count as measured."""
    explained = explained_by_links(evidence, analysis, gaps, found.possible)
    shortest_ns = INTERRUPTION_INTERVALS * found.interval_ns
    missing = might_miss_packets(evidence, analysis, effects, gaps, found.interval_ns)
    can_count = gaps.counted | (found.most_ns - np.where(missing, 0, explained) >= shortest_ns)
    counted = found.counted & (found.least_ns - explained >= shortest_ns)
    counted |= found.counted & (explained == 0)
    return replace(found, counted=counted).chosen(found.possible & can_count)


def _of_any_cause(
    evidence: Evidence, analysis: Analysis, effects: Effects, gaps: Gaps, interval_ns: Ints
) -> tuple[Floats, Floats]:
    """The least and the most that each gap can have lasted, whatever it was that ended it."""
    late_ns = _late_before(analysis.matched.packets, effects, gaps)
    chance = _left_to_chance(evidence, analysis, effects, gaps, interval_ns)
    silent = Silent(gaps.stream, gaps.from_ns, effects.known_until(gaps.from_ns, gaps.until_ns), gaps.path)
    waits_ns = waits_in(evidence, analysis, effects.held, silent)
    least_ns = effects.shortest(gaps.from_ns, gaps.until_ns, interval_ns, waits_ns, chance)
    return least_ns, effects.longest(gaps.from_ns, gaps.until_ns, interval_ns, late_ns, chance)


def _left_to_chance(evidence: Evidence, analysis: Analysis, effects: Effects, gaps: Gaps, interval_ns: Ints) -> Flags:
    """Flags silences of which a packet more or less can be no more than chance: a move ended them, at a time that has
    nothing to do with when packets are sent, or an edge of a fault was close to a packet."""
    packets, streams = analysis.matched.packets, analysis.matched.streams
    moved = moved_in(evidence, streams, gaps.stream, gaps.from_ns, gaps.until_ns)
    sent_ns = np.where(gaps.before >= 0, packets.sent_ns[gaps.before], gaps.from_ns)
    found: Flags = moved | effects.left_to_chance(sent_ns, gaps.from_ns, gaps.until_ns, interval_ns)
    return found


def _late_before(packets: Packets, effects: Effects, gaps: Gaps) -> Ints:
    """By how much the packet before each gap can have been late, ns."""
    late = np.zeros(len(gaps.before), np.int64)
    known = np.flatnonzero(gaps.before >= 0)
    rows = gaps.before[known]
    late[known] = effects.held.on_way(packets.due_ns[rows], packets.received_ns[rows])
    return late
