"""The prober process of a cluster: probes every linked cluster one way, and reports each probe that arrives here.

One thread does it all: it waits for a probe, a message, or the time to send.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from selectors import EVENT_READ, SelectSelector
from time import monotonic_ns

import numpy as np

from hostio.control import Ready, Stop, Stopped, tell
from hostio.realtime import Urgency, prefer_punctuality
from hostio.sockets import receive_stamped, udp_drops, udp_socket
from hostio.units import MS, S
from relay_app.messages import StartProbing
from relay_app.owamp import PROBE_PORT, OneWayProbe
from relay_app.probe_report import ProbeReport
from relay_app.records import PROBE


@dataclass(frozen=True, slots=True)
class ProberConfig:
    """`peers` maps the ordinals of linked clusters to their hosts. Reports go to the Unix socket `report_path`.

    Arrived probes are recorded in `records_path`, as .npy.
    """

    ordinal: int
    address: str
    peers: Mapping[int, str]
    ntp_offset_ns: int
    report_path: str
    records_path: Path
    interval_ns: int = 50 * MS


class Prober:
    """Probe number n is due at start + n × interval; one that is late is sent late, so numbers keep their times."""

    def __init__(self, config: ProberConfig) -> None:
        self._config = config
        self._ordinals = {address: ordinal for ordinal, address in config.peers.items()}
        self._reports = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._reports.setblocking(False)
        self._start_ns: int | None = None
        self._next = 0
        self._arrived: list[tuple[int, int, int, int]] = []
        self._counters = dict.fromkeys(("unsent", "foreign", "malformed", "unreported", "unheard"), 0)
        self.socket = udp_socket(config.address, PROBE_PORT)

    def begin(self, start_ns: int) -> None:
        """Send from then on."""
        self._start_ns = start_ns

    def due_in_s(self, now_ns: int) -> float | None:
        """Time to the next probe; None before `begin`."""
        if self._start_ns is None:
            return None
        return max(self._start_ns + self._next * self._config.interval_ns - now_ns, 0) / S

    def send_due(self, now_ns: int) -> None:
        """Send every probe that is due by now."""
        if self._start_ns is None:
            return
        while self._start_ns + self._next * self._config.interval_ns <= now_ns:
            for address in self._config.peers.values():
                self._send(address)
            self._next += 1

    def _send(self, address: str) -> None:
        probe = OneWayProbe(self._next, monotonic_ns()).encode(self._config.ntp_offset_ns)
        try:
            self.socket.sendto(probe, (address, PROBE_PORT))
        except OSError:  # no route, or no room: a probe that was not sent is a probe lost, and counted here
            self._counters["unsent"] += 1

    def receive(self) -> None:
        """Report every probe that has arrived."""
        while (arrival := receive_stamped(self.socket, 2048)) is not None:
            source = self._ordinals.get(arrival.sender)
            if source is None:
                self._counters["foreign"] += 1
                continue
            try:
                probe = OneWayProbe.decode(arrival.datagram, self._config.ntp_offset_ns)
            except ValueError:
                self._counters["malformed"] += 1
                continue
            self._arrived.append((source, *probe, arrival.received_ns))
            self._report(ProbeReport(source, self._config.ordinal, *probe, arrival.received_ns))

    def _report(self, report: ProbeReport) -> None:
        try:
            self._reports.sendto(report.encode(), self._config.report_path)
        except BlockingIOError:  # too slowly: probing must not wait for telemetry
            self._counters["unreported"] += 1
        except OSError:  # nobody listens: at the end of a run the controller is the first to go
            self._counters["unheard"] += 1

    def finish(self) -> Stopped:
        """Write the records and close the sockets."""
        np.save(self._config.records_path, np.array(self._arrived, PROBE))
        stopped = Stopped({"probes": udp_drops(self.socket)}, self._counters)
        self.socket.close()
        self._reports.close()
        return stopped


def serve(config: ProberConfig, control: Connection) -> None:
    """Say Ready, receive from then on, send after StartProbing, and on Stop say Stopped."""
    prober = Prober(config)
    prefer_punctuality(Urgency.SOURCE)
    with SelectSelector() as selector:
        selector.register(prober.socket, EVENT_READ)
        selector.register(control, EVENT_READ)
        tell(control, Ready())
        while True:
            ready = {key.fileobj for key, _ in selector.select(prober.due_in_s(monotonic_ns()))}
            prober.send_due(monotonic_ns())
            prober.receive()
            if control in ready and not _obeyed(prober, control):
                break
    tell(control, prober.finish())


def _obeyed(prober: Prober, control: Connection) -> bool:
    """Obey one message; False if it is to stop."""
    try:
        message = control.recv()
    except EOFError:
        return False
    if isinstance(message, StartProbing):
        prober.begin(message.start_ns)
    return not isinstance(message, Stop)
