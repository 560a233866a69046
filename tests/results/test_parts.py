"""Parts of the media: of pairs, groups, times, single sessions; their values, and that their bounds are their own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from bounds_lab import held, on_time, summary_of
from synthetic_media import START
from synthetic_run import Blip

from hostio.timing import MS, S
from relay_app.streams import SessionGroup
from results.bounds.interval import UNBOUNDED, Interval
from results.metrics.analysis import Evidence, analyse
from results.metrics.part_names import FIGURES, percentile_of
from results.metrics.parts import Parts, Window
from results.report.report import read_evidence
from results.run_files.hold_ups import HoldUpPlace
from results.run_files.plan import Comparison, Condition, Expectation, Part
from results.verdict.summary import Summary

EAST_WEST: dict[str, Any] = {"source": "us-east", "destination": "us-west"}


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    """The blackhole of one-blip, with one session that is a group of its own."""
    evidence = on_time(read_evidence(Blip().write(tmp_path_factory.mktemp("run") / "run")))
    streams = tuple(
        replace(each, group="moved") if each.session.endswith("3") else each for each in evidence.recording.streams
    )
    groups = (
        SessionGroup("voice", "us-east", "us-west", 3, "voice"),
        SessionGroup("moved", "us-east", "us-west", 1, "voice"),
    )
    plan = replace(evidence.plan, sessions=groups)
    return replace(evidence, plan=plan, recording=replace(evidence.recording, streams=streams))


def expected(part: Part, comparison: Comparison = ">=", value: float = 0.0) -> Expectation:
    return Expectation(f"{part}", comparison, value, f"{part}", part)


def asked(evidence: Evidence, *parts: Part) -> tuple[list[float | None], list[Interval]]:
    """Values and bounds of parts."""
    summary = summary_of(evidence, *map(expected, parts))
    assert summary.bounds is not None
    assert [row.interval for row in summary.expectations] == [summary.bounds[f"{part}"] for part in parts]
    return [row.value for row in summary.expectations], [summary.bounds[f"{part}"] for part in parts]


def value(evidence: Evidence, **keys: Any) -> float | None:
    return asked(evidence, Part(**keys))[0][0]


def looked_up(document: Any, path: str) -> Any:
    for name in path.split("."):
        document = getattr(document, name)
    return document


def test_all_the_media_as_a_part_are_the_media_with_their_bounds(quiet: Evidence) -> None:
    disturbed = held(quiet, (HoldUpPlace.RECEIVER, 3, 4.1, 30), (HoldUpPlace.CORE, 0, 7, 12))
    summary = summary_of(disturbed, *(expected(Part(figure)) for figure in FIGURES))
    assert summary.bounds is not None
    for row, figure in zip(summary.expectations, FIGURES, strict=True):
        assert row.value == looked_up(summary.media, figure), figure
        assert row.interval == summary.bounds[f"media.{figure}"], figure


def test_a_pair_has_the_figures_of_its_row(quiet: Evidence) -> None:
    names = (
        "directions",
        "sent",
        "received",
        "lost",
        "duplicates",
        "pauses",
        "interruption_ms.max",
        "one_way_ms.p99",
        "order.reordered",
    )
    for row in summary_of(quiet).pairs:
        values, _ = asked(quiet, *(Part(name, row.source, row.destination) for name in names))
        assert values == [looked_up(row, name) for name in names]
    both = value(quiet, figure="sent", both_ways=True, **EAST_WEST)
    assert both == 2 * 4 * 600


def test_a_part_has_the_bounds_of_a_run_that_has_its_streams_alone(quiet: Evidence) -> None:
    disturbed = held(quiet, (HoldUpPlace.RECEIVER, 3, 4.1, 30), (HoldUpPlace.CORE, 0, 7, 12))
    streams = tuple(each for each in disturbed.recording.streams if each.group == "moved")
    plan = replace(disturbed.plan, sessions=disturbed.plan.sessions[1:])
    alone = summary_of(replace(disturbed, plan=plan, recording=replace(disturbed.recording, streams=streams)))
    figures = [name for name in FIGURES if name != "recovery_lag_ms"]
    values, bounds = asked(disturbed, *(Part(name, group="moved") for name in figures))
    assert alone.bounds is not None
    for name, found, interval in zip(figures, values, bounds, strict=True):
        assert found == looked_up(alone.media, name), name
        assert interval == alone.bounds[f"media.{name}"], name


def test_seconds_add_up_to_the_whole(quiet: Evidence) -> None:
    media, names = summary_of(quiet).media, ("sent", "received", "lost", "in_flight")
    seconds = [Part(name, from_ns=at * S, until_ns=(at + 1) * S) for name in names for at in range(13)]
    values, _ = asked(quiet, *seconds)
    for number, name in enumerate(names):
        assert sum(each or 0 for each in values[13 * number :][:13]) == getattr(media, name)


def test_only_the_seconds_of_a_silence_are_interrupted_and_that_is_certain(quiet: Evidence) -> None:
    """It lasts from 4.011 s, when the last packets before were heard, to 4.32 s; or from 3.991 s on, had the edge of
    the blackhole taken one more of each."""
    seconds = [Part("interrupted_directions", from_ns=at * S, until_ns=(at + 1) * S) for at in range(12)]
    values, bounds = asked(quiet, *seconds)
    assert values == [0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0]
    assert bounds.pop(3) == Interval(0.0, 8.0)
    assert bounds == [Interval(each, each) for at, each in enumerate(values) if at != 3]


@pytest.mark.parametrize(
    ("from_ms", "until_ms", "low", "high"),
    [(3_900, 3_980, 0, 0), (4_100, 4_200, 8, 8), (4_321, 4_329, 0, 8), (4_360, 4_500, 0, 0)],
)
def test_at_the_end_of_a_silence_it_is_open_whether_it_lasts(
    quiet: Evidence, from_ms: int, until_ms: int, low: int, high: int
) -> None:
    """A packet more or less was left to chance when the move ended it: 20 ms and the noise."""
    part = Part("interrupted_directions", from_ns=from_ms * MS, until_ns=until_ms * MS)
    _, (interval,) = asked(quiet, part)
    assert interval == Interval(low, high)


def test_what_was_over_before_a_doubt_is_known(quiet: Evidence) -> None:
    doubtful = held(quiet, (HoldUpPlace.CORE, 1, 3.9, 260))
    before = Part("lost", from_ns=1 * S, until_ns=2 * S)
    after = Part("lost", from_ns=8 * S, until_ns=9 * S)
    _, (known, unknown) = asked(doubtful, before, after)
    assert known == Interval(0.0, 0.0)
    assert unknown == Interval(0.0, 400.0)


PERCENTILES = [
    (name, which) for name in ("one_way_ms", "interruption_ms", "jitter_ms") for which in ("p10", "p95", "p99.9", "max")
]


def test_any_percentile_is_that_of_the_values(quiet: Evidence) -> None:
    analysis = analyse(quiet)
    packets = analysis.matched.packets
    values = {
        "one_way_ms": (packets.received_ns - packets.sent_ns)[packets.received_ns >= 0],
        "interruption_ms": np.array([each.length_ns for each in analysis.interruptions]),
        "jitter_ms": analysis.jitter_ns,
    }
    answers = zip(*asked(quiet, *(Part(f"{name}.{which}") for name, which in PERCENTILES)), strict=True)
    for (name, which), (found, interval) in zip(PERCENTILES, answers, strict=True):
        share = 100.0 if which == "max" else float(which[1:])
        assert found is not None
        assert found == pytest.approx(np.percentile(values[name], share) / 1e6, abs=0.001), (name, which)
        assert interval.low is not None
        assert interval.high is not None
        assert interval.low <= found <= interval.high, (name, which)
        assert percentile_of(f"{name}.{which}") == (name, share / 100)


def sessions_with(
    figure: str, comparison: Comparison, limit: float, *, counted: bool = False, of: Any = "sessions"
) -> Part:
    return Part(figure, condition=Condition(of, comparison, limit, counted))


def test_how_many_sessions_meet_a_condition(quiet: Evidence) -> None:
    """One of four sessions lost half of what it sent from 8 s to 9 s in one direction."""
    first = next(each for each in quiet.recording.streams if each.destination == "us-west")
    rows = quiet.recording.received["us-west"]
    mine = (rows["ssrc"] == first.ssrc) & (rows["sent_ns"] >= START + 8 * S) & (rows["sent_ns"] < START + 9 * S)
    kept = rows[~mine]
    recording = replace(quiet.recording, received={**quiet.recording.received, "us-west": kept})
    worse = replace(quiet, recording=recording)
    short, lossy = Condition("sessions", "<", 500.0, False), Condition("sessions", ">", 50.0, True)
    assert value(quiet, figure="interruption_ms.max", condition=short) == 100.0
    values, _ = asked(
        worse,
        Part("interruption_ms.max", condition=short),
        Part("interruption_ms.max", condition=replace(short, of="directions")),
        Part("lost", condition=lossy),
        Part("lost", group="moved", condition=lossy),
        Part("interruption_ms.max", condition=short, from_ns=8 * S, until_ns=9 * S),
        Part("interruption_ms.max", condition=short, from_ns=10 * S, until_ns=11 * S),
    )
    assert values == [75.0, 87.5, 1.0, 0.0, 75.0, 100.0]


def test_a_condition_is_undecided_of_those_whose_bounds_have_its_limit(quiet: Evidence) -> None:
    """All eight directions were interrupted for 309.4 ms, known to 20 ms and the noise of 6 ms."""
    _, found = asked(
        quiet,
        *(sessions_with("interruption_ms.max", "<", limit) for limit in (250.0, 310.0, 400.0)),
        sessions_with("interruption_ms.max", "<", 310.0, counted=True, of="directions"),
    )
    assert found == [Interval(0.0, 0.0), Interval(0.0, 100.0), Interval(100.0, 100.0), Interval(0.0, 8.0)]


def verdict_of(summary: Summary) -> str:
    return summary.verdict


@pytest.mark.parametrize(
    ("part", "comparison", "limit", "verdict"),
    [
        (Part("one_way_ms.p50", **EAST_WEST), "<=", 33.0, "pass"),
        (Part("one_way_ms.p50", **EAST_WEST), "<=", 30.0, "fail"),
        (Part("interruption_ms.max", group="moved", from_ns=7 * S, until_ns=9 * S), "<=", 1.0, "pass"),
        (Part("interruption_ms.p95", group="moved"), "<=", 200.0, "fail"),
        (Part("interruption_ms.p95", group="moved"), "<=", 310.0, "inconclusive"),
        (Part("interrupted_directions", from_ns=4 * S, until_ns=5 * S), "==", 0.0, "fail"),
        (Part("interrupted_directions", from_ns=8 * S, until_ns=9 * S), "==", 0.0, "pass"),
        (sessions_with("interruption_ms.max", "<", 500.0), ">=", 95.0, "pass"),
        (sessions_with("interruption_ms.max", "<", 100.0), ">=", 95.0, "fail"),
    ],
)
def test_a_verdict_on_a_part(quiet: Evidence, part: Part, comparison: Comparison, limit: float, verdict: str) -> None:
    assert verdict_of(summary_of(quiet, expected(part, comparison, limit))) == verdict


def test_two_directions_swapped_fail(quiet: Evidence) -> None:
    """What goes west is twice as long under way as what goes back, and an expectation on each tells which is which."""
    rows = quiet.recording.received
    west, east = rows["us-west"].copy(), rows["us-east"].copy()
    east["received_ns"] -= 15 * MS
    west["received_ns"] -= 15 * MS
    there = expected(Part("one_way_ms.p50", **EAST_WEST), ">=", 29.0)
    back = expected(Part("one_way_ms.p50", source="us-west", destination="us-east"), "<=", 18.0)
    for received, verdict in (({**rows, "us-east": east}, "pass"), ({**rows, "us-west": west}, "fail")):
        evidence = replace(quiet, recording=replace(quiet.recording, received=received))
        assert verdict_of(summary_of(evidence, there, back)) == verdict


def test_without_hold_ups_recorded_a_part_has_a_value_alone(quiet: Evidence) -> None:
    old = replace(quiet, hold_ups=None)
    (row,) = summary_of(
        old, expected(Part("interruption_ms.p95", from_ns=8 * S, until_ns=9 * S), "<", 5.0)
    ).expectations
    assert (row.value, row.interval, row.ok) == (None, None, True)


def test_a_part_that_sent_nothing_has_no_bounds(quiet: Evidence) -> None:
    values, bounds = asked(quiet, Part("one_way_ms.p99", source="us-east", destination="us-central"))
    assert (values, bounds) == ([None], [UNBOUNDED])


@pytest.mark.parametrize("seed", range(5))
def test_rows_of_a_part_belong_together(quiet: Evidence, seed: int) -> None:
    analysis = analyse(quiet)
    random = np.random.default_rng(seed)
    chosen = random.random(len(analysis.matched.streams)) < 0.5
    own = Parts(analysis).of(chosen, Window(START + 3 * S, START + 9 * S))
    packets, arrivals, order = own.matched.packets, own.matched.arrivals, own.order
    assert set(packets.stream.tolist()) == set(np.flatnonzero(chosen).tolist())
    assert (packets.received_ns[arrivals.packet] == arrivals.received_ns).all()
    assert (packets.stream[arrivals.packet] == arrivals.stream).all()
    assert sorted(order.packet.tolist()) == np.flatnonzero(packets.arrived).tolist()
    assert len(own.jitter_ns) == len(arrivals.packet)
