"""A mutex as compiled loops take it, and the histogram of durations that both they and Python threads fill.

A histogram has 8 buckets per octave: a value is known to within 1/16. Each is written only by the holder of its lock.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from hostio.compiled import compiled, monotonic_ns, pthread_mutex_lock, pthread_mutex_trylock, pthread_mutex_unlock

Array = npt.NDArray[Any]

MUTEX_WORDS = 8
"""int64 words that hold a pthread_mutex_t on any 64-bit Linux."""

BUCKETS = 400
TOTAL = BUCKETS
LONGEST = BUCKETS + 1
_SUB_BITS = 3


class LockPlace(NamedTuple):
    """One place in a loop where a mutex is taken. mutex int64[MUTEX_WORDS]; wait, hold: histograms int64[BUCKETS + 2].

    now int64[3]: since when this place waits for the mutex, and since when it holds it, 0 if it does not; and how
    often it had to wait.
    """

    mutex: Array
    wait: Array
    hold: Array
    now: Array
    timespec: Array
    audited: bool

    @classmethod
    def at(cls, mutex: Array, *, audited: bool = True) -> LockPlace:
        """A place that has not been used; nothing is recorded unless it is `audited`."""
        return cls(mutex, new_histogram(), new_histogram(), np.zeros(3, np.int64), np.zeros(2, np.int64), audited)


def new_histogram() -> Array:
    """An empty histogram: the buckets, then the total and the longest duration."""
    return np.zeros(BUCKETS + 2, np.int64)


@compiled
def bucket_of(duration_ns: int) -> int:
    """The bucket of a duration of 0 or more; the last one takes all that is longer."""
    octave = 0
    while duration_ns >> octave + _SUB_BITS + 1:
        octave += 1
    return min((octave << _SUB_BITS) + (duration_ns >> octave), BUCKETS - 1)


def middle_of(bucket: int) -> int:
    """The middle of a bucket's durations, ns."""
    octave = max((bucket >> _SUB_BITS) - 1, 0)
    return (bucket - (octave << _SUB_BITS) << octave) + (1 << octave >> 1)


@compiled
def note_duration(histogram: Any, duration_ns: int) -> None:
    """Count one duration."""
    histogram[bucket_of(duration_ns)] += 1
    histogram[TOTAL] += duration_ns
    histogram[LONGEST] = max(histogram[LONGEST], duration_ns)


@compiled
def lock_mutex(mutex: Any) -> None:
    """Wait for a mutex and take it."""
    pthread_mutex_lock(mutex.ctypes.data)


@compiled
def try_mutex(mutex: Any) -> bool:
    """Take a mutex if it is free."""
    return pthread_mutex_trylock(mutex.ctypes.data) == 0


@compiled
def unlock_mutex(mutex: Any) -> None:
    """Give a mutex back."""
    pthread_mutex_unlock(mutex.ctypes.data)


@compiled
def enter(place: Any) -> None:
    """Take the mutex of a place, and note how long that took."""
    if not place.audited:
        pthread_mutex_lock(place.mutex.ctypes.data)
        return
    before_ns = monotonic_ns(place.timespec)
    if pthread_mutex_trylock(place.mutex.ctypes.data) != 0:
        place.now[0] = before_ns
        place.now[2] += 1
        pthread_mutex_lock(place.mutex.ctypes.data)
        place.now[0] = 0
    place.now[1] = monotonic_ns(place.timespec)
    note_duration(place.wait, place.now[1] - before_ns)


@compiled
def leave(place: Any) -> None:
    """Give the mutex of a place back, and note how long it was held."""
    if place.audited:
        note_duration(place.hold, monotonic_ns(place.timespec) - place.now[1])
        place.now[1] = 0
    pthread_mutex_unlock(place.mutex.ctypes.data)
