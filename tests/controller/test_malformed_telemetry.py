"""Telemetry that is none, or hostile: the controller counts it, and goes on."""

from __future__ import annotations

from collections.abc import Sequence
from io import StringIO

import pytest
from controller_samples import six, triangle
from engine_bench import Bench, both
from every import every
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.app import Controller
from controller.engine import Engine
from controller.messages import Install
from controller.settings import ControllerSettings
from controller.telemetry import Telemetry, TelemetryError, TelemetryReader
from hostio.timing import S
from relay_app.coverage_report import CoverageReport
from relay_app.load_order import LoadOrder
from relay_app.media_report import LaneCounts, MediaReport
from relay_app.ports import LANES
from relay_app.probing.probe_report import ProbeReport, ReflectionReport

NOW = 1 << 40
READER = TelemetryReader(six())
TIMES = st.integers(-(1 << 63), (1 << 63) - 1) | st.integers(NOW - 2 * S, NOW + 2 * S)
OCTETS = st.integers(0, 255) | st.integers(0, 7)
PROBES = st.builds(ProbeReport, OCTETS, OCTETS, st.integers(0, (1 << 32) - 1), TIMES, TIMES, OCTETS).map(
    ProbeReport.encode
)
COVERAGES = st.builds(
    CoverageReport,
    OCTETS,
    TIMES,
    st.dictionaries(st.tuples(OCTETS, OCTETS), st.integers(0, (1 << 32) - 1), max_size=9),
).map(lambda report: next(report.encode()))
COUNTS = st.lists(st.integers(0, (1 << 32) - 1), min_size=LANES, max_size=LANES).map(tuple)
MEDIA = st.builds(
    MediaReport, OCTETS, TIMES, st.dictionaries(OCTETS, st.builds(LaneCounts, COUNTS, COUNTS), min_size=1, max_size=9)
).map(lambda report: next(report.encode()))
REFLECTIONS = st.builds(lambda number, probe: b"\xff" + number + probe, st.binary(min_size=4, max_size=4), PROBES)
DATAGRAMS = st.binary(max_size=64) | PROBES | REFLECTIONS | COVERAGES | MEDIA


class Nobody:
    """Takes what is sent to switches and relays."""

    def install(self, installs: Sequence[Install]) -> list[int]:
        assert every(install.rules for install in installs) or not installs
        return [0] * len(installs)

    def send(self, order: LoadOrder) -> None:
        assert order.lanes


@given(DATAGRAMS)
@settings(max_examples=60, derandomize=True, deadline=None, database=None)
def test_what_is_read_is_of_a_link_or_cluster_that_there_is_and_of_the_past(datagram: bytes) -> None:
    try:
        report = READER.read(datagram, NOW)
    except TelemetryError:
        return
    ordinals = range(1, 7)
    if isinstance(report, CoverageReport):
        assert report.relay in ordinals
        assert 0 <= report.at_ns <= NOW + S
        return
    if isinstance(report, MediaReport):
        assert {report.cluster, *report.lanes} <= {*ordinals}
        assert report.cluster not in report.lanes
        assert NOW - 3600 * S <= report.at_ns <= NOW + S
        return
    if isinstance(report, ReflectionReport):
        report = report.there
        assert not report.via
    assert report.source in ordinals
    assert report.source != (report.via or report.destination)
    assert NOW - 3601 * S <= report.received_ns <= NOW + S
    assert report.sent_ns <= report.received_ns + S


@pytest.mark.parametrize(
    "good",
    [
        ProbeReport(1, 2, 7, NOW - 2, NOW - 1),
        ProbeReport(1, 1, 7, NOW - 2, NOW - 1, via=2),
        ReflectionReport(ProbeReport(1, 2, 7, NOW - 2, NOW - 1), 9),
        CoverageReport(3, NOW - 1, {(1, 5): 7}),
        CoverageReport(3, NOW, {}),
        MediaReport(2, NOW - 1, {5: LaneCounts(tuple(range(LANES)), (7,) * LANES)}),
    ],
)
def test_what_is_well_is_read_as_it_is(good: Telemetry) -> None:
    datagram = good.encode() if isinstance(good, ProbeReport | ReflectionReport) else next(iter(good.encode()))
    assert READER.read(datagram, NOW) == good


@given(st.lists(DATAGRAMS, max_size=20), st.integers(0, 3))
@settings(max_examples=20, derandomize=True, deadline=None, database=None)
def test_whatever_arrives_links_are_found_silent_and_pairs_moved_as_before(hostile: list[bytes], seed: int) -> None:
    """Reports of the bench's own clock go round the reader, whose times are those of the machine."""
    bench = Bench(triangle(), ControllerSettings(detect=("link", "receiver-reports")))
    nobody = Nobody()
    controller = Controller(bench.engine, TelemetryReader(bench.topology), nobody, nobody, StringIO(), StringIO())
    for datagram in hostile[:seed]:
        controller.on_report(datagram)
    bench.connect()
    bench.run(1 * S)
    for datagram in hostile[seed:]:
        controller.on_report(datagram)
    bench.cut = both("east", "west")
    bench.run(1 * S)
    assert bench.relays_passed("east", "west", 3) == ["central"]


def test_what_is_refused_is_told_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    nobody = Nobody()
    engine = Engine(triangle(), ControllerSettings())
    controller = Controller(engine, TelemetryReader(triangle()), nobody, nobody, StringIO(), StringIO())
    for number in range(100):
        controller.on_report(bytes(number))
    assert controller.refused == 100
    told = capsys.readouterr().err.splitlines()
    assert [int(line.split()[1]) for line in told] == [1, 2, 4, 8, 16, 32, 64]
