"""Counts the media that a client sends and hears, lane by lane, and reports that to the controller at regular times."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from threading import Event
from time import monotonic_ns
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from hostio.timing import S, next_multiple
from relay_app.media_report import LaneCounts, MediaReport
from relay_app.ports import LANES
from relay_app.program_media import PROGRAM_MEDIA
from relay_app.streams import Stream
from relay_app.telemetry_sender import TelemetrySender


@dataclass(frozen=True, slots=True)
class MediaReportConfig:
    """Who reports (ordinal of the cluster), where to and how often; the clusters by name, and the streams of our own
    senders that end here."""

    cluster: int
    ordinals: Mapping[str, int]
    incoming: tuple[Stream, ...]
    path: str
    interval_ns: int


class PacketsSent(Protocol):
    """What has been sent."""

    @property
    def streams(self) -> Sequence[Stream]:
        """Of which streams."""

    def packets(self) -> npt.NDArray[np.int64]:
        """How many packets of each stream so far."""


class PacketsReceived(Protocol):
    """What has been received."""

    def recorded(self, first: int) -> npt.NDArray[Any]:
        """RECEIVED[n] so far, from row `first` on."""


class MediaReporter:
    """Call `run` in a thread, then `stop`."""

    def __init__(self, config: MediaReportConfig, sender: PacketsSent, receiver: PacketsReceived) -> None:
        self._config = config
        self._sender = sender
        self._receiver = receiver
        self._telemetry = TelemetrySender(config.path)
        counted = sorted((each for each in config.incoming if _is_counted(each)), key=lambda stream: stream.ssrc)
        self._ssrcs = np.array([stream.ssrc for stream in counted], np.uint32)
        self._from = np.array([self._place(stream.source, stream) for stream in counted], np.int64)
        self._to = np.array([self._place(each.destination, each) for each in sender.streams], np.int64)
        self._rows = 0
        self._heard = np.zeros(self._places, np.int64)
        self._stopped = Event()

    @property
    def unheard(self) -> int:
        """Datagrams that nobody took."""
        return self._telemetry.unheard

    def run(self) -> None:
        """Report until stopped."""
        while not self._stopped.wait(self._until_due_ns(monotonic_ns()) / S):
            self._telemetry.report(self.count(monotonic_ns()))

    def _until_due_ns(self, now_ns: int) -> int:
        return next_multiple(now_ns + 1, self._config.interval_ns) - now_ns

    def count(self, now_ns: int) -> MediaReport:
        """All that was sent and heard so far."""
        rows = self._receiver.recorded(self._rows)
        self._rows += len(rows)
        found = np.searchsorted(self._ssrcs, rows["ssrc"])
        known = found < len(self._ssrcs)
        known[known] = self._ssrcs[found[known]] == rows["ssrc"][known]
        self._heard += np.bincount(self._from[found[known]], minlength=self._places)
        packets = self._sender.packets()
        counted = self._to >= 0
        sent = np.bincount(self._to[counted], packets[counted], minlength=self._places).astype(np.int64)
        return MediaReport(self._config.cluster, now_ns, dict(self._lanes(sent)))

    def _lanes(self, sent: npt.NDArray[np.int64]) -> Iterator[tuple[int, LaneCounts]]:
        for number, ordinal in enumerate(self._config.ordinals.values()):
            own = slice(number * LANES, (number + 1) * LANES)
            counts = LaneCounts(tuple(sent[own].tolist()), tuple(self._heard[own].tolist()))
            if any(counts.sent) or any(counts.heard):
                yield ordinal, counts

    def _place(self, peer: str, stream: Stream) -> int:
        """Of the other cluster and the lane, among the counts; -1: a stream is not counted."""
        return [*self._config.ordinals].index(peer) * LANES + stream.lane if _is_counted(stream) else -1

    @property
    def _places(self) -> int:
        return len(self._config.ordinals) * LANES

    def stop(self) -> None:
        """Have `run` end soon."""
        self._stopped.set()

    def close(self) -> None:
        """Close the socket."""
        self._telemetry.close()


def _is_counted(stream: Stream) -> bool:
    # Of what other programs send we do not know how much it is.
    return stream.relayed and stream.taken is None and stream.media not in PROGRAM_MEDIA
