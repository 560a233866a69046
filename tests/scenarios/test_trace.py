"""Traces of links: from the text of a file to the states of a direction over time, against arithmetic."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from small_scenario import HEAD

from hostio.timing import MS, S
from results.run_files.link_rates import rated_spans
from results.run_files.plan import Plan
from scenarios.errors import ScenarioError
from scenarios.language.library import load_plan
from scenarios.language.timeline import steps_of
from scenarios.language.trace import DeliveryTrace, TracePoint
from scenarios.language.trace_steps import steps
from topologies.link_state import LinkState, RandomLoss
from topologies.model import Direction

EAST_WEST = Direction("us-east", "us-west")
OWN_NS = 31_150_000
TABLE = "time_s,delay_ms,loss_percent,rate_kbit\n100,31.15,0,2000\n101.5,61.15,0.5,800\n103,41.15,100,2000\n"


def plan_of(folder: Path, text: str, name: str = "lte.csv", more: str = "", lasts: str = "10s") -> Plan:
    (folder / name).write_text(text)
    event = f"{{what: trace, at: 2s, for: {lasts}, link: [us-east, us-west], file: {name}{more}}}"
    (folder / "small.yaml").write_text(f"{HEAD}events:\n  - {event}\n")
    return load_plan(folder / "small.yaml")


def states(plan: Plan) -> list[tuple[int, LinkState]]:
    """When what states of the way to the west begin; ms."""
    return [(step.at_ns // MS, step.states[EAST_WEST]) for step in steps_of(plan.topology, plan.faults)]


def test_each_row_holds_until_the_next_and_the_last_to_the_end(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, TABLE, more=", queue: 20ms")
    found = states(plan)
    assert [(at_ms, state.delay_ns, state.rate_bps, state.loss) for at_ms, state in found] == [
        (2000, OWN_NS, 2_000_000, RandomLoss(0.0)),
        (3500, OWN_NS + 30 * MS, 800_000, RandomLoss(0.005)),
        (5000, OWN_NS + 10 * MS, 2_000_000, RandomLoss(1.0)),
        (12000, OWN_NS, None, None),
    ]
    assert {state.queue_ns for _, state in found[:-1]} == {20 * MS}
    (fault,) = plan.link_faults
    assert (fault.change.extra_delay_ns, fault.change.rate_bps, fault.change.loss) == (
        30 * MS,
        800_000,
        RandomLoss(1.0),
    )


def test_what_has_no_column_stays_and_one_direction_leaves_the_other_alone(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, "time_ms,delay_us\n0,40000\n250,50000\n", more=", direction: forward")
    (fault,) = plan.link_faults
    assert fault.directions == (EAST_WEST,)
    assert [(at_ms, state.delay_ns // MS, state.rate_bps, state.loss) for at_ms, state in states(plan)[:2]] == [
        (2000, 40, None, None),
        (2250, 50, None, None),
    ]


def test_lines_between_rows_are_played_in_steps_with_what_is_at_their_middle(tmp_path: Path) -> None:
    table = "time_s,delay_ms\n0,40\n1,50\n2,50\n"
    found = states(plan_of(tmp_path, table, more=", interpolation: linear, step: 250ms"))
    assert [(at_ms, state.delay_ns) for at_ms, state in found[:-1]] == [
        *((2000 + 250 * number, 41_250_000 + 2_500_000 * number) for number in range(4)),
        (3000, 50 * MS),
    ]


def test_opportunities_are_the_rate_of_their_step_and_the_trace_repeats(tmp_path: Path) -> None:
    """400 ms: 2, 0, 1 and 1 opportunities of 12 000 bits in 100 ms each, the last at the end, with which the next
    period begins."""
    plan = plan_of(tmp_path, "10\n90\n250\n310\n400\n", "lte.up", lasts="1s")
    spans = rated_spans(plan.topology, plan.faults, EAST_WEST, plan.duration_ns)
    assert [((span.from_ns - 2 * S) // MS, span.rate_bps) for span in spans] == [
        (0, 240_000),
        (100, 60_000),  # 12 000 bits in 200 ms, as it has none of its own
        (300, 120_000),
        (400, 360_000),  # those of 400, 410 and 490 ms
        (500, 60_000),
        (700, 120_000),
        (800, 360_000),
        (900, 60_000),
    ]


@pytest.mark.parametrize("step_ms", [50, 100, 370, 5000])
def test_no_opportunity_is_lost_in_the_steps_of_a_trace(step_ms: int) -> None:
    at_ms = tuple(number * number % 977 + 13 * number for number in range(400))
    trace = DeliveryTrace(tuple(sorted(at_ms)))
    lasts_ns = 30 * step_ms * MS
    played = steps(trace, lasts_ns, step_ms * MS, "step")
    assert played[0].after_ns == 0
    last_ns = played[-1].after_ns
    carried = sum((later.after_ns - one.after_ns) * (one.rate_bps or 0) / S for one, later in pairwise(played))
    period_ns = trace.at_ms[-1] * MS
    times = [each * MS + period_ns * repeat for repeat in range(2 + lasts_ns // period_ns) for each in trace.at_ms]
    assert carried == pytest.approx(12_000 * sum(each < last_ns for each in times), abs=30)
    assert all(step.rate_bps for step in played)


def test_equal_steps_are_one() -> None:
    assert steps(DeliveryTrace((50, 100)), S, 100 * MS, "step") == (
        TracePoint(0, rate_bps=120_000),
        TracePoint(100 * MS, rate_bps=240_000),
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "1:1: the trace is empty; write a table, or a delivery time on each line"),
        (" \n\n", "1:1: the trace is empty; write a table, or a delivery time on each line"),
        ("time_s,delay_ms\n", "1:1: the table has no rows; write one for each change of the link"),
        ("time_s,dealy_ms\n0,5\n", "1:8: unknown column 'dealy_ms'; did you mean 'delay_ms'?"),
        ("time_s,delay_ms,time_ms\n0,5,0\n", "1:17: 'time_ms' is there already, in this or another unit; keep one"),
        ("delay_ms\n5\n", "1:1: no column has the times; add time_s or time_ms"),
        ("time_s\n5\n", "1:1: only times; add a column such as delay_ms, loss_percent or rate_kbit"),
        (",,\n", "1:1: the trace is empty; write a table, or a delivery time on each line"),
        (
            f'time_s,delay_ms\n0,"{"9" * 150_000}"\n',
            "2:1: this is no CSV (field larger than field limit (131072)); check this line",
        ),
        ("time_s,delay_ms\n0,40\n2,x\n", "3:3: 'x' is no number; write such as 12.5"),
        ("time_s,delay_ms\n0,40\n\n2,\n", "4:3: '' is no number; write such as 12.5"),
        ("time_s,delay_ms\n0,40\n2,nan\n", "3:3: 'nan' is no number; write such as 12.5"),
        ("time_s,delay_ms\n0,40\n2\n", "3:1: 1 values; write 2, as in the header"),
        ("time_s,delay_ms\n0,40\n2,50\n1,60\n", "4:1: the time 1 is no later than the one before it; let times grow"),
        ("time_s,loss_percent\n0,101\n", "2:3: '101' is out of bounds; write from 0 to 100"),
        ("time_s,delay_ms\n0,-1\n", "2:3: '-1' is out of bounds; write from 0 to 10 s"),
        (
            "time_s,rate_kbit\n0,0\n",
            "2:3: '0' is out of bounds; write from 8 kbit to 100 gbit; for a link that carries nothing a loss",
        ),
    ],
)
def test_a_wrong_table_gets_its_line(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(ScenarioError) as caught:
        plan_of(tmp_path, text)
    assert str(caught.value) == f"{tmp_path}/lte.csv:{message}"


@pytest.mark.parametrize(
    ("name", "text", "places"),
    [
        ("lte.csv", "time_s,delay_ms,loss_percent\n0,x,101\n1,2\n0.5,40,0\n0.2,40,0\n", ["2:3", "2:5", "3:3", "5:1"]),
        ("lte.csv", "tiem_s,dealy_ms\n0,40\n", ["1:1", "1:8"]),
        ("lte.up", "5\nx\n3\n7\ny\n", ["2:1", "3:1", "5:1"]),
    ],
)
def test_all_that_is_wrong_with_a_trace_is_told_at_once(
    name: str, text: str, places: list[str], tmp_path: Path
) -> None:
    with pytest.raises(ScenarioError) as caught:
        plan_of(tmp_path, text, name)
    told = [line.removeprefix(f"{tmp_path}/{name}:") for line in str(caught.value).splitlines()]
    assert [":".join(line.split(":")[:2]) for line in told] == places


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("5\n3\n", "2:1: the time 3 is before 5; let times grow"),
        (
            "time_s,delay_ms\n",
            "1:1: 'time_s,delay_ms' is no delivery time; write a time in whole ms on each line; "
            "a table's name ends in .csv",
        ),
        ("0\n0\n", "1:1: the last time is 0, so that the trace has no length; write a later one"),
    ],
)
def test_wrong_deliveries_get_their_line(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(ScenarioError) as caught:
        plan_of(tmp_path, text, "lte.up")
    assert str(caught.value) == f"{tmp_path}/lte.up:{message}"


@pytest.mark.parametrize(
    ("text", "more", "message"),
    [
        (
            "time_ms,delay_ms\n0,40\n20,50\n",
            "",
            "rows 20ms apart, and a link changes every 50ms at most; leave rows out, or write interpolation: linear",
        ),
        (
            "time_s,delay_ms\n0,20\n",
            "",
            "a delay of 20ms is less than the link's own 31.15ms, which nothing shortens; give the link a smaller one",
        ),
        ("time_s,delay_ms\n0,40\n", ", interpolation: lines", "'lines' is not known here; did you mean 'linear'?"),
    ],
)
def test_a_trace_that_cannot_be_played_is_refused(text: str, more: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(ScenarioError) as caught:
        plan_of(tmp_path, text, more=more)
    assert str(caught.value).endswith(message)
    assert caught.value.mark
    assert caught.value.mark.line == 7


def test_what_is_wrong_with_the_trace_is_told_beside_the_rest(tmp_path: Path) -> None:
    (tmp_path / "lte.csv").write_text("time_s,delay_ms\n0,x\n")
    text = HEAD.replace("count: 1,", "cuont: 1,")
    event = "{what: trace, at: 2s, for: 1s, link: [us-east, us-wset], file: lte.csv}"
    (tmp_path / "small.yaml").write_text(f"{text}events:\n  - {event}\n  - {event.replace('lte', 'let')}\n")
    with pytest.raises(ScenarioError) as caught:
        load_plan(tmp_path / "small.yaml")
    told = str(caught.value).splitlines()
    assert len(told) == 5
    assert sum("no such file; did you mean 'lte.csv'?" in line for line in told) == 1
    assert told[-1] == f"{tmp_path}/lte.csv:2:3: 'x' is no number; write such as 12.5"


def test_two_faults_on_the_same_part_are_refused_and_of_different_ones_are_not(tmp_path: Path) -> None:
    (tmp_path / "lte.csv").write_text("time_s,rate_kbit\n0,2000\n1,3000\n")
    trace = "  - {what: trace, at: 2s, for: 9s, link: [us-east, us-west], file: lte.csv}\n"
    path = tmp_path / "small.yaml"
    path.write_text(f"{HEAD}events:\n{trace}  - {{what: loss, at: 3s, for: 1s, link: [us-east, us-west], loss: 5%}}\n")
    assert len(load_plan(path).faults) == 2
    path.write_text(f"{HEAD}events:\n{trace}{trace.replace('at: 2s', 'at: 3s')}")
    with pytest.raises(ScenarioError, match="has another rate already, by the trace from 2s to 11s"):
        load_plan(path)
