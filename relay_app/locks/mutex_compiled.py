"""A pthread mutex as compiled loops take it, with histograms of how long each place waited for it and held it.

A place's histograms are written by the holder of its mutex only, so they need no lock of their own.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from hostio.compiled import compiled, monotonic_ns, pthread_mutex_lock, pthread_mutex_trylock, pthread_mutex_unlock
from hostio.histogram_compiled import Histogram, count_duration, new_histogram

Array = npt.NDArray[Any]

MUTEX_WORDS = 8
"""int64 words that hold a pthread_mutex_t on any 64-bit Linux."""


class LockPlace(NamedTuple):
    """One place in a compiled loop where a mutex is taken. mutex int64[MUTEX_WORDS]; wait, hold: histograms.

    now int64[3]: since when this place waits for the mutex, since when it holds it, CLOCK_MONOTONIC ns, 0 if it does
    not; and how often it had to wait.
    """

    mutex: Array
    wait: Histogram
    hold: Histogram
    now: Array
    timespec: Array
    audited: bool

    @classmethod
    def at(cls, mutex: Array, *, audited: bool = True) -> LockPlace:
        """A place that has not been used; nothing is recorded unless it is `audited`."""
        return cls(mutex, new_histogram(), new_histogram(), np.zeros(3, np.int64), np.zeros(2, np.int64), audited)


@compiled
def lock_mutex(mutex: Any) -> None:
    """Take a mutex, waiting for it if need be."""
    pthread_mutex_lock(mutex.ctypes.data)


@compiled
def try_mutex(mutex: Any) -> bool:
    """Take a mutex if it is free."""
    return pthread_mutex_trylock(mutex.ctypes.data) == 0


@compiled
def unlock_mutex(mutex: Any) -> None:
    """Release a mutex."""
    pthread_mutex_unlock(mutex.ctypes.data)


@compiled
def enter(place: Any) -> None:
    """Take the mutex of a place, waiting for it if need be, and count how long that took."""
    if not place.audited:
        pthread_mutex_lock(place.mutex.ctypes.data)
        return
    before_ns = monotonic_ns(place.timespec)
    # The try comes first so that `now` shows a wait only where there is one.
    if pthread_mutex_trylock(place.mutex.ctypes.data) != 0:
        place.now[0] = before_ns
        place.now[2] += 1
        pthread_mutex_lock(place.mutex.ctypes.data)
        place.now[0] = 0
    place.now[1] = monotonic_ns(place.timespec)
    count_duration(place.wait, place.now[1] - before_ns)


@compiled
def leave(place: Any) -> None:
    """Release the mutex of a place, and count how long it was held."""
    if place.audited:
        count_duration(place.hold, monotonic_ns(place.timespec) - place.now[1])
        place.now[1] = 0
    pthread_mutex_unlock(place.mutex.ctypes.data)
