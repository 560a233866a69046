"""What the controller tells a relay to do: load the session records of some lanes between two clusters, before they
move.

A datagram to a Unix socket of the relay's own, which lies beside the one on which the controller hears of its cache.
"""

from __future__ import annotations

import socket
import struct
from pathlib import Path
from typing import NamedTuple

from relay_app.coverage_report import OrdinalPair
from relay_app.ports import LANES

_FORMAT = struct.Struct("!BBBH")


class LoadOrder(NamedTuple):
    """To the relay of a cluster, by ordinal: the pair, either way, and which of its lanes."""

    relay: int
    pair: OrdinalPair
    lanes: tuple[int, ...]

    def encode(self) -> bytes:
        """The datagram: relay, pair, and a bit for each lane."""
        return _FORMAT.pack(self.relay, *self.pair, sum(1 << lane for lane in self.lanes))

    @classmethod
    def decode(cls, datagram: bytes) -> LoadOrder:
        """The order in a datagram; struct.error if it is not one."""
        relay, a, b, lanes = _FORMAT.unpack(datagram)
        return cls(relay, (a, b), tuple(lane for lane in range(LANES) if lanes >> lane & 1))


def order_socket(folder: Path, relay: int) -> Path:
    """Where the relay of a cluster, by ordinal, hears orders."""
    return folder / f"load-{relay}.sock"


class OrderSender:
    """Sends orders to the sockets in a folder. `unheard`: those that nobody took."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self.unheard = 0

    def send(self, order: LoadOrder) -> None:
        """Send an order; a relay that does not hear it never tells that it has the records."""
        try:
            self._socket.sendto(order.encode(), str(order_socket(self._folder, order.relay)))
        except OSError:
            self.unheard += 1

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()
