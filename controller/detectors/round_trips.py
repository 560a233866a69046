"""Loss on the way there and on the way back, as the sender alone can tell it from what a stateful reflector sends back.

The reflector numbers what it sends back (RFC 8762 §4.3): of the sender's numbers it passes over those that were lost on
the way there, and of its own the sender misses those that were lost on the way back. Pure.
"""

from __future__ import annotations

from typing import NamedTuple


class EachWay(NamedTuple):
    """Shares that were lost, 0 to 1."""

    there: float
    back: float


class RoundTrips:
    """The reflections of the last `size` probes of one session. What was sent after the newest one that came back does
    not count: nobody can tell yet where it is."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._numbers: dict[int, int] = {}

    def add(self, sent: int, reflected: int) -> None:
        """The probe with this number came back with that one of the reflector; a lower one of the reflector for a
        higher one of the sender, or the reverse, means that either began anew."""
        if any((number < sent) != (other < reflected) for number, other in self._numbers.items() if number != sent):
            self._numbers.clear()
        self._numbers[sent] = reflected
        first = max(self._numbers) - self._size + 1
        self._numbers = {number: other for number, other in self._numbers.items() if number >= first}

    def lost(self, first: int = 0) -> EachWay | None:
        """The shares lost between the first and the last reflection, of probes from number `first` on; None if fewer
        than two of these came back."""
        numbers = {number: other for number, other in self._numbers.items() if number >= first}
        if len(numbers) < 2:
            return None
        sent, reflected = (max(each) - min(each) for each in (numbers, numbers.values()))
        return EachWay(1 - reflected / sent, 1 - (len(numbers) - 1) / reflected)
