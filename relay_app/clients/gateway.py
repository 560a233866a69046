"""Where the packets of publishers enter the media path: the client beside them records them and sends them on."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Event
from typing import Any

import numpy as np
import numpy.typing as npt

from hostio.realtime import RealtimePriority, set_realtime_priority
from hostio.sockets import udp_drops, udp_socket
from relay_app.clients.gateway_loop import GATEWAY_BATCH, GatewayMemory, pass_on
from relay_app.clients.passing_compiled import PassingMemory
from relay_app.messages import MediaWindow
from relay_app.ports import GATEWAY_PORT, LANE_PORT
from relay_app.program_media import LOOPBACK
from relay_app.records import DIGEST, SENT
from relay_app.streams import Stream

_BLOCK_ROWS = 1 << 14


class Gateway:
    """Sends the streams of publishers on from the descriptor `sending`, each to its lane at the relay.

    Call `run` in a thread, `begin` before the media start, then `halt` and, once the thread has ended, `rows`.
    """

    def __init__(self, streams: Sequence[Stream], relay_address: str, sending: int) -> None:
        lanes = {each.ssrc: (relay_address, LANE_PORT + each.lane) for each in streams}
        self._socket = udp_socket(LOOPBACK, GATEWAY_PORT)
        self._passing = PassingMemory.allocate(lanes, sending, GATEWAY_BATCH)
        self._memory = GatewayMemory.allocate(self._socket.fileno(), len(lanes))
        self._blocks: list[tuple[npt.NDArray[Any], npt.NDArray[Any]]] = []
        self._ended = Event()

    def run(self) -> None:
        """Send on until stopped."""
        set_realtime_priority(RealtimePriority.SOURCE)
        try:
            while not self._memory.state["stop"][0]:
                sent, digests = np.zeros(_BLOCK_ROWS, SENT), np.zeros(_BLOCK_ROWS, DIGEST)
                filled = pass_on(self._memory, self._passing, sent, digests)
                self._blocks.append((sent[:filled], digests[:filled]))
        finally:
            self._ended.set()

    def begin(self, window: MediaWindow) -> None:
        """Send on what arrives in this window; quick."""
        self._memory.state["from_ns"] = window.start_ns
        self._memory.state["until_ns"] = window.end_ns

    def halt(self) -> None:
        """Have `run` end, and return once nothing is sent any more; within 50 ms."""
        self._memory.state["stop"] = 1
        self._ended.wait()

    def rows(self) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
        """SENT[n] and DIGEST[n] of all that was sent on."""
        sent, digests = zip((np.empty(0, SENT), np.empty(0, DIGEST)), *self._blocks, strict=True)
        return np.concatenate(sent), np.concatenate(digests)

    def counters(self) -> dict[str, int]:
        """`refused`: packets that the kernel did not take; `stray`: datagrams that were RTP of no stream here."""
        return {name: int(self._memory.state[name][0]) for name in ("refused", "stray")}

    def drops(self) -> int:
        """Datagrams of publishers lost because the socket's buffer was full."""
        return udp_drops(self._socket)

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()
