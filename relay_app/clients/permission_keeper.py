"""Refreshes the permissions of a client's streams at the relays, checks its consent to send, and answers what arrives.

One thread waits for a request, an answer, or the time to send. `RecordKeeper` refreshes the streams' records in the
session directory, over the network too; `ConsentKeeper` says what the checks and their answers are.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from selectors import EVENT_READ, BaseSelector, SelectSelector
from socket import socket
from threading import Event
from time import monotonic_ns
from typing import Any

import numpy as np
import numpy.typing as npt

from hostio.control import Workers
from hostio.files import write_array
from hostio.realtime import set_realtime_priority
from hostio.sockets import Arrival, receive_stamped, udp_drops, udp_socket
from hostio.timing import S
from relay_app.clients.consent_keeper import ConsentKeeper, Withhold
from relay_app.clients.consent_schedule import ConsentedStream
from relay_app.clients.record_keeper import RecordKeeper
from relay_app.clients.refresh_schedule import RefreshedStream, RefreshSchedule
from relay_app.ports import ANSWER_PORT, LANE_PORT, REFRESH_PORT
from relay_app.records import REFRESH
from relay_app.refreshes import Refresh
from relay_app.sessions.directory import DirectoryEndpoint, StreamRecord
from relay_app.streams import lane_of

_DATAGRAM_BYTES = 2048


@dataclass(frozen=True, slots=True)
class PermissionConfig:
    """The client of the cluster `ordinal` sends `streams` with permissions, with their `records` in the session
    directory, and streams that are `consented`. `addresses`: every cluster's host, by ordinal. REFRESH rows go to
    `refreshes_path` (.npy), ABSENCE rows to `absences_path`; None: no stream of the run has any."""

    ordinal: int
    addresses: Mapping[int, str]
    streams: tuple[RefreshedStream, ...]
    records: tuple[StreamRecord, ...]
    directory: DirectoryEndpoint
    ntp_offset_ns: int
    refreshes_path: Path | None
    consented: tuple[ConsentedStream, ...] = ()
    seed: int = 0
    absences_path: Path | None = None


class PermissionKeeper:
    """Answers from `start` on, and refreshes between `begin` and `halt`.

    Checks of consent and their answers are refreshes too: all pass the relays, and none is sent after `halt`.
    `counters`: `sent_refreshes`, `unsent_refreshes` and `arrived_refreshes`; `foreign_refreshes` are datagrams that are
    none.
    """

    def __init__(self, config: PermissionConfig, withhold: Withhold) -> None:
        self._config = config
        self._requests = udp_socket(config.addresses[config.ordinal], REFRESH_PORT)
        self._answers = udp_socket(config.addresses[config.ordinal], ANSWER_PORT)
        self._woken = os.eventfd(0)
        self._schedule = RefreshSchedule((), 0)
        self._consents = ConsentKeeper(config.ordinal, config.consented, config.seed, withhold)
        self._records = RecordKeeper(config.directory, config.streams, config.records)
        self._refreshing = Event()
        self._quiet = Event()
        self._stopped = Event()
        self._sequence = 0
        self.counters = dict.fromkeys(
            ("sent_refreshes", "unsent_refreshes", "arrived_refreshes", "foreign_refreshes"), 0
        )

    def start(self, workers: Workers) -> None:
        """Start the threads."""
        workers.start("permissions", self._run)
        workers.start("records", self._records.run)

    def begin(self, start_ns: int) -> None:
        """Refresh from then on."""
        self._schedule = RefreshSchedule(self._config.streams, start_ns)
        self._consents.begin(start_ns)
        self._refreshing.set()
        self._wake()
        self._records.begin(start_ns)

    def halt(self) -> None:
        """Send no more refreshes; returns once none is."""
        self._refreshing.clear()
        self._records.stop()
        self._wake()
        self._quiet.wait()

    def stop(self) -> None:
        """Have all threads end."""
        self._stopped.set()
        self._records.stop()
        self._wake()

    def _wake(self) -> None:
        self._quiet.clear()
        os.eventfd_write(self._woken, 1)

    def _run(self) -> None:
        set_realtime_priority()
        with SelectSelector() as selector:
            for descriptor in (self._requests, self._answers, self._woken):
                selector.register(descriptor, EVENT_READ)
            while not self._stopped.is_set():
                self._round(selector)
        self._quiet.set()

    def _round(self, selector: BaseSelector) -> None:
        refreshing = self._refreshing.is_set()
        due_ns = _earliest(self._schedule.next_ns, self._consents.next_ns) if refreshing else None
        ready = {key.fd for key, _ in selector.select(None if due_ns is None else max(due_ns - monotonic_ns(), 0) / S)}
        if self._woken in ready:
            os.eventfd_read(self._woken)
        self._take_requests()
        self._take_answers()
        if self._refreshing.is_set():
            for order in self._schedule.due(monotonic_ns()):
                self._send(Refresh(self._config.ordinal, 0, order.number, order.ssrc))
            for check in self._consents.due(monotonic_ns()):
                self._send(check)
        else:
            self._quiet.set()

    def _send(self, unnumbered: Refresh) -> None:
        """Send a refresh on the way of its stream, with the next sequence number."""
        self._sequence += 1
        relay = self._config.addresses[self._config.ordinal]
        refresh = unnumbered._replace(sequence=self._sequence)
        datagram = refresh.encode(monotonic_ns(), self._config.ntp_offset_ns)
        sent = _sent(self._answers, datagram, relay, LANE_PORT + lane_of(refresh.ssrc))
        self.counters["sent_refreshes" if sent else "unsent_refreshes"] += 1

    def _take_requests(self) -> None:
        """Send every request for a permission back to the client from which it came, as its answer."""
        for refresh, arrival in self._taken(self._requests, "arrived_refreshes"):
            if self._consents.concerns(refresh):
                answer = self._consents.arrived(refresh, arrival.received_ns)
                if answer and self._refreshing.is_set():
                    self._send(answer)
            elif refresh.ordinal in self._config.addresses:
                _sent(self._answers, arrival.datagram, self._config.addresses[refresh.ordinal], ANSWER_PORT)

    def _take_answers(self) -> None:
        for refresh, _ in self._taken(self._answers):
            self._schedule.answered(refresh.ssrc, refresh.number, monotonic_ns())

    def _taken(self, endpoint: socket, counter: str = "") -> Iterator[tuple[Refresh, Arrival]]:
        while (arrival := receive_stamped(endpoint, _DATAGRAM_BYTES)) is not None:
            if counter:
                self.counters[counter] += 1
            try:
                yield Refresh.decode(arrival.datagram), arrival
            except ValueError:
                self.counters["foreign_refreshes"] += 1

    def rows(self) -> npt.NDArray[Any]:
        """REFRESH[n], once the threads have ended."""
        return np.array([*self._schedule.outcomes, *self._schedule.unanswered()], REFRESH)

    def drops(self) -> int:
        """Refreshes lost because the buffer of the socket was full."""
        return udp_drops(self._requests)

    def finish(self) -> None:
        """Write the records and close everything, once the threads have ended."""
        if self._config.refreshes_path:
            write_array(self._config.refreshes_path, self.rows())
        if self._config.absences_path:
            write_array(self._config.absences_path, self._consents.rows())
        self._requests.close()
        self._answers.close()
        os.close(self._woken)


def _earliest(*times_ns: int | None) -> int | None:
    return min((each for each in times_ns if each is not None), default=None)


def _sent(endpoint: socket, datagram: bytes, address: str, port: int) -> bool:
    """Send a datagram; False if the kernel refused it, as without a route or room: it counts as lost."""
    try:
        endpoint.sendto(datagram, (address, port))
    except OSError:
        return False
    return True
