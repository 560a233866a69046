"""Records every RTP packet that a cluster's relay delivers to its client."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from hostio.histogram import Lateness, lateness_of
from hostio.lateness import watch
from hostio.realtime import prefer_punctuality
from hostio.sockets import udp_drops, udp_socket
from relay_app.client_loops import RECEIVE_BATCH, ReceiverMemory, collect
from relay_app.records import RECEIVED
from relay_app.sessions import CLIENT_PORT

_BLOCK_ROWS = 1 << 16


class Receiver:
    """Listens from the moment it is made; `run` in a thread, `stop` and join it before `rows`."""

    def __init__(self, address: str, *, ntp_offset_ns: int, tick_ns: int) -> None:
        self._ntp_offset_ns = ntp_offset_ns
        self._tick_ns = tick_ns
        self._socket = udp_socket(address, CLIENT_PORT)
        self._memory = ReceiverMemory.allocate(self._socket.fileno())
        self._rows: list[npt.NDArray[Any]] = []

    def run(self) -> None:
        """Record until stopped, in blocks; while one is put away, packets wait in the socket."""
        prefer_punctuality()
        filled = _BLOCK_ROWS
        while filled + RECEIVE_BATCH > _BLOCK_ROWS:
            rows = np.zeros(_BLOCK_ROWS, RECEIVED)
            filled = collect(self._memory, rows, self._ntp_offset_ns, self._tick_ns)
            self._rows.append(rows[:filled])

    def stop(self) -> None:
        """End the thread once it has recorded what had arrived."""
        self._memory.state["stop"] = 1

    def rows(self) -> npt.NDArray[Any]:
        """RECEIVED[n], once the thread has ended."""
        return np.concatenate([np.empty(0, RECEIVED), *self._rows])

    def counters(self) -> dict[str, int]:
        """`malformed`: datagrams that were not RTP as Blipnet sends it."""
        return {"malformed": int(self._memory.state["malformed"][0])}

    def drops(self) -> int:
        """Datagrams lost because the socket's buffer was full."""
        return udp_drops(self._socket)

    def watch(self, from_ns: int, until_ns: int) -> None:
        """How late it wakes counts from then until then."""
        watch(self._memory.lateness, from_ns, until_ns)

    def lateness(self) -> Lateness:
        """Of the wake-ups while packets came."""
        return lateness_of(self._memory.lateness)

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()
