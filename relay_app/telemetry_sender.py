"""Sends reports to the controller, on the Unix datagram socket on which probers report."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from typing import Protocol


class Report(Protocol):
    """What is told at regular times, so that the next one makes up for one that is lost."""

    def encode(self) -> Iterable[bytes]:
        """The datagrams."""


class TelemetrySender:
    """Sends reports to a Unix socket. `unheard`: datagrams that nobody took: its buffer was full, or there was none."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self.unheard = 0

    def report(self, report: Report) -> None:
        """Send a report, without waiting for anybody."""
        for datagram in report.encode():
            try:
                self._socket.sendto(datagram, self._path)
            except OSError:
                self.unheard += 1

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()
