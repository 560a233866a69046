"""Seconds of a stream in which media had to be concealed (RFC 7294). Pure; times in ns.

The seconds are those of each stream, from its first packet on; one counts if a packet was due in it. All that was lost
had to be concealed; what a jitter buffer would have discarded nobody knows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hostio.timing import MS, S
from results.metrics.matching import Flags, Ints

SEVERE_NS = 50 * MS
"""Of more than this, 5 % of a second, a second is severely concealed (the default threshold of RFC 7294)."""


@dataclass(frozen=True, slots=True, eq=False)
class Concealment:
    """Seconds of streams; columns with an entry for each stream. `severe`: of the `concealed`; `concealed_ns`: media
    time that was lost."""

    seconds: Ints
    concealed: Ints
    severe: Ints
    concealed_ns: Ints


def concealment_of(stream: Ints, due_ns: Ints, lost: Flags, lasts_ns: Ints, streams: int) -> Concealment:
    """The seconds of packets in order of stream and sequence. `lasts_ns`: the media time of each packet."""
    second = _seconds(stream, due_ns)
    begins = np.flatnonzero((np.diff(stream, prepend=-1) != 0) | (np.diff(second, prepend=-1) != 0))
    lost_ns = np.where(lost, lasts_ns, 0)
    of_second_ns = np.add.reduceat(lost_ns, begins) if len(begins) else lost_ns
    missed = np.logical_or.reduceat(lost, begins) if len(begins) else lost
    own = stream[begins]
    return Concealment(
        np.bincount(own, minlength=streams),
        np.bincount(own[missed], minlength=streams),
        np.bincount(own[of_second_ns > SEVERE_NS], minlength=streams),
        np.bincount(own, of_second_ns, streams).astype(np.int64),
    )


def _seconds(stream: Ints, due_ns: Ints) -> Ints:
    """The number of the second of its stream in which each packet was due; it never falls within a stream."""
    begins = np.flatnonzero(np.diff(stream, prepend=-1))
    first_ns = np.repeat(due_ns[begins], np.diff(np.append(begins, len(stream))))
    second: Ints = (due_ns - first_ns) // S
    return second
