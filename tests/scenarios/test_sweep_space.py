"""Combinations of a sweep: counted, sampled, constrained, and made into plans."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from sweep_lab import BILLION, COUNTS, jobs_of, sweep_of

from results.sweeps.result import AxisValue
from scenarios.errors import ScenarioError
from scenarios.language.overrides import parse_override
from scenarios.sweeps.constraints import constraint
from scenarios.sweeps.counting import require_meant, total_of
from scenarios.sweeps.jobs import job_key, value_text
from scenarios.sweeps.magnitudes import Range, magnitude
from scenarios.sweeps.versions import code_version, kind_version


def test_a_grid_is_every_combination(tmp_path: Path) -> None:
    sweep = sweep_of(
        tmp_path, COUNTS + "  - {set: events.0.for, values: [1s, 2s]}\nrelays: [2026-05-20, leak]\nseeds: [7, 8]\n"
    )
    jobs = jobs_of(sweep)
    assert sweep.space.size == len(jobs) == 3 * 2 * 2 * 2
    assert {(j.plan.sessions[0].count, j.plan.faults[0].at_ns, j.plan.relays.version, j.plan.seed) for j in jobs} == {
        (count, 4 * 10**9, relay, seed) for count in (10, 20, 60) for relay in ("2026-05-20", "leak") for seed in (7, 8)
    }
    assert jobs[0].point == {"count": 10, "events.0.for": "1s", "relay": "2026-05-20", "seed": 7}


def test_repeats_have_seeds_that_follow_and_keys_of_their_own(tmp_path: Path) -> None:
    assert [each.plan.seed for each in jobs_of(sweep_of(tmp_path, "repeats: 3\n"))] == [1, 2, 3]
    stated = jobs_of(sweep_of(tmp_path, "repeats: 2\nseeds: [5]\n"))
    assert [each.plan.seed for each in stated] == [5, 5]


def test_a_key_is_that_of_what_is_played(tmp_path: Path) -> None:
    (one,) = jobs_of(sweep_of(tmp_path, "description: a\n"))
    (same,) = jobs_of(sweep_of(tmp_path, "description: b\naxes:\n  - {set: duration, values: [12s]}\n"))
    (other,) = jobs_of(sweep_of(tmp_path, "axes:\n  - {set: duration, values: [13s]}\n"))
    assert one.key == same.key
    assert one.key != other.key
    assert job_key(one.plan, "another code", {}, 0) != one.key
    assert job_key(one.plan, code_version(), {"/a": "another kind"}, 0) != one.key


def test_a_billion_combinations_are_counted_and_asked_for(tmp_path: Path) -> None:
    sweep = sweep_of(tmp_path, BILLION)
    total = total_of(sweep)
    assert (total.runs, total.exact) == (10**9, True)
    with pytest.raises(ScenarioError) as caught:
        require_meant(Path("s.yaml"), sweep, total)
    years = 10**9 * (12 + 10) / (365.25 * 86400)
    told = f"1 000 000 000 runs, which take about {round(years)} years one after the other; add --yes to play them, "
    assert str(caught.value) == f"s.yaml: {told}or sample: {{method: sobol, points: 64}} to the file"


def test_ten_runs_are_not_asked_for(tmp_path: Path) -> None:
    sweep = sweep_of(tmp_path, "repeats: 10\n")
    require_meant(Path("s.yaml"), sweep, total_of(sweep))


def test_constraints_leave_combinations_out(tmp_path: Path) -> None:
    text = (
        COUNTS
        + "  - {set: events.0.for, values: [500ms, 2s], name: blip}\nwhere: [count > 10, blip < 1s or count == 60]\n"
    )
    sweep = sweep_of(tmp_path, text)
    assert [(each.point["count"], each.point["blip"]) for each in jobs_of(sweep)] == [
        (20, "500ms"),
        (60, "500ms"),
        (60, "2s"),
    ]
    assert (total_of(sweep).runs, total_of(sweep).exact) == (3, True)


@pytest.mark.parametrize(
    ("text", "point", "holds"),
    [
        ("a < 2s", {"a": "500ms"}, True),
        ("a<b", {"a": "2s", "b": "1500ms"}, False),
        ("a >= 5%", {"a": "5%"}, True),
        ("a != leak", {"a": "leak"}, False),
        ("a == true", {"a": True}, True),
        ("a == 1s", {"a": "1000ms"}, True),
        ("a > 1 or b == 2s", {"a": 0, "b": "2s"}, True),
    ],
)
def test_values_are_compared_as_quantities(text: str, point: dict[str, AxisValue], holds: bool) -> None:
    assert constraint(text, {name: (value,) for name, value in point.items()}).holds(point) == holds


SAMPLED = """\
axes:
  - {set: events.0.for, from: 100ms, to: 10s, scale: log, name: blip}
  - {set: sessions.0.count, values: [10, 20, 30, 40], name: count}
sample: {method: METHOD, points: 16, seed: SEED}
duration
"""


@pytest.mark.long
@pytest.mark.parametrize("method", ["sobol", "latin-hypercube"])
def test_a_sample_fills_each_axis_evenly_and_is_that_of_its_seed(tmp_path: Path, method: str) -> None:
    text = SAMPLED.replace("METHOD", method).replace("duration\n", "").replace("100ms, to: 10s", "100ms, to: 7s")
    points = [each.point for each in jobs_of(sweep_of(tmp_path, text.replace("SEED", "1")))]
    assert len(points) == 16
    counts = [point["count"] for point in points]
    assert {count: counts.count(count) for count in (10, 20, 30, 40)} == dict.fromkeys((10, 20, 30, 40), 4)
    numbers = [magnitude(point["blip"]) for point in points]
    places = sorted(math.log(each.number / 1e8) / math.log(70) for each in numbers if each)
    assert [int(16 * place + 0.02) for place in places] == list(range(16)), "one in each sixteenth of the logarithm"
    again = [each.point for each in jobs_of(sweep_of(tmp_path, text.replace("SEED", "1")))]
    other = [each.point for each in jobs_of(sweep_of(tmp_path, text.replace("SEED", "2")))]
    assert again == points != other


@pytest.mark.parametrize(
    ("first", "last", "log", "steps"),
    [
        ("0%", "100%", False, ("0%", "25%", "50%", "75%", "100%")),
        ("500ms", "8s", True, ("500ms", "1s", "2s", "4s", "8s")),
        (10, 50, False, (10, 20, 30, 40, 50)),
        (1, 3, False, (1, 2, 3)),
        ("64kbit", "1024kbit", True, ("64kbit", "128kbit", "256kbit", "512kbit", "1024kbit")),
    ],
)
def test_steps_of_a_range(first: AxisValue, last: AxisValue, log: bool, steps: tuple[AxisValue, ...]) -> None:
    assert Range.between(first, last, log=log).steps(5) == steps


@pytest.mark.parametrize("value", ["0110", "true", "1s", "a: b", "[1", 5, 0.5, True, "5%"])
def test_a_value_is_set_as_it_is(value: AxisValue) -> None:
    assert parse_override(f"a={value_text(value)}").value == value


def test_a_kind_is_another_once_a_file_of_it_changed(tmp_path: Path) -> None:
    (tmp_path / "relay.yaml").write_text("a")
    before = kind_version(tmp_path)
    assert kind_version(tmp_path) == before
    (tmp_path / "relay.yaml").write_text("b")
    assert kind_version(tmp_path) != before
    with pytest.raises(FileNotFoundError):
        kind_version(tmp_path / "nosuch")
