"""Parts of millions of packets, of whole streams each, which are gone through side by side. Pure.

A part is small enough for the processor's caches, and for what is made of it to be gone before the next one.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np

from results.metrics.matching import Packets
from results.metrics.order import Order

T = TypeVar("T")
R = TypeVar("R")

ARRIVALS = 1 << 17
"""As many a part has, or somewhat more: a stream is not parted."""


def by_whole_streams(order: Order, packets: Packets) -> Iterator[Order]:
    """The parts of an order, at least one."""
    stream, begin = packets.stream[order.packet], 0
    while len(stream) - begin > ARRIVALS:
        end = int(np.searchsorted(stream, stream[begin + ARRIVALS], side="right"))
        yield order.chosen(slice(begin, end))
        begin = end
    yield order.chosen(slice(begin, None))


def slices(length: int) -> list[slice]:
    """Of columns of this length, in which no row has to do with another; no more than one of a part as above."""
    return [slice(begin, begin + 2 * ARRIVALS) for begin in range(0, length, 2 * ARRIVALS)]


def in_parallel(of: Callable[[T], R], parts: Iterable[T]) -> list[R]:
    """What a function makes of each part, in their order. numpy leaves the interpreter to others while it computes."""
    every = list(parts)
    if len(every) <= 1:
        return [of(each) for each in every]
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        return list(pool.map(of, every))
