"""Reports of media to the controller: the datagrams, and what a client counts."""

from __future__ import annotations

import socket
import struct
from collections.abc import Sequence
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from hostio.timing import MS, S
from relay_app.clients.media_reporter import MediaReportConfig, MediaReporter
from relay_app.coverage_report import CoverageReport
from relay_app.media_report import MOST_PEERS, LaneCounts, MediaReport
from relay_app.ports import LANES
from relay_app.probing.probe_report import ProbeReport, ReflectionReport
from relay_app.records import RECEIVED
from relay_app.streams import Stream

NOTHING = (0,) * LANES
ORDINALS = {"a": 1, "b": 2, "c": 3}


@pytest.mark.parametrize("peers", [1, MOST_PEERS, 63])
def test_a_report_is_read_back_from_its_datagrams(peers: int) -> None:
    lanes = {peer: LaneCounts((peer,) * LANES, tuple(range(LANES))) for peer in range(2, 2 + peers)}
    datagrams = [*MediaReport(1, 17 * S, lanes).encode()]
    assert len(datagrams) == -(-peers // MOST_PEERS)
    assert max(map(len, datagrams)) <= 4096, "what the controller reads at a time"
    parts = [MediaReport.decode(each) for each in datagrams]
    assert {part[:2] for part in parts} == {(1, 17 * S)}
    assert {peer: counts for part in parts for peer, counts in part.lanes.items()} == lanes


def test_it_is_told_from_other_reports() -> None:
    (datagram,) = MediaReport(1, 0, {2: LaneCounts(NOTHING, NOTHING)}).encode()
    probe = ProbeReport(1, 2, 3, 4, 5)
    assert MediaReport.is_in(datagram)
    assert not CoverageReport.is_in(datagram)
    assert not ReflectionReport.is_in(datagram)
    for other in (probe.encode(), ReflectionReport(probe, 1).encode(), *CoverageReport(1, 0, {}).encode()):
        assert not MediaReport.is_in(other)
    for wrong in (b"", datagram[:-1], b"\0" + datagram[1:]):
        with pytest.raises(struct.error):
            MediaReport.decode(wrong)


class Sent:
    def __init__(self, streams: Sequence[Stream], packets: Sequence[int]) -> None:
        self.streams = streams
        self._packets = np.array(packets, np.int64)

    def packets(self) -> npt.NDArray[np.int64]:
        return self._packets


class Received:
    """Rows of RECEIVED, of which there are more each time."""

    def __init__(self) -> None:
        self.ssrcs: list[int] = []

    def recorded(self, first: int) -> npt.NDArray[Any]:
        rows = np.zeros(len(self.ssrcs), RECEIVED)
        rows["ssrc"] = self.ssrcs
        return rows[first:]


def stream(ssrc: int, source: str, destination: str, *, relayed: bool = True, media: str = "voice") -> Stream:
    return Stream(ssrc, f"s{ssrc}", "g", source, destination, media, relayed)


def in_lanes(counts: dict[int, int]) -> tuple[int, ...]:
    return tuple(counts.get(lane, 0) for lane in range(LANES))


def test_the_packets_of_each_lane_are_counted_and_no_others(tmp_path: Path) -> None:
    """Neither those that pass no relay, nor those of other programs, of which the number sent is not known."""
    outgoing = [stream(1, "a", "b"), stream(2, "a", "c"), stream(3, "a", "b", relayed=False)]
    incoming = (stream(11, "b", "a"), stream(12, "b", "a"), stream(13, "c", "a", media="ffmpeg-opus"))
    received = Received()
    config = MediaReportConfig(ORDINALS["a"], ORDINALS, incoming, str(tmp_path / "nobody"), 100 * MS)
    reporter = MediaReporter(config, Sent(outgoing, [5, 6, 7]), received)
    received.ssrcs = [11, 13, 11, 99, 12]
    b_sent, c_sent = in_lanes({outgoing[0].lane: 5}), in_lanes({outgoing[1].lane: 6})
    lanes = [each.lane for each in incoming]
    first = in_lanes({lanes[0]: 2, lanes[1]: 1} if lanes[0] != lanes[1] else {lanes[0]: 3})
    expected = {2: LaneCounts(b_sent, first), 3: LaneCounts(c_sent, NOTHING)}
    assert reporter.count(S) == MediaReport(1, S, expected)
    received.ssrcs += [12] * 4
    assert sum(reporter.count(2 * S).lanes[2].heard) == 7
    reporter.close()


def test_reports_come_at_the_interval_until_it_is_stopped(tmp_path: Path) -> None:
    config = MediaReportConfig(ORDINALS["a"], ORDINALS, (), str(tmp_path / "telemetry"), 10 * MS)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as telemetry:
        telemetry.bind(config.path)
        telemetry.settimeout(20)
        reporter = MediaReporter(config, Sent([stream(1, "a", "b")], [5]), Received())
        thread = Thread(target=reporter.run)
        thread.start()
        found = [MediaReport.decode(telemetry.recv(4096)) for _ in range(5)]
        reporter.stop()
        thread.join(20)
        assert not thread.is_alive()
        reporter.close()
    assert [each.at_ns for each in found] == sorted({each.at_ns for each in found})
    assert all(sum(each.lanes[2].sent) == 5 for each in found)
