"""Packets that senders sent late: inputs of all that happens to the media. Pure; times in ns.

When a packet is due follows from the plan alone: no sender waits for what became of packets before. What happens to the
media, a wait for the later of several events and then some time, is a max-plus system of these inputs, and such systems
are non-expansive: if no input comes later than it should by more than some time, nothing that follows does (Baccelli,
Cohen, Olsder and Quadrat, *Synchronization and Linearity*, 1992, §3). So late inputs do not add up, unlike hold-ups of
what serves them. Which of several comes first is outside that, and left to chance (`effects`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from results.bounds.spans import MANY_WINDOWS, Screen
from results.metrics.matching import Ints


@dataclass(frozen=True, eq=False)  # without slots: cached properties need a place
class LateInputs:
    """When late packets were sent, in order, and how late they were: int64[n] each.

    `most_ns`: int64[levels, n]; at level k the most of the 2^k inputs from each on.
    """

    sent_ns: Ints
    most_ns: Ints

    @classmethod
    def of(cls, due_ns: Ints, sent_ns: Ints) -> LateInputs:
        """From late packets in any order."""
        order = np.argsort(sent_ns, kind="stable")
        sent_ns, late_ns = sent_ns[order], (sent_ns - due_ns)[order]
        if len(sent_ns):  # of those sent at the same time the latest
            first = np.flatnonzero(np.concatenate((np.ones(1, bool), sent_ns[1:] != sent_ns[:-1])))
            sent_ns, late_ns = sent_ns[first], np.maximum.reduceat(late_ns, first)
        levels = [late_ns]
        while (step := 1 << (len(levels) - 1)) < len(late_ns):
            shorter = levels[-1]
            longer = shorter.copy()
            longer[:-step] = np.maximum(shorter[:-step], shorter[step:])
            levels.append(longer)
        return cls(sent_ns, np.stack(levels))

    def most_within(self, from_ns: Ints, until_ns: Ints) -> Ints:
        """The most by which an input was late that was due or sent in each window, or nearly, ns."""
        latest_ns = self.most_ns[-1].max(initial=0)
        if np.size(from_ns) < MANY_WINDOWS:
            return self._most_within(from_ns, until_ns, latest_ns)
        most = np.zeros(len(from_ns), np.int64)
        last_ns = np.maximum(from_ns, until_ns)
        last_ns += latest_ns
        rows = self._screen.touched(from_ns, last_ns)
        most[rows] = self._most_within(from_ns[rows], until_ns[rows], latest_ns)
        return most

    @cached_property
    def _screen(self) -> Screen:
        return Screen.of(self.sent_ns, self.sent_ns)

    def _most_within(self, from_ns: Ints, until_ns: Ints, latest_ns: int) -> Ints:
        first = np.searchsorted(self.sent_ns, from_ns, side="left")
        last = np.searchsorted(self.sent_ns, np.maximum(from_ns, until_ns) + latest_ns, side="right")
        count = last - first
        if not len(self.sent_ns):
            return np.zeros(np.shape(count), np.int64)
        level = np.frexp(np.maximum(count, 1))[1] - 1
        begin = np.minimum(first, len(self.sent_ns) - 1)
        end = np.maximum(last - (1 << level), 0)
        most: Ints = np.maximum(self.most_ns[level, begin], self.most_ns[level, end])
        return np.where(count > 0, most, 0)
