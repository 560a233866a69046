"""The parts of error bounds, each against a slower way to the same result."""

from __future__ import annotations

from itertools import chain, combinations

import numpy as np
import pytest

from hostio.timing import MS
from results.bounds.effects import EdgeErrors, Effects
from results.bounds.held_up import HeldUp, Waits
from results.bounds.interval import UNBOUNDED, Interval, around, decided, finite
from results.bounds.late_inputs import LateInputs
from results.bounds.quantiles import quantile_of_some
from results.bounds.silences import BoundedSilences
from results.bounds.spans import Spans
from results.run_files.hold_ups import RUN_DELAY, RunDelayPlace
from results.run_files.plan import Comparison


@pytest.mark.parametrize(
    ("comparison", "below", "touched_from_below", "inside", "touched_from_above", "above"),
    [
        # The limit is 10; the intervals are 8…9, 8…10, 9…11, 10…12, 11…12.
        ("<", True, None, None, False, False),
        ("<=", True, True, None, None, False),
        (">", False, False, None, None, True),
        (">=", False, None, None, True, True),
        ("==", False, None, None, None, False),
        ("!=", True, None, None, None, True),
    ],
)
def test_a_limit_decides_only_outside_the_interval(
    comparison: Comparison,
    below: bool | None,
    touched_from_below: bool | None,
    inside: bool | None,
    touched_from_above: bool | None,
    above: bool | None,
) -> None:
    intervals = (Interval(8, 9), Interval(8, 10), Interval(9, 11), Interval(10, 12), Interval(11, 12))
    found = [decided(interval, comparison, 10) for interval in intervals]
    assert found == [below, touched_from_below, inside, touched_from_above, above]


@pytest.mark.parametrize("comparison", ["<", "<=", "==", "!=", ">=", ">"])
def test_an_exact_value_decides_as_the_comparison_does_and_no_bounds_never(comparison: Comparison) -> None:
    for value in (9.0, 10.0, 11.0):
        holds = {
            "<": value < 10,
            "<=": value <= 10,
            "==": value == 10,
            "!=": value != 10,
            ">=": value >= 10,
            ">": value > 10,
        }[comparison]
        assert decided(Interval(value, value), comparison, 10) is holds
    assert decided(UNBOUNDED, comparison, 10) is None


def test_one_bound_suffices_where_the_limit_lies_beyond_it() -> None:
    assert decided(Interval(2000, None), "<", 1500) is False
    assert decided(Interval(1000, None), "<", 1500) is None
    assert decided(Interval(1, None), ">=", 1) is True


def test_infinite_ends_become_no_bound() -> None:
    inf = float("inf")
    assert around(5.0, inf, 1.0) == Interval(0.0, 6.0)
    assert around(5.0, 1.0, inf) == Interval(4.0, None)
    assert around(None, 1.0, 1.0) == UNBOUNDED
    assert finite(-inf, 3.0) == Interval(None, 3.0)


def test_the_union_of_spans_and_its_part_of_a_window_are_those_of_single_instants() -> None:
    random = np.random.default_rng(1)
    for _ in range(50):
        count = int(random.integers(0, 12))
        begin = random.integers(0, 100, count)
        end = begin + random.integers(0, 20, count)
        covered = np.zeros(200, bool)
        for a, b in zip(begin, end, strict=True):
            covered[a:b] = True
        spans = Spans.union(begin, end)
        windows = random.integers(0, 150, (2, 20))
        from_ns, until_ns = windows.min(axis=0), windows.max(axis=0)
        expected = [int(covered[a:b].sum()) for a, b in zip(from_ns, until_ns, strict=True)]
        assert spans.overlap(from_ns, until_ns).tolist() == expected


def test_the_most_late_input_of_a_window_is_that_of_a_pass_over_all() -> None:
    random = np.random.default_rng(3)
    for count in (0, 1, 2, 3, 8, 40):
        sent = random.integers(0, 1000, count)
        late = random.integers(1, 30, count)
        most = late.max(initial=0)
        inputs = LateInputs.of(sent - late, sent)
        windows = random.integers(0, 1000, (2, 60))
        from_ns, until_ns = windows.min(axis=0), windows.max(axis=0)
        expected = [
            late[(sent >= a) & (sent <= b + most)].max(initial=0) for a, b in zip(from_ns, until_ns, strict=True)
        ]
        assert inputs.most_within(from_ns, until_ns).tolist() == expected


def test_a_window_that_ends_before_it_begins_has_nothing_in_it() -> None:
    assert Spans.union(np.array([0]), np.array([10])).overlap(np.array([8]), np.array([2])).tolist() == [0]


def test_waits_of_one_sample_are_added_up_and_bounded_by_the_window() -> None:
    rows = np.array(
        [
            (RunDelayPlace.RELAY, 1, 1_000, 2_000, 300),
            (RunDelayPlace.DIRECTORY, 2, 1_000, 2_000, 100),
        ],
        RUN_DELAY,
    )
    waits = Waits.of(rows)
    windows = np.array([[0, 5_000], [1_500, 1_600], [2_000, 3_000], [650, 700], [0, 500]])
    # All of it; no more than the window; none of it; one that began before its sample; none of it.
    assert waits.within(windows[:, 0], windows[:, 1]).tolist() == [400, 100, 0, 50, 0]


def test_bounds_of_a_quantile_are_those_over_all_sets_and_all_values() -> None:
    random = np.random.default_rng(2)
    for _ in range(40):
        count = int(random.integers(1, 7))
        low = random.integers(0, 100, count).astype(float)
        high = low + random.integers(0, 30, count).astype(float)
        certain = random.random(count) < 0.5
        for share in (0.5, 0.99, 1.0):
            optional = np.flatnonzero(~certain)
            chosen = chain.from_iterable(combinations(optional, size) for size in range(len(optional) + 1))
            sets = [[*np.flatnonzero(certain), *each] for each in chosen]
            least = min((float(np.quantile(low[each], share)) for each in sets if each), default=0.0)
            most = max((float(np.quantile(high[each], share)) for each in sets if each), default=0.0)
            found = quantile_of_some(low, high, certain, share)
            assert found.low == (round(least, 3) if certain.any() else 0.0)
            assert found.high == round(most, 3)


def test_it_is_so_where_some_values_have_no_upper_bound() -> None:
    random, far = np.random.default_rng(3), 1e9
    for _ in range(200):
        count = int(random.integers(1, 7))
        low = random.integers(0, 100, count).astype(float)
        high = np.where(random.random(count) < 0.4, far, low + 10)
        certain = random.random(count) < 0.5
        optional = np.flatnonzero(~certain)
        chosen = chain.from_iterable(combinations(optional, size) for size in range(len(optional) + 1))
        sets = [[*np.flatnonzero(certain), *each] for each in chosen]
        for share in (0.5, 0.99, 1.0):
            most = max(float(np.quantile(high[each], share)) for each in sets if each)
            found = quantile_of_some(low, np.where(high == far, np.inf, high), certain, share)
            assert found.high == (round(most, 3) if most < 1_000 else None)


def test_a_quantile_among_unbounded_lengths_has_no_upper_bound() -> None:
    inf = float("inf")
    found = quantile_of_some(np.array([100.0, 200.0]), np.array([110.0, inf]), np.array([True, True]), 0.99)
    assert (found.low, found.high) == (199.0, None)


def effects_of(held_ns: tuple[int, int], wait: tuple[int, int, int] = (0, 1, 0), *, locks: bool = False) -> Effects:
    """Of a hold-up from one time to another, and a wait of a relay's threads in a sample from and until, ns."""
    nothing = np.empty(0, np.int64)
    spans = Spans.union(*(np.array([each]) for each in held_ns))
    waits = np.array([(RunDelayPlace.RELAY, 1, *wait)], RUN_DELAY)
    held = HeldUp(spans, spans, spans, spans, LateInputs.of(nothing, nothing), waits, False, 0.0)
    return Effects(held, EdgeErrors(nothing, nothing, nothing.astype(bool)), 250 * MS, None, locks)


def test_silences_between_which_no_sound_is_certain_are_one() -> None:
    """Stream 0: 40 ms of sound, of which a longer silence takes 10; 200 ms, of which hold-ups take 150; 80 ms. What is
    left is to be 60 ms, three intervals, at least."""
    from_ms, until_ms = np.array([1000, 1540, 2200, 2580, 1500]), np.array([1500, 2000, 2500, 3000, 2000])
    stream, length = np.array([0, 0, 0, 0, 1]), (until_ms - from_ms) * MS
    apart = BoundedSilences(
        stream,
        from_ms * MS,
        until_ms * MS,
        np.full(5, 20 * MS),
        length - 10.0 * MS,
        length + 10.0 * MS,
        np.array([True, False, True, True, True]),
        np.array([False, False, False, True, False]),
    )
    joined = apart.joined(effects_of((2010 * MS, 2160 * MS)))
    assert joined.stream.tolist() == [0, 0, 1]
    assert (joined.from_ns / MS).tolist() == [1000, 2580, 1500]
    assert (joined.until_ns / MS).tolist() == [2500, 3000, 2000]
    assert (joined.least_ns / MS).tolist() == pytest.approx([490, 410, 490])
    assert (joined.most_ns / MS).tolist() == pytest.approx([1510, 430, 510])
    assert (joined.counted.tolist(), joined.still.tolist()) == ([True, True, True], [False, True, False])
    nothing = apart.chosen(np.zeros(5, bool))
    assert len(nothing.joined(effects_of((0, 0))).stream) == 0
    # A wait of 30 ms in what was heard before the last one counts where packets wait for locks.
    wait = (2500 * MS, 2580 * MS, 30 * MS)
    for locks, found in ((False, [0, 0, 1]), (True, [0, 1])):
        assert apart.joined(effects_of((2010 * MS, 2160 * MS), wait, locks=locks)).stream.tolist() == found
