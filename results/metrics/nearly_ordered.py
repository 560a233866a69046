"""Orders, inverses and rows of columns with millions of rows that are nearly in order already, in a few passes. Pure.

They give what numpy's general functions give, which sort all rows.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

NO_ROW = -1
"""In place of a row where there is none."""

_SPACE = 1 << 16
"""Sequence numbers of RTP (RFC 3550)."""

_RADIX = 1 << 16
"""numpy sorts numbers below this by radix, in O(n)."""


def by_stream(stream: Ints, column: Ints) -> Ints:
    """`np.lexsort((column, stream))`, of rows that within most streams are in order of the column. `stream`: at least
    -1, which is no stream."""
    order = _order_of(stream)
    own, ordered = stream[order], column[order]
    wrong = np.flatnonzero((own[1:] == own[:-1]) & (ordered[1:] < ordered[:-1]))
    if len(wrong):
        sorted_apart = np.zeros(int(own[-1]) + 2, bool)
        sorted_apart[own[wrong] + 1] = True
        rows = np.flatnonzero(sorted_apart[own + 1])
        order[rows] = order[rows][np.lexsort((ordered[rows], own[rows]))]
    return order


def _order_of(stream: Ints) -> Ints:
    if stream.max(initial=0) < _RADIX - 1:
        return np.argsort((stream + 1).astype(np.uint16), kind="stable")
    return np.argsort(stream, kind="stable")


def distinct(values: Ints) -> tuple[Ints, Ints]:
    """`np.unique(values, return_inverse=True)`, of values of which most are that of the row before."""
    begins = np.flatnonzero(np.concatenate((np.ones(min(1, len(values)), bool), values[1:] != values[:-1])))
    found, which = np.unique(values[begins], return_inverse=True)
    return found, np.repeat(which, np.diff(begins, append=len(values)))


def in_sequence(stream: Ints, seq: Ints, of_stream: Ints, numbers: Ints) -> tuple[Ints, Ints]:
    """The rows of 16-bit sequence numbers of streams in a table, or NO_ROW, and the indices of those of which it cannot
    tell: those of streams whose numbers do not follow one another without a gap, or are so many that what a number is
    extended to depends on when it was sent. `of_stream`, `numbers`: columns of the table, in their order.
    """
    streams = np.arange(max(int(stream.max(initial=0)), int(of_stream.max(initial=0))) + 1)
    begin = np.searchsorted(of_stream, np.append(streams, streams[-1] + 1))
    count = np.diff(begin)
    follows = (numbers[1:] - numbers[:-1] == 1) | (of_stream[1:] != of_stream[:-1])
    plain = (count > 0) & (count <= _SPACE // 2)
    plain[of_stream[1:][~follows]] = False
    first = np.append(numbers, 0)[begin[:-1]]
    place = (seq - first[stream]) % _SPACE
    found: Ints = np.where(place < count[stream], begin[stream] + place, NO_ROW)
    return found, np.flatnonzero(~plain[stream])


def first_arrivals(packet: Ints, copies: Ints) -> Ints:
    """The rows of the first copy of each packet that arrived, in order. `packet`: of each arrival, or NO_ROW;
    `copies`: number of arrivals by packet."""
    first: NDArray[np.bool_] = packet != NO_ROW
    if copies.max(initial=0) > 1:
        again = np.flatnonzero(first & (np.append(copies, 0)[packet] > 1))
        _, kept = np.unique(packet[again], return_index=True)
        first[again] = False
        first[again[kept]] = True
    return np.flatnonzero(first)
