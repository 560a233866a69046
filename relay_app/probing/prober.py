"""The prober process of a cluster: sends probes to every linked cluster and canaries through its relay, and reports
those that arrive here to the controller.

A single thread waits for a packet, a message, or the time to send.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from selectors import EVENT_READ, BaseSelector, SelectSelector
from time import monotonic_ns

import numpy as np

from hostio.compiled import precompile
from hostio.control import Ready, Stop, Stopped, receive, tell
from hostio.files import write_array
from hostio.histogram import lateness_of
from hostio.lateness_compiled import count_late, empty_lateness, hold_ups_of, watch
from hostio.realtime import RealtimePriority, set_realtime_priority
from hostio.timing import MS, S
from relay_app.messages import MediaWindow, Quiesced, StartProbing, StopSending
from relay_app.probing.canaries import VOICE_BYTES, RelayCanaries
from relay_app.probing.link_probes import LinkProbes, ProbeReceiver
from relay_app.probing.probe_report import ReportSender
from relay_app.records import PROBE


@dataclass(frozen=True, slots=True)
class ProberConfig:
    """`peers` maps the ordinals of linked clusters to their hosts. Reports go to the Unix socket `report_path`, PROBE
    rows to `records_path` (.npy) at the end. `canary_interval_ns` 0: no canaries; `canary_bytes`: payload of one.
    `reflect`: whether probes are sent back.
    """

    ordinal: int
    address: str
    peers: Mapping[int, str]
    ntp_offset_ns: int
    report_path: str
    records_path: Path
    interval_ns: int = 50 * MS
    canary_interval_ns: int = 0
    canary_bytes: int = VOICE_BYTES
    reflect: bool = False


class Prober:
    """Packet n of each kind is due at start + n × interval. One that is late is sent late and none is left out, so that
    a number tells the time at which it was due."""

    def __init__(self, config: ProberConfig) -> None:
        self._config = config
        self._reports = ReportSender(config.report_path)
        ends = (config.ordinal, config.address, config.peers, config.ntp_offset_ns)
        self._senders: list[LinkProbes | RelayCanaries] = [LinkProbes(*ends, config.interval_ns, self._reports)]
        if config.canary_interval_ns:
            canaries = RelayCanaries(*ends, config.canary_interval_ns, self._reports, config.canary_bytes)
            self._senders.append(canaries)
        self._parts = (ProbeReceiver(*ends, self._reports, reflect=config.reflect), *self._senders)
        self.sockets = [part.socket for part in self._parts]
        self._lateness = empty_lateness()

    def begin(self, start_ns: int) -> None:
        """Send from then on."""
        for part in self._senders:
            part.ticker.begin(start_ns)

    def end(self) -> None:
        """Send no more packets."""
        for part in self._senders:
            part.ticker.end()

    def watch(self, media: MediaWindow) -> None:
        """Count how late it wakes while media flow."""
        watch(self._lateness, media.start_ns, media.end_ns)

    def wait(self, selector: BaseSelector) -> set[object]:
        """Wait until a packet is due or something is readable; what is. Counts the lateness of the wake-up for a
        packet."""
        due = [part.ticker.due_ns for part in self._senders if part.ticker.due_ns is not None]
        before_ns = monotonic_ns()
        ready = selector.select(max(min(due) - before_ns, 0) / S if due else None)
        if due and before_ns < min(due) <= (now_ns := monotonic_ns()):
            count_late(self._lateness, min(due), now_ns)
        return {key.fileobj for key, _ in ready}

    def send_due(self, now_ns: int) -> None:
        """Send all that is due by now."""
        for part in self._senders:
            for number in part.ticker.due(now_ns):
                part.send(number)

    def receive(self) -> None:
        """Report, and reflect, all that has arrived."""
        for part in self._parts:
            part.receive()

    def finish(self) -> Stopped:
        """Write the records and close the sockets."""
        write_array(self._config.records_path, np.array(self._reports.arrived, PROBE))
        drops = {part.name: part.drops() for part in self._parts}
        counters = {name: count for part in self._parts for name, count in part.counters.items()}
        for endpoint in self.sockets:
            endpoint.close()
        self._reports.close()
        lateness, hold_ups = {"probe": lateness_of(self._lateness)}, {"probe": hold_ups_of(self._lateness)}
        return Stopped(drops, {**counters, **self._reports.counters}, lateness, hold_ups)


def compile_loops() -> None:
    """Compile what the prober calls of compiled code, or load it from the cache."""
    precompile(count_late, empty_lateness(), 0, 0)


def serve(config: ProberConfig, control: Connection) -> None:
    """Answer Ready and receive; send between StartProbing and StopSending; on Stop write the records."""
    compile_loops()
    prober = Prober(config)
    set_realtime_priority(RealtimePriority.SOURCE)
    with SelectSelector() as selector:
        for endpoint in prober.sockets:
            selector.register(endpoint, EVENT_READ)
        selector.register(control, EVENT_READ)
        tell(control, Ready())
        while True:
            ready = prober.wait(selector)
            prober.send_due(monotonic_ns())
            prober.receive()
            if control in ready and not _obeyed(prober, control):
                break
    tell(control, prober.finish())


def _obeyed(prober: Prober, control: Connection) -> bool:
    """Obey one message; False if it is to stop."""
    message = receive(control)
    if isinstance(message, StartProbing):
        prober.begin(message.start_ns)
    if isinstance(message, MediaWindow):
        prober.watch(message)
    if isinstance(message, StopSending):
        prober.end()
        tell(control, Quiesced())
    return not isinstance(message, Stop)
