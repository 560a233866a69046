"""Where a stream goes from here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy.typing as npt

from hostio.mmsg import socket_address
from relay_app.sessions import CLIENT_PORT, LANE_PORT, lane_of
from relay_app.stream_record import StreamRecord


class NextHops:
    """A stream that ends here goes to the local client, any other to its destination: to the port that its record
    names, else to the relay there, on its lane.

    `addresses` maps every cluster's ordinal, this one's too, to its host.
    """

    def __init__(self, ordinal: int, addresses: Mapping[int, str]) -> None:
        self._ordinal = ordinal
        self._addresses = addresses

    def of(self, record: StreamRecord) -> npt.NDArray[Any] | None:
        """The next hop as a sockaddr_in, uint64[2]; None if the record's destination has no address."""
        if record.destination not in self._addresses:
            return None
        if record.destination == self._ordinal:
            return socket_address(self._addresses[self._ordinal], CLIENT_PORT)
        return self._transit(record)

    def _transit(self, record: StreamRecord) -> npt.NDArray[Any]:
        return socket_address(self._addresses[record.destination], record.port or LANE_PORT + lane_of(record.ssrc))
