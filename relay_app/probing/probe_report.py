"""Reports of a prober to the controller: one arrived probe or canary per datagram, on a non-blocking Unix socket."""

from __future__ import annotations

import socket
from struct import Struct
from typing import NamedTuple

_FORMAT = Struct("!BBIqqB")


class ProbeReport(NamedTuple):
    """A probe or canary that arrived. Clusters by ordinal; times in CLOCK_MONOTONIC ns, one clock for all hosts.

    `via` 0: a one-way probe over the link. Otherwise a canary over the relay of that cluster and back: its source and
    destination are the same.
    """

    source: int
    destination: int
    sequence: int
    sent_ns: int
    received_ns: int
    via: int = 0

    def encode(self) -> bytes:
        """The datagram."""
        return _FORMAT.pack(*self)

    @classmethod
    def decode(cls, datagram: bytes) -> ProbeReport:
        """The report in a datagram; struct.error if it is not one."""
        return cls(*_FORMAT.unpack(datagram))


class ReportSender:
    """Sends reports to a Unix socket. `arrived`: their PROBE rows; `counters`: `unreported`, the controller's socket
    was full; `unheard`, there was no such socket."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self.arrived: list[tuple[int, int, int, int, int]] = []
        self.counters = {"unreported": 0, "unheard": 0}

    def report(self, report: ProbeReport) -> None:
        """Record a report, and send it to the controller."""
        self.arrived.append((report.source, report.sequence, report.sent_ns, report.received_ns, report.via))
        try:
            self._socket.sendto(report.encode(), self._path)
        except BlockingIOError:  # the controller reads too slowly: probing does not wait for it
            self.counters["unreported"] += 1
        except OSError:  # no such socket: at the end of a run the controller stops first
            self.counters["unheard"] += 1

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()
