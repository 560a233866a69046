"""Repeated runs as one aggregate: spread, and what their verdicts say of all runs that there could be."""

from __future__ import annotations

from dataclasses import replace
from math import comb, log
from pathlib import Path

import pytest
from synthetic_run import Blip

from results.comparison.aggregate import Aggregate, Wanted, aggregate, wanted
from results.comparison.run_sets import AGGREGATE, named_apart, read_set, summary_of, write_aggregate
from results.comparison.statistics import largest_share, least_share, mean_interval, runs_for_share
from results.comparison.values import Measured, RunValues, run_values
from results.run_files.document_error import DocumentError
from results.run_files.plan import Expectation
from results.run_files.run_dir import RunDir
from results.verdict.summary import RUN_FAILED, Verdict

LOST = "media.lost"
SHORT = Expectation("media.interruption_ms.max", "<", 100.0, "media.interruption_ms.max < 100ms")


def runs(*verdicts: Verdict) -> list[RunValues]:
    reasons = {
        "pass": ["expectations met: 1"],
        "fail": ["expected a < 1, found 2"],
        "inconclusive": ["a is undecided"],
    }
    return [
        RunValues(
            f"burst/{number}",
            "burst",
            7 + number,
            verdict,
            reasons[verdict],
            False,
            [],
            {LOST: Measured(float(number), float(number), float(number), "lower")},
        )
        for number, verdict in enumerate(verdicts)
    ]


def test_spread_and_verdict_of_runs_that_all_pass() -> None:
    all_pass: list[Verdict] = ["pass"] * 10
    found = aggregate(runs(*all_pass), 10, Wanted())
    spread = found.metrics[LOST]
    assert (spread.n, spread.unknown, spread.mean, spread.median, spread.min, spread.max) == (10, 0, 4.5, 4.5, 0, 9)
    assert spread.mean_interval is not None
    assert 2.0 < (spread.mean_interval.low or 0) < 4.5 < (spread.mean_interval.high or 0) < 7.0
    assert found.seeds == list(range(7, 17))
    assert found.verdict == "pass"
    assert found.reasons == [
        "10 of 10 runs passed",
        "with 95 % confidence at least 74.11 % of all runs pass",
        "to show 95 % takes 59 runs in all if every further one passes",
    ]


@pytest.mark.parametrize(
    ("verdicts", "stated", "verdict"),
    [
        (["pass"] * 58, 0.95, "inconclusive"),
        (["pass"] * 59, 0.95, "pass"),
        ([*["pass"] * 92, "fail"], 0.95, "pass"),
        ([*["pass"] * 91, "fail"], 0.95, "inconclusive"),
        ([*["pass"] * 92, "inconclusive"], 0.95, "pass"),
        (["pass", "fail", "fail", "fail"], 0.95, "fail"),
        (["pass", "pass", "fail"], None, "fail"),
        (["pass", "pass", "inconclusive"], None, "inconclusive"),
        (["fail", "inconclusive"], None, "fail"),
    ],
)
def test_verdicts(verdicts: list[Verdict], stated: float | None, verdict: Verdict) -> None:
    assert aggregate(runs(*verdicts), len(verdicts), wanted(stated, 0.95)).verdict == verdict


def test_failures_are_told_by_what_failed_and_with_which_seeds() -> None:
    found = aggregate(runs("pass", "fail", "fail"), 3, Wanted())
    assert found.reasons[0] == "1 of 3 runs passed, 2 failed"
    assert found.reasons[-1] == "expected a < 1: not so in 2 of 3 runs (seeds 8, 9)"


def test_runs_that_were_not_played_are_missed() -> None:
    found = aggregate(runs("pass", "pass"), 5, Wanted())
    assert found.verdict == "inconclusive"
    assert "5 runs were planned" in found.reasons


def test_the_rule_of_three_and_its_exact_form() -> None:
    """Without a failure 1 − 0.05^(1/n) may fail, about 3/n; n runs are needed for log 0.05 / log share."""
    for n in (5, 30, 300):
        assert 1 - least_share(n, n, 0.95) == pytest.approx(1 - 0.05 ** (1 / n))
    assert 1 - least_share(300, 300, 0.95) == pytest.approx(3 / 300, rel=0.02)
    for share in (0.9, 0.95, 0.99):
        assert runs_for_share(share, 0.95, 0) == -(-log(0.05) // log(share))


@pytest.mark.parametrize(("passed", "of"), [(7, 10), (58, 60), (1, 4)])
def test_the_bounds_of_a_share_are_those_of_the_binomial_distribution(passed: int, of: int) -> None:
    """At the lower bound so many or more pass with 5 %; at the upper one so many or fewer."""

    def probability(share: float, counts: range) -> float:
        return sum(comb(of, k) * share**k * (1 - share) ** (of - k) for k in counts)

    assert probability(least_share(passed, of, 0.95), range(passed, of + 1)) == pytest.approx(0.05)
    assert probability(largest_share(passed, of, 0.95), range(passed + 1)) == pytest.approx(0.05)


def test_values_that_are_all_the_same_have_a_point_for_an_interval_and_one_has_none() -> None:
    interval = mean_interval([3.0, 3.0], 0.95, 0)
    assert interval is not None
    assert (interval.low, interval.high) == (3.0, 3.0)
    assert mean_interval([3.0], 0.95, 0) is None


@pytest.fixture(scope="module")
def blip(tmp_path_factory: pytest.TempPathFactory) -> RunDir:
    return Blip(sessions=1, expectations=(SHORT,)).write(tmp_path_factory.mktemp("set") / "blip" / "first")


def test_values_of_a_run_are_those_of_its_summary_with_their_bounds(blip: RunDir) -> None:
    summary = summary_of(blip)
    found = run_values(summary, "first")
    assert (found.verdict, found.failed, found.expected) == ("fail", False, ["media.interruption_ms.max"])
    longest = found.values["media.interruption_ms.max"]
    assert longest.value == summary.media.interruption_ms.max
    assert (longest.low or 0) <= (longest.value or 0) <= (longest.high or 0)
    assert found.values["media.still_interrupted"].value == 0
    assert found.values["relay.us-central.stalls"].better == "lower"
    assert "media.frames.freeze_ms.max" in found.values  # there was none: 0, not unknown
    assert found.values["media.frames.freeze_ms.max"].value == 0


def test_a_run_that_failed_has_no_values(blip: RunDir) -> None:
    summary = replace(summary_of(blip), verdict="inconclusive", reasons=[f"{RUN_FAILED}no switch"])
    found = run_values(summary, "first")
    assert found.failed
    assert not found.values


def test_values_of_records_that_are_not_whole_have_no_bounds(blip: RunDir) -> None:
    summary = replace(summary_of(blip), verdict="inconclusive", reasons=["a file is missing"])
    lost = run_values(summary, "first").values[LOST]
    assert (lost.low, lost.high) == (None, None)


def test_sets_are_run_directories_folders_and_aggregates(blip: RunDir, tmp_path: Path) -> None:
    folder = blip.root.parent.parent
    one, all_below = read_set(blip.root), read_set(folder)
    assert [each.run for each in all_below.runs] == ["blip/first"]
    assert one.runs[0].values == all_below.runs[0].values
    path = write_aggregate(tmp_path, aggregate(all_below.runs, 1, Wanted()))
    assert read_set(path).runs == read_set(tmp_path).runs == all_below.runs
    assert [each.name for each in named_apart([one, one])] == [f"{blip.root} (1)", f"{blip.root} (2)"]


def test_what_is_no_set_is_said_in_one_line(blip: RunDir, tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="no run directory is in it"):
        read_set(tmp_path)
    (tmp_path / AGGREGATE).write_text("{}")
    with pytest.raises(DocumentError, match=r"it is no aggregate.json that run --repeat wrote"):
        read_set(tmp_path)
    mixed = [*read_set(blip.root).runs, replace(read_set(blip.root).runs[0], scenario="other")]
    write_aggregate(tmp_path, aggregate(mixed, 2, Wanted()))
    with pytest.raises(DocumentError, match="its runs are of several scenarios, "):
        read_set(tmp_path)


def test_an_aggregate_is_read_as_it_was_written(tmp_path: Path) -> None:
    from results.run_files.documents import read

    found = aggregate(runs("pass", "fail"), 2, Wanted(0.9, 0.9, stated=True))
    assert read(Aggregate, write_aggregate(tmp_path, found)) == found
