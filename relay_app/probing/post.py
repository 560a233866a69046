"""A prober's way to the controller, which it never waits for, and its own record of what arrived."""

from __future__ import annotations

import socket

from relay_app.probing.report import ProbeReport


class ProbePost:
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
