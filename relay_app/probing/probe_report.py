"""What a prober tells the controller: one arrived probe or canary per datagram, on a Unix socket it never waits for."""

from __future__ import annotations

import socket
from struct import Struct
from typing import NamedTuple

_FORMAT = Struct("!BBIqqB")


class ProbeReport(NamedTuple):
    """A packet of the prober arrived. Clusters by ordinal; times are CLOCK_MONOTONIC ns of the one shared kernel clock.

    `via` 0: a one-way probe, over the link. Otherwise a canary, over the relay of that cluster and back to where it
    came from: its source and its destination are the same.
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
    """Sends reports to a Unix socket. `arrived`: the PROBE row of each, `counters`: those that were not taken."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self.arrived: list[tuple[int, int, int, int, int]] = []
        self.counters = {"unreported": 0, "unheard": 0}

    def report(self, report: ProbeReport) -> None:
        """Record it, and tell the controller."""
        self.arrived.append((report.source, report.sequence, report.sent_ns, report.received_ns, report.via))
        try:
            self._socket.sendto(report.encode(), self._path)
        except BlockingIOError:  # too slowly: probing must not wait for telemetry
            self.counters["unreported"] += 1
        except OSError:  # nobody listens: at the end of a run the controller is the first to go
            self.counters["unheard"] += 1

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()
