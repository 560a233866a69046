"""Sets of runs beside each other, on made values: what is shown, how often wrongly, and what bounds hide."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from results.comparison import statistics
from results.comparison.compare import all_metrics, compare, default_metrics
from results.comparison.compared_sets import ComparedSets, RunSet
from results.comparison.directions import HEADLINES, HIGHER, LOWER, Better, better_of
from results.comparison.rows import answer_sentences
from results.comparison.values import Measured, RunValues
from results.metrics.metric_names import CONNECTION_METRICS, METRICS, PROCESS_METRICS, RELAY_METRICS, WEBRTC_METRICS

LONGEST = "media.interruption_ms.max"


def exact(value: float, better: Better = "lower") -> Measured:
    return Measured(value, value, value, better)


def run(number: int, values: dict[str, Measured]) -> RunValues:
    return RunValues(f"run-{number}", "burst", number, "pass", ["expectations met: 1"], False, [], values)


def run_set(name: str, *metrics: tuple[str, list[Measured]]) -> RunSet:
    rows = zip(*(values for _, values in metrics), strict=True)
    names = [metric for metric, _ in metrics]
    return RunSet(name, tuple(run(number, dict(zip(names, row, strict=True))) for number, row in enumerate(rows)))


def drawn(random: np.random.Generator, median_ms: float, runs: int = 10) -> list[Measured]:
    """Longest interruptions as runs have them: skewed, in proportion to their median."""
    return [exact(float(each)) for each in median_ms * random.lognormal(0.0, 0.3, runs)]


def compared(first: RunSet, other: RunSet) -> ComparedSets:
    return compare([first, other], all_metrics([first, other]), 0.95)


def answers(found: ComparedSets) -> dict[str, str]:
    return {row.metric: row.answer for row in found.rows}


def test_ten_runs_of_the_fix_are_better_than_ten_of_the_regression() -> None:
    random = np.random.default_rng(1)
    regression = run_set(
        "regression",
        (LONGEST, drawn(random, 14_000)),
        ("relay.c.hit_percent", [exact(each, "higher") for each in random.uniform(0, 20, 10)]),
        ("media.loss_percent", drawn(random, 2.0)),
    )
    fix = run_set(
        "fix",
        (LONGEST, drawn(random, 900)),
        ("relay.c.hit_percent", [exact(each, "higher") for each in random.uniform(80, 100, 10)]),
        ("media.loss_percent", drawn(random, 2.0)),
    )
    found = compared(regression, fix)
    assert answers(found) == {
        LONGEST: "better",
        "relay.c.hit_percent": "better",
        "media.loss_percent": "no difference shown",
    }
    longest = found.rows[0]
    assert longest.effect == -1.0
    assert longest.interval is not None
    assert longest.interval.low is not None
    assert longest.interval.low < -13_000 < (longest.interval.high or 0)
    assert set(answers(compared(fix, regression)).values()) == {"worse", "no difference shown"}


def test_ten_runs_beside_ten_of_the_same_show_no_difference() -> None:
    random = np.random.default_rng(4)
    a, b = (
        run_set(name, *((metric, drawn(random, 900.0)) for metric in (LONGEST, "media.lost", "media.hit_sessions")))
        for name in "ab"
    )
    found = compared(a, b)
    assert set(answers(found).values()) == {"no difference shown"}
    assert list(answer_sentences(found)) == ["b beside a: no difference shown"]


@pytest.mark.parametrize("runs", [4, 10])
@pytest.mark.parametrize("values", [1_000_000, 6], ids=["no ties", "ties"])
def test_of_the_same_a_difference_is_seldom_shown(runs: int, values: int) -> None:
    """In at most 5 % of sets of eight metrics: of 60 in no more than 8, three deviations above that."""
    random = np.random.default_rng(runs + values)
    wrong = 0
    for _ in range(60):
        pairs = [random.integers(0, values, (2, runs)).astype(float) for _ in range(8 if runs > 4 else 1)]
        wrong += min(statistics.holm([statistics.rank_test(a, b, 0) for a, b in pairs])) <= 0.05
    assert wrong <= 8


def test_a_difference_within_what_the_machine_did_is_not_shown() -> None:
    random = np.random.default_rng(2)
    slow = drawn(random, 1_000)
    fast = drawn(random, 300)
    wide = [Measured(each.value, 0.0, 5_000.0, "lower") for each in fast]
    assert answers(compared(run_set("a", (LONGEST, slow)), run_set("b", (LONGEST, fast)))) == {LONGEST: "better"}
    found = compared(run_set("a", (LONGEST, slow)), run_set("b", (LONGEST, wide)))
    assert answers(found) == {LONGEST: "no difference shown"}
    assert found.rows[0].within_bounds
    assert any("machines" in each for each in answer_sentences(found))


def test_an_unknown_value_may_be_anything() -> None:
    slow, fast = ([exact(base + number) for number in range(5)] for base in (1_000, 10))
    whole = run_set("b", (LONGEST, fast))
    assert answers(compared(run_set("a", (LONGEST, slow)), whole)) == {LONGEST: "better"}
    unknown = RunSet("b", tuple(replace(each, values={}) if each.seed < 2 else each for each in whole.runs))
    found = compared(run_set("a", (LONGEST, slow)), unknown)
    assert found.rows[0].other.n == 3
    assert answers(found) == {LONGEST: "no difference shown"}


def test_too_few_runs_show_nothing_and_the_number_that_would_is_told() -> None:
    sets = [run_set(name, (LONGEST, [exact(value)] * 3)) for name, value in (("a", 900.0), ("b", 1.0))]
    found = compare(sets, default_metrics(sets), 0.95)
    assert found.too_few
    assert found.runs_needed == 4  # 2 / C(8, 4) = 0.029; 2 / C(6, 3) = 0.1
    assert answers(found) == {LONGEST: "no difference shown"}
    assert found.notes == [
        "too few runs: with one comparison no difference can be shown below 4 a side (run --repeat 4)"
    ]
    enough = [run_set(name, (LONGEST, [exact(value)] * 4)) for name, value in (("a", 900.0), ("b", 1.0))]
    assert answers(compare(enough, [LONGEST], 0.95)) == {LONGEST: "better"}


def test_what_is_the_same_in_all_runs_makes_nothing_harder_to_show() -> None:
    """With four runs a side only one test can show a difference."""
    sets = [
        run_set(name, (LONGEST, [exact(value)] * 4), ("media.lost", [exact(3.0)] * 4))
        for name, value in (("a", 900.0), ("b", 1.0))
    ]
    found = compared(*sets)
    assert answers(found) == {LONGEST: "better", "media.lost": "no difference shown"}
    assert [row.same for row in found.rows] == [False, True]
    assert list(answer_sentences(found)) == [f"b beside a: better in {LONGEST}", "the same in all runs: 1 of 2 metrics"]


def test_runs_that_did_not_end_are_left_out_by_number() -> None:
    whole = run_set("a", (LONGEST, [exact(1.0)] * 4))
    cut = RunSet("b", (*whole.runs, replace(whole.runs[0], failed=True, values={})))
    found = compared(whole, cut)
    assert (found.sets[1].runs, found.sets[1].left_out) == (5, 1)
    assert found.rows[0].other.n == 4
    assert found.notes == ["b: 1 of 5 runs did not come to their end, and are left out"]


def test_every_metric_with_a_way_is_one() -> None:
    known = {
        "media": {each.removeprefix("media.") for each in METRICS},
        "relay": {*RELAY_METRICS, *PROCESS_METRICS},
        "connections": {*CONNECTION_METRICS},
        "webrtc": {*WEBRTC_METRICS},
    }
    for table in (LOWER, HIGHER):
        for of, names in table.items():
            for name in names:
                assert any(f"{each}.".startswith(f"{name}.") for each in known[of]), f"{of}: {name}"
    assert all(each in METRICS and better_of(each) for each in HEADLINES)
    assert (better_of("relay.us-east.hit_percent"), better_of("media.sessions")) == ("higher", None)


def test_holm_is_as_published() -> None:
    """Ordered p times 4, 3, 2, 1, none below the one before it."""
    assert statistics.holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_the_exact_distribution_of_u() -> None:
    """All of one sample below the other: 2 of the C(8, 4) orders are as extreme; with ties, too."""
    a = np.arange(4).astype(np.float64)
    b = a + 10
    assert statistics.rank_test(a, b, 0) == pytest.approx(2 / 70)
    assert statistics.rank_test(np.zeros(4), np.full(4, np.inf), 0) == pytest.approx(2 / 70)
    assert statistics.rank_test(a, a, 0) == pytest.approx(1.0)
    assert statistics.cliffs_delta(a, a + 2) == (13 - 1) / 16


def test_the_interval_of_a_shift_covers_it() -> None:
    """Of 40 pairs of samples 95 % do: of no more than 6 it does not, but in one of 1 000 cases."""
    random = np.random.default_rng(3)
    covered = 0
    for _ in range(40):
        a, b = random.normal(0, 1, 12), random.normal(2, 1, 12)
        interval = statistics.shift_interval(a, b, 0.95, 0)
        assert interval is not None
        covered += (interval.low or 0) <= 2 <= (interval.high or 0)
    assert covered >= 34
