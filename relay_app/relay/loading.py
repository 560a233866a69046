"""Loads session records that the controller orders, before any packet of theirs comes.

The records are fetched as those of packets that came: by the version's own control side, with whatever defect that has.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from relay_app.load_order import LoadOrder
from relay_app.sessions.directory import DirectoryError
from relay_app.streams import lane_of

_LOOK_AGAIN_S = 0.01
_STOPPED_WITHIN_S = 0.5
_READ_BYTES = 64


@dataclass(frozen=True, slots=True)
class Loading:
    """What loading takes. `streams_between`: the SSRCs of all streams between two clusters, by ordinal; DirectoryError.
    `fetch`: have these fetched. `settled`: whether a stream needs no fetch. `tell`: report what is cached."""

    streams_between: Callable[[int, int], tuple[int, ...]]
    fetch: Callable[[Iterable[int]], None]
    settled: Callable[[int], bool]
    tell: Callable[[], None]


class Loader:
    """Hears orders on a Unix socket in a thread of its own, and tells as soon as all that it was to load is there.

    `refused`: datagrams that are no order; `failed`: orders for which the directory did not name the streams.
    """

    def __init__(self, path: Path, loading: Loading) -> None:
        self._path = path
        self._loading = loading
        self._awaited: tuple[int, ...] = ()
        self._stopped = False
        self.refused = 0
        self.failed = 0

    def run(self) -> None:
        """Take orders until stopped."""
        with suppress(FileNotFoundError):  # an earlier life that was killed left it
            self._path.unlink()
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as orders:
            orders.bind(str(self._path))
            while not self._stopped:
                orders.settimeout(_LOOK_AGAIN_S if self._awaited else _STOPPED_WITHIN_S)
                with suppress(TimeoutError):
                    self.take(orders.recv(_READ_BYTES))
                self.look()

    def take(self, datagram: bytes) -> None:
        """Have the streams of an order fetched that are not there."""
        try:
            order = LoadOrder.decode(datagram)
            found = self._loading.streams_between(*order.pair)
        except struct.error:
            self.refused += 1
            return
        except DirectoryError:
            self.failed += 1
            return
        ordered = [ssrc for ssrc in found if lane_of(ssrc) in order.lanes]
        self._awaited = (*self._awaited, *ordered)
        self._loading.fetch(ordered)

    def look(self) -> None:
        """Tell, once, that the streams ordered are there, or not to be had."""
        if self._awaited and all(map(self._loading.settled, self._awaited)):
            self._awaited = ()
            self._loading.tell()

    def stop(self) -> None:
        """End `run`, within half a second."""
        self._stopped = True
