"""Reports of a prober to the controller: one arrived probe, reflection or canary per datagram, on a non-blocking Unix
socket."""

from __future__ import annotations

import socket
from struct import Struct
from typing import NamedTuple

_FORMAT = Struct("!BBIqqB")
_REFLECTION_TAG = 255
_NUMBER_BYTES = 4


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


class ReflectionReport(NamedTuple):
    """A probe came back reflected (STAMP, RFC 8762): when it had arrived at the other end, as that end says, and the
    reflector's own number, which counts what it sent back."""

    there: ProbeReport
    reflected: int

    def encode(self) -> bytes:
        """The datagram; its first byte, 255, tells it from the reports that begin with the ordinal of a cluster."""
        return bytes((_REFLECTION_TAG,)) + self.reflected.to_bytes(_NUMBER_BYTES, "big") + self.there.encode()

    @staticmethod
    def is_in(datagram: bytes) -> bool:
        """Whether a datagram of telemetry is such a report."""
        return datagram[:1] == bytes((_REFLECTION_TAG,))

    @classmethod
    def decode(cls, datagram: bytes) -> ReflectionReport:
        """The report in a datagram; struct.error if it is not one."""
        number, there = datagram[1 : 1 + _NUMBER_BYTES], datagram[1 + _NUMBER_BYTES :]
        return cls(ProbeReport.decode(there), int.from_bytes(number, "big"))


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
        self._send(report.encode())

    def reflection(self, report: ReflectionReport) -> None:
        """Send the report of a reflection to the controller. It has no record: the probe has one where it arrived."""
        self._send(report.encode())

    def _send(self, datagram: bytes) -> None:
        try:
            self._socket.sendto(datagram, self._path)
        except BlockingIOError:  # the controller reads too slowly: probing does not wait for it
            self.counters["unreported"] += 1
        except OSError:  # no such socket: at the end of a run the controller stops first
            self.counters["unheard"] += 1

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()
