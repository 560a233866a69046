"""What a sweep's results say, against arithmetic, and its table and page."""

from __future__ import annotations

import json
import re
from itertools import pairwise, product
from pathlib import Path

import polars
import pytest
from scipy import stats
from sweep_results import result, values

from results.page.sweep_contents import SweepShape, sweep_page
from results.page.writing import write_sweep
from results.sweeps.result import AxisValue, SweepResult
from results.sweeps.steps import Steps, steps_of
from results.sweeps.summary import FAILED, LONGEST, border, curve, grid, median, share, turns, worst
from results.sweeps.table import write_table


def number(value: AxisValue) -> float | None:
    return float(value.removesuffix("%")) if isinstance(value, str) and value.endswith("%") else plain(value)


def plain(value: AxisValue) -> float | None:
    return None if isinstance(value, str) else float(value)


COUNTS, WARM, RELAYS = (10, 20, 30), ("0%", "50%", "100%"), ("leak", "loop")


def fails(count: int, warm: str) -> bool:
    """Cold and many."""
    return count / 10 + float(warm.removesuffix("%")) / 50 in (2, 3) and warm != "100%" and count >= 20


RESULTS = [
    result(
        {"count": count, "warm": warm, "relay": relay}, "fail" if fails(count, warm) else "pass", 10.0 * count + repeat
    )
    for repeat, (count, warm, relay) in enumerate(product(COUNTS, WARM, RELAYS))
]


def axis(name: str, of: tuple[AxisValue, ...]) -> Steps:
    return steps_of(name, of, number, log=False)


def test_numbers_are_in_order_and_words_as_they_come() -> None:
    assert axis("warm", ("100%", "0%", "50%")).labels == WARM
    assert axis("relay", ("loop", "leak")).labels == ("loop", "leak")


@pytest.mark.parametrize("log", [False, True])
def test_many_values_are_ranges_of_equal_length(log: bool) -> None:
    known = tuple(2**power for power in range(16)) if log else tuple(range(16))
    steps = steps_of("n", known, plain, log=log)
    assert [list(steps.places.values()).count(place) for place in range(8)] == [2] * 8
    assert steps.labels[0] == ("1 … 2" if log else "0 … 1")


def test_a_cell_is_of_all_runs_of_its_two_values() -> None:
    cells = grid(RESULTS, axis("count", COUNTS), axis("warm", WARM), FAILED)
    assert len(cells) == 9
    for (x, y), cell in cells.items():
        failed = fails(COUNTS[x], WARM[y])
        assert (cell.passed, cell.failed, cell.fails) == ((0, 2, True) if failed else (2, 0, False))
        assert cell.value == (100.0 if failed else 0.0)


def test_the_border_is_between_neighbours_that_differ() -> None:
    cells = grid(RESULTS, axis("count", COUNTS), axis("warm", WARM), FAILED)
    expected = {
        ((x, y), other)
        for x, y in product(range(3), range(3))
        for other in ((x + 1, y), (x, y + 1))
        if max(other) < 3 and fails(COUNTS[x], WARM[y]) != fails(COUNTS[other[0]], WARM[other[1]])
    }
    assert expected
    assert set(border(cells)) == expected


def test_an_inconclusive_run_is_on_no_side() -> None:
    x, y = axis("a", (1, 2)), axis("b", (1,))
    open_ones = [result({"a": 1, "b": 1}, "inconclusive"), result({"a": 2, "b": 1}, "fail")]
    cells = grid(open_ones, x, y, FAILED)
    assert (cells[0, 0].fails, cells[0, 0].value) == (None, None)
    assert [*border(cells)] == []


def test_turns_are_between_points_that_differ_in_one_axis() -> None:
    found = [*turns(RESULTS, [axis("count", COUNTS), axis("warm", WARM)])]
    along = {(each.axis, each.passes, each.fails, *each.others.values()) for each in found}
    assert ("count", 10, 20, "0%", "leak") in along
    for each in found:
        point = {**each.others, each.axis: each.fails}
        assert fails(int(point["count"]), str(point["warm"]))
        assert (each.passing.passed, each.failing.failed) == (1, 1)
    assert len(found) == sum(
        fails(*a) != fails(*b)
        for _ in RELAYS
        for line in (*([(c, w) for c in COUNTS] for w in WARM), *([(c, w) for w in WARM] for c in COUNTS))
        for a, b in pairwise(line)
    )


def test_a_curve_has_each_step() -> None:
    found = curve(RESULTS, axis("count", COUNTS), LONGEST)
    for place, count in enumerate(COUNTS):
        of_it = sorted(10.0 * count + number for number in range(6 * place, 6 * place + 6))
        assert found[place].value == (of_it[2] + of_it[3]) / 2
        assert (found[place].low, found[place].high) == (of_it[0], of_it[5]), "of six, with 96.9 %"


@pytest.mark.parametrize("count", [1, 5, 6, 9, 20, 50])
def test_the_interval_of_a_median_is_that_of_the_binomial_distribution(count: int) -> None:
    middle, low, high = median([float(each) for each in range(1, count + 1)])
    assert middle == (count + 1) / 2
    ranks = [rank for rank in range(1, count // 2 + 1) if 2 * stats.binom.cdf(rank - 1, count, 0.5) <= 0.05]
    assert (low, high) == ((max(ranks), count + 1 - max(ranks)) if ranks else (None, None))


def test_the_interval_of_a_share_is_clopper_and_pearson_s() -> None:
    interval = stats.binomtest(3, 10).proportion_ci(0.95, "exact")
    assert share(3, 10) == pytest.approx((30.0, 100 * interval.low, 100 * interval.high))
    assert share(0, 0) == (None, None, None)


def test_the_worst_fail_and_are_silent_longest() -> None:
    some = [result({"a": 1}, "pass", 900.0), result({"a": 2}, "fail", 10.0), result({"a": 3}, "fail", None),
            result({"a": 4}, "inconclusive", 5.0)]  # fmt: skip
    assert [each.point["a"] for each in worst(some, 3)] == [2, 3, 4]


def test_the_table_has_a_row_for_each_run(tmp_path: Path) -> None:
    extra = SweepResult("k", {"count": 10, "warm": "0%", "relay": "leak"}, 1, 2, "there", 2.5, values("fail", None))
    write_table(tmp_path / "results.parquet", [*RESULTS, extra], number)
    table = polars.read_parquet(tmp_path / "results.parquet")
    assert table.height == len(RESULTS) + 1
    assert table["axis.warm"].to_list()[:3] == ["0%", "0%", "50%"]
    assert table["axis.warm.number"].to_list()[:3] == [0.0, 0.0, 50.0]
    assert "axis.relay.number" not in table.columns
    assert table[LONGEST].to_list()[-2:] == [317.0, None]
    assert table["verdict"].value_counts().sort("verdict").rows() == [("fail", 7), ("pass", 12)]


SHAPE = SweepShape("sizes", "how many", 20, True, ("count", "warm", "relay"), frozenset())


@pytest.mark.long
def test_the_page_has_maps_curves_border_and_worst_runs(tmp_path: Path) -> None:
    page = sweep_page(SHAPE, RESULTS, number, lambda result: f"{result.played.run}/report.html")
    assert [text for _, text in page.maps.axes] == ["count and warm", "count and relay", "warm and relay"]
    assert [text for _, text in page.curves.axes] == ["count", "warm", "relay"]
    write_sweep(tmp_path / "report.html", page)
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "18 of 20 runs have a result: 12 pass, 6 fail, 0 inconclusive." in re.sub("<[^>]*>", "", text)
    assert '<a href="runs/30-50%-loop-0/report.html">report</a>' in text
    assert not re.search(r"(?:src|href)=\"?https?:", text.split('id="bokeh"')[0])
    figures = json.loads(re.findall(r'id="figures">(.*?)</script>', text, re.DOTALL)[0])
    targets = {panel.chart.target for choice in (page.maps, page.curves) for panel in choice.panels}
    assert {each["target"] for each in figures} == targets
    assert all(f'id="{target}"' in text for target in targets)


def test_a_page_of_one_point_says_what_it_lacks(tmp_path: Path) -> None:
    write_sweep(tmp_path / "report.html", sweep_page(SHAPE, RESULTS[:1], number, lambda _: None))
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    for missing in ("There are no two axes", "There is no axis", "No two points"):
        assert missing in text
