"""Which streams share an SSRC, because a sender that restarted took that of another stream (RFC 3550 §8.2). Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from relay_app.streams import Stream

_NONE = -1


def shared(
    streams: Sequence[Stream], stream: NDArray[np.int64]
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Rows whose SSRC another stream has taken, and its index; again, if several have taken one.

    `stream`: of each row the index of the stream that had its SSRC first, or negative.
    """
    for takers in _takers(streams):
        rows = np.flatnonzero((stream >= 0) & (takers[stream] != _NONE))
        yield rows, takers[stream[rows]]


def _takers(streams: Sequence[Stream]) -> list[NDArray[np.int64]]:
    """By index of each stream that of one that has taken its SSRC, or _NONE; as many arrays as have taken the same."""
    found: list[NDArray[np.int64]] = []
    holders = {stream.ssrc: index for index, stream in enumerate(streams)}
    for index, stream in enumerate(streams):
        holder = None if stream.taken is None else holders.get(stream.taken)
        if holder is None:
            continue
        if all(takers[holder] != _NONE for takers in found):
            found.append(np.full(len(streams), _NONE, np.int64))
        next(takers for takers in found if takers[holder] == _NONE)[holder] = index
    return found
