"""Keeps a client's consent to send: what checks and answers to send, and which streams its sender withholds.

A check is a refresh of its stream, so that it takes the way of that stream's media, lane and reroutes included. The
other client sends the answer, which names the asker and the check, as a refresh of the session's other stream: a path
that is dead in either direction takes consent away.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from relay_app.clients.consent_schedule import Check, ConsentedStream, ConsentSchedule
from relay_app.records import ABSENCE
from relay_app.refreshes import Refresh

Withhold = Callable[[int, bool], None]
"""Has the sender send nothing of a stream, by SSRC, or all of it again."""


class ConsentKeeper:
    """Of the client of the cluster `ordinal`. All is called by one thread, which has the sockets; what is to be sent
    has no sequence number yet."""

    def __init__(self, ordinal: int, streams: Sequence[ConsentedStream], seed: int, withhold: Withhold) -> None:
        self._ordinal = ordinal
        self._streams = streams
        self._seed = seed
        self._withhold = withhold
        self._ways_back = {stream.back: stream.ssrc for stream in streams}
        self._schedule = ConsentSchedule((), 0, seed)

    def begin(self, start_ns: int) -> None:
        """Check from then on, CLOCK_MONOTONIC."""
        self._schedule = ConsentSchedule(self._streams, start_ns, self._seed)

    @property
    def next_ns(self) -> int | None:
        """When something is due next; None: never."""
        return self._schedule.next_ns

    def due(self, now_ns: int) -> Iterator[Refresh]:
        """The checks to send now. Streams whose consent has expired are withheld."""
        for order in self._schedule.due(now_ns):
            if isinstance(order, Check):
                yield Refresh(self._ordinal, 0, order.number, order.ssrc)
            else:
                self._withhold(order.ssrc, True)

    def concerns(self, refresh: Refresh) -> bool:
        """Whether a refresh that arrived is a check of the other client, or an answer to one of this."""
        return refresh.ssrc in self._ways_back

    def arrived(self, refresh: Refresh, at_ns: int) -> Refresh | None:
        """The answer to a check; None for an answer, which may end that a stream is withheld."""
        if refresh.ordinal != self._ordinal:
            return refresh._replace(sequence=0, ssrc=self._ways_back[refresh.ssrc])
        returned = self._schedule.answered(refresh.ssrc, refresh.number, at_ns)
        if returned is not None:
            self._withhold(returned, False)
        return None

    def rows(self) -> npt.NDArray[Any]:
        """ABSENCE[n], in the order in which consent expired."""
        return np.sort(np.array([*self._schedule.absences, *self._schedule.unreturned()], ABSENCE), order="expired_ns")
