"""Bounds of the order of arrival: what arrives without hold-ups lies within what is said of it with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from bounds_lab import bounds_of, held, on_time, summary_of
from synthetic_media import DIRECT_EAST_WEST, START, TRIANGLE, VIA_CENTRAL, received, sent
from synthetic_run import Blip

from hostio.timing import MS, S
from relay_app.streams import streams_of
from results.bounds.doubts import Doubt
from results.bounds.effects import EdgeErrors, Effects
from results.bounds.held_up import held_up
from results.bounds.interval import Interval
from results.bounds.order import order_bounds
from results.metrics.analysis import Evidence, analyse
from results.metrics.figures import OrderFigures
from results.metrics.matching import Ints
from results.metrics.order import order_figures
from results.metrics.part_names import FIGURES, OF_ALL_TIME
from results.report.report import read_evidence
from results.run_files.events import FaultEdge
from results.run_files.hold_ups import HoldUpPlace
from results.run_files.plan import Expectation, Part
from topologies.model import Link

JITTER = 18 * MS
COUNT = 600
ORDER = "media.order"


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    """A run without faults."""
    evidence = on_time(held(blip := _blip(tmp_path_factory.mktemp("run") / "run")))
    assert blip.plan.faults
    events = tuple(each for each in evidence.events if not isinstance(each, FaultEdge))
    return replace(evidence, plan=replace(evidence.plan, faults=()), decisions=(), events=events)


def _blip(path: Path) -> Evidence:
    return read_evidence(Blip().write(path))


def jittery(evidence: Evidence, jitter_ns: int = JITTER) -> Evidence:
    links = (Link.alike(link.a, link.b, link.there.delay_ns, jitter_ns) for link in TRIANGLE.links)
    topology = replace(TRIANGLE, links=tuple(links))
    return replace(evidence, plan=replace(evidence.plan, topology=topology))


def with_arrivals(evidence: Evidence, latencies: Sequence[Ints], interval_ns: int = 10 * MS, path: int = 0) -> Evidence:
    """A stream from east to west for each row of latencies, and no other."""
    streams = [each for each in streams_of(evidence.plan.sessions, evidence.plan.seed) if each.source == "us-east"]
    mine = streams[: len(latencies)]
    rows = [
        sent(each.ssrc, len(latency), interval_ns=interval_ns) for each, latency in zip(mine, latencies, strict=True)
    ]
    paths = path or DIRECT_EAST_WEST
    arrived = [received(each, latency, paths) for each, latency in zip(rows, latencies, strict=True)]
    recording = replace(
        evidence.recording,
        streams=tuple(mine),
        sent={"us-east": np.concatenate(rows)},
        received={"us-west": np.concatenate(arrived)},
    )
    return replace(evidence, recording=recording)


def bounds_by_windows(evidence: Evidence, doubt: Doubt | None = None, others: float = 0.0) -> dict[str, Interval]:
    """The bounds where no packet can have had another fate, unless so many are said to."""
    assert evidence.hold_ups is not None
    analysis = analyse(evidence)
    effects = Effects(held_up(evidence, analysis, evidence.hold_ups), EdgeErrors.of(evidence), 250 * MS, doubt, False)
    return order_bounds(evidence, analysis, effects, others)


@pytest.mark.parametrize("arrivals", [1, COUNT, 2 * COUNT])
def test_parts_of_whole_streams_have_the_bounds_of_all_together(
    calm: Evidence, monkeypatch: pytest.MonkeyPatch, arrivals: int
) -> None:
    """Streams with little and with much jitter, of which three packets can have had another fate."""
    random = np.random.default_rng(7)
    latencies = [random.integers(10 * MS, (10 + spread) * MS, COUNT) for spread in (18, 1, 40)]
    evidence = jittery(with_arrivals(calm, latencies))
    together = bounds_by_windows(evidence, others=3.0)
    assert together["order.reordered"].high is not None
    assert together["order.reordered"].high > COUNT / 2
    monkeypatch.setattr("results.bounds.blocks.ARRIVALS", arrivals)
    assert bounds_by_windows(evidence, others=3.0) == together


def figures_of(evidence: Evidence) -> OrderFigures:
    return order_figures(analyse(evidence).order)


def values(figures: OrderFigures) -> dict[str, float | None]:
    nested = {
        f"order.{name}.{which}": getattr(getattr(figures, name), which)
        for name in ("extent", "late_ms")
        for which in ("p50", "p99", "max")
    }
    flat = ("reordered", "reordered_percent", "n_reordering", "three_reordered", "after_gap")
    return nested | {f"order.{name}": getattr(figures, name) for name in flat}


def inside(value: float | None, interval: Interval) -> bool:
    low = float("-inf") if interval.low is None else interval.low
    return value is None or low - 1e-3 <= value <= (float("inf") if interval.high is None else interval.high + 1e-3)


def released_together(at_ns: Ints, spans: list[tuple[int, int]]) -> Ints:
    """What would have arrived in a span arrives at its end, in the order in which it would have."""
    late = at_ns.copy()
    for from_ns, until_ns in spans:
        caught = np.flatnonzero((late >= from_ns) & (late < until_ns))
        late[caught[np.argsort(at_ns[caught])]] = until_ns - len(caught) + np.arange(len(caught))
    return late


Run = tuple[Evidence, Evidence]


def run_and_truth(calm: Evidence, seed: int) -> Run:
    """A run that was held up at known times, and what it would have been without that."""
    random = np.random.default_rng(seed)
    jitter_ns = int(random.choice([2, 7, 18])) * MS
    latencies = [31 * MS + random.integers(-jitter_ns, jitter_ns, COUNT) for _ in range(3)]
    spans = [(START + at, START + at + int(random.integers(2, 90)) * MS) for at in (1 * S, 2 * S, 2500 * MS, 4 * S)]
    due_ns = START + 10 * MS * np.arange(COUNT, dtype=np.int64)
    seen = [released_together(due_ns + latency, spans) - due_ns for latency in latencies]
    late = [(HoldUpPlace.CORE, 0, (a - START) / S, (b - a) / MS) for a, b in spans]
    truth = with_arrivals(jittery(held(calm), jitter_ns), latencies)
    return with_arrivals(jittery(held(calm, *late), jitter_ns), seen), truth


@pytest.mark.parametrize("seed", range(12))
def test_what_would_have_arrived_without_hold_ups_lies_within_the_bounds(calm: Evidence, seed: int) -> None:
    run, truth = run_and_truth(calm, seed)
    bounds = bounds_by_windows(run)
    for evidence in (run, truth):
        for name, value in values(figures_of(evidence)).items():
            assert inside(value, bounds[name]), (name, value, bounds[name])


@pytest.mark.parametrize("seed", range(3))
def test_so_does_every_figure_of_a_part_of_the_time(calm: Evidence, seed: int) -> None:
    run, truth = run_and_truth(calm, seed)
    parts = [
        Part(figure, from_ns=from_ms * MS, until_ns=until_ms * MS)
        for figure in FIGURES
        if figure not in OF_ALL_TIME
        for from_ms, until_ms in ((0, 1_500), (990, 1_100), (2_000, 3_000), (4_000, 4_050))
    ]
    parts = [parts[at] for at in np.random.default_rng(seed).choice(len(parts), 20, replace=False)]
    asked = [Expectation(f"{part}", ">=", 0.0, f"{part}", part) for part in parts]
    measured, ideal = (summary_of(evidence, *asked).expectations for evidence in (run, truth))
    for row, true in zip(measured, ideal, strict=True):
        assert row.interval is not None
        assert inside(row.value, row.interval), row
        assert inside(true.value, row.interval), (row, true.value)


def test_without_hold_ups_packets_far_apart_are_certain(calm: Evidence) -> None:
    """Of 600 packets 10 ms apart every hundredth is 35 ms late: three overtake it."""
    latency = np.full(COUNT, 31 * MS)
    latency[50::100] += 35 * MS
    bounds = bounds_by_windows(with_arrivals(jittery(calm), [latency]))
    assert bounds["order.reordered"] == Interval(6.0, 6.0)
    assert bounds["order.reordered_percent"] == Interval(1.0, 1.0)
    assert bounds["order.extent.max"] == Interval(3.0, 3.0)
    assert bounds["order.n_reordering"] == Interval(3.0, 3.0)
    assert bounds["order.three_reordered"] == Interval(6.0, 6.0)
    assert bounds["order.late_ms.p50"] == Interval(23.0, 27.0)  # 25 ms, known at both ends to the noise of 1 ms
    assert bounds["order.after_gap"] == Interval(0.0, 0.0)


def test_queues_keep_the_order_whatever_held_them_up(calm: Evidence) -> None:
    """Packets 1 ms apart come closer to each other than the noise; nothing on their way can reorder them."""
    even = [np.full(COUNT, 31 * MS)]
    late = (HoldUpPlace.CORE, 0, 0.2, 40.0)
    fixed, loose = (
        bounds_by_windows(with_arrivals(jittery(held(calm, late), jitter_ns), even, interval_ns=MS))["order.reordered"]
        for jitter_ns in (0, 1)
    )
    assert fixed == Interval(0.0, 0.0)
    assert (loose.low, loose.high) == (0.0, COUNT - 1)


def test_packets_of_two_paths_can_have_come_in_another_order(calm: Evidence) -> None:
    """The first 300 of 600 come over the centre, and the first of the others as soon as their last, or later."""
    over = np.where(np.arange(COUNT) < 300, VIA_CENTRAL, DIRECT_EAST_WEST)
    latency = np.where(np.arange(COUNT) < 300, 40_550_000, 31_150_000)
    evidence = with_arrivals(calm, [latency])
    rows = evidence.recording.received["us-west"].copy()
    rows["path"] = over
    evidence = replace(evidence, recording=replace(evidence.recording, received={"us-west": rows}))
    assert figures_of(evidence).reordered == 0
    assert bounds_by_windows(evidence)["order.reordered"] == Interval(0.0, 1.0)
    assert bounds_by_windows(with_arrivals(calm, [latency]))["order.reordered"] == Interval(0.0, 0.0)


def test_packets_of_another_fate_can_be_out_of_order_and_bring_others_out_of_it(calm: Evidence) -> None:
    latency = np.full(COUNT, 31 * MS)
    latency[50::100] += 35 * MS
    evidence = with_arrivals(jittery(calm), [latency])
    bounds = bounds_by_windows(evidence, others=1.0)
    # In 37 ms, the span of transit times with their noise, three packets are sent: with itself that makes four.
    assert bounds["order.reordered"] == Interval(2.0, 10.0)
    assert bounds["order.extent.max"] == Interval(0.0, 7.0)
    assert bounds["order.late_ms.max"] == Interval(0.0, 37.0)
    assert bounds_by_windows(with_arrivals(calm, [np.full(COUNT, 31 * MS)]), others=9.0)["order.reordered"].high == 0


def test_after_a_doubt_nothing_is_known_but_what_was_certain_before(calm: Evidence) -> None:
    latency = np.full(COUNT, 31 * MS)
    latency[50::100] += 35 * MS
    evidence = with_arrivals(jittery(calm), [latency])
    bounds = bounds_by_windows(evidence, Doubt(START + 3 * S, "why"))
    assert bounds["order.reordered"] == Interval(3.0, None)
    assert bounds["order.extent.max"] == Interval(3.0, None)
    assert bounds["order.extent.p50"] == Interval(0.0, None)
    assert bounds["order.reordered_percent"] == Interval(0.0, None)


@pytest.mark.parametrize(
    ("latest_by_ms", "late_ms", "limit", "verdict"),
    [
        (35, 0, 0, "fail"),
        (0, 0, 0, "pass"),
        (11, 0, 0, "inconclusive"),
        (35, 30, 0, "inconclusive"),
        (35, 30, 60, "pass"),
    ],
)
def test_a_verdict_on_the_order_is_decided_by_the_bounds(
    calm: Evidence, latest_by_ms: int, late_ms: float, limit: float, verdict: str
) -> None:
    """One packet is late: by far, not at all, by a millisecond more than it takes, or as a hold-up can have made it.

    Held up for 30 ms, up to four packets can have had another fate, and each can overtake eight.
    """
    latency = np.full(COUNT, 31 * MS)
    latency[200] += latest_by_ms * MS
    late = [(HoldUpPlace.CORE, 0, 2.035, late_ms)] if late_ms else []
    evidence = with_arrivals(jittery(held(calm, *late)), [latency])
    expected = Expectation(f"{ORDER}.reordered", "<=", limit, f"{ORDER}.reordered <= {limit:g}")
    assert verdict_of(evidence, expected) == verdict


def verdict_of(evidence: Evidence, expected: Expectation) -> str:
    (row,) = summary_of(evidence, expected).expectations
    return {True: "pass", False: "fail", None: "inconclusive"}[row.ok]


def test_a_length_of_what_did_not_happen_is_below_any_bound(calm: Evidence) -> None:
    evidence = with_arrivals(calm, [np.full(COUNT, 31 * MS)])
    for name in ("late_ms.max", "extent.p99"):
        metric = f"{ORDER}.{name}"
        assert verdict_of(evidence, Expectation(metric, "<=", 5, f"{metric} <= 5ms")) == "pass"
    assert bounds_of(evidence, f"{ORDER}.late_ms.max") == (0.0, 0.0)
