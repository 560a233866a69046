"""Words for tc, and its answers as a Debian 12 kernel (6.1) gave them with iproute2 6.1."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from hostio.timing import MS, US
from topologies.back_ends import NETEM
from topologies.capabilities import refusal
from topologies.link_state import FourState, GilbertElliott, Jitter, LinkState, LossPattern, LostFrames, RandomLoss
from topologies.model import Direction
from topologies.netem.shaping import Bucket, Netem, Shaping, equivalent, netem_seed, shaping
from topologies.netem.tc_commands import shape, unshape
from topologies.netem.tc_output import Tally, flow_drops, has_mtu, mtu_drops, shapings, tallies
from topologies.tc.batch import Row

RECORDED = Path(__file__).parent / "recorded" / "tc-qdisc-show-6.1.json"
"""After 300 frames of 1000 bytes into s1-w2, shaped as SHAPED: 79 passed, 27 were lost, 195 found the queue full."""

SHAPED = LinkState(
    delay_ns=31_100 * US, jitter=Jitter(500 * US), loss=RandomLoss(0.10123457), rate_bps=10_000_000, queue_ns=50 * MS
)
PLAIN = Netem(0, None, None, duplicate=0.0, corrupt=0.0, reorder=0.0, limit=1_000)


@pytest.fixture
def rows() -> list[Row]:
    recorded: list[Row] = json.loads(RECORDED.read_text())
    return recorded


def words(state: LinkState, before: LinkState | None = None) -> list[str]:
    had = shaping(before, Shaping()) if before else Shaping()
    return [" ".join(command) for command in shape("s1-w2", shaping(state, had), had)]


def netem_words(state: LinkState) -> str:
    return words(state)[0].removeprefix("tc qdisc replace dev s1-w2 root handle 1: netem limit ")


def test_perfect_link_is_a_netem_without_delay() -> None:
    assert words(LinkState()) == [
        "tc qdisc replace dev s1-w2 root handle 1: netem limit 1000 delay 0.000us corrupt 0.000000%"
    ]


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (LinkState(delay_ns=31_100_123), "16550 delay 31100.123us corrupt 0.000000%"),
        (
            LinkState(delay_ns=10 * MS, jitter=Jitter(500 * US, "pareto")),
            "7000 delay 10000.000us 500.000us 0% distribution pareto corrupt 0.000000%",
        ),
        (LinkState(loss=RandomLoss(0.015)), "1000 delay 0.000us loss random 1.500000% corrupt 0.000000%"),
        (LinkState(blackhole=True), "1000 delay 0.000us loss random 100.000000% corrupt 0.000000%"),
        (
            LinkState(loss=GilbertElliott(0.01, 0.25, 0.9, 0.001)),
            "1000 delay 0.000us loss gemodel 1.000000% 25.000000% 90.000000% 0.100000% corrupt 0.000000%",
        ),
        (
            LinkState(loss=FourState(0.01, 0.25, 0.1, 0.5, 0.02)),
            "1000 delay 0.000us loss state 1.000000% 25.000000% 10.000000% 50.000000% 2.000000% corrupt 0.000000%",
        ),
        (
            LinkState(delay_ns=MS, duplicate=0.01, corrupt=0.02, reorder=0.03),
            "1500 delay 1000.000us reorder 3.000000% duplicate 1.000000% corrupt 2.000000%",
        ),
    ],
)
def test_netem_is_told_all_of_a_state(state: LinkState, expected: str) -> None:
    assert netem_words(state) == expected


def test_seed_is_told_last() -> None:
    (command,) = shape("s1-w2", shaping(LinkState(), Shaping(), 7), Shaping())
    assert command[-2:] == ["seed", "7"]


def test_seeds_differ_by_direction_and_change() -> None:
    directions = (Direction("a", "b"), Direction("b", "a"))
    seeds = {netem_seed(seed, each, change) for seed in (1, 2) for each in directions for change in (1, 2)}
    assert len(seeds) == 8


def test_a_loss_of_nothing_is_none_as_tc_shows_it() -> None:
    assert shaping(LinkState(loss=RandomLoss(0.0)), Shaping()) == shaping(LinkState(), Shaping())


@pytest.mark.parametrize(
    "state",
    [
        LinkState(loss=LossPattern("10")),
        LinkState(loss=LostFrames((1,))),
        LinkState(delay_ns=MS, jitter=Jitter(MS, correlation=0.5)),
        LinkState(delay_ns=MS, jitter=Jitter(MS), in_order=True),
    ],
)
def test_what_netem_cannot_do_it_refuses_by_name(state: LinkState) -> None:
    assert str(refusal("netem", NETEM, state)).startswith("netem ")
    assert refusal("netem", NETEM, LinkState(delay_ns=MS, jitter=Jitter(MS), loss=RandomLoss(0.5))) is None


def test_rate_adds_a_bucket_whose_queue_is_in_bytes() -> None:
    assert words(LinkState(delay_ns=10 * MS, rate_bps=80_000_000, queue_ns=50 * MS))[1:] == [
        "tc qdisc replace dev s1-w2 parent 1:1 handle 10: tbf rate 80000000bit burst 10000b limit 500000b",
    ]


def test_a_queue_is_kept_in_order_by_a_rate_until_jitter_or_reordering_comes() -> None:
    states = (
        LinkState(),
        LinkState(delay_ns=900 * MS, in_order=True),
        LinkState(delay_ns=5 * MS),
        LinkState(delay_ns=5 * MS, jitter=Jitter(MS)),
        LinkState(delay_ns=5 * MS),
    )
    had, rates = Shaping(), []
    for state in states:
        wanted = shaping(state, had)
        ((*_, last),) = shape("s1-w2", wanted, had)
        rates.append(last)
        had = wanted
    assert rates == ["0.000000%", "32000000000bit", "32000000000bit", "0bit", "0bit"]


def test_the_delay_line_gets_no_shorter_than_what_it_may_hold() -> None:
    """netem drops whatever comes to a line that holds more than its limit."""
    long = shaping(LinkState(delay_ns=900 * MS), Shaping())
    short = shaping(LinkState(delay_ns=5 * MS), long)
    assert long.netem is not None
    assert short.netem is not None
    assert short.netem.limit == long.netem.limit == 1_000 + 450_000


def test_slow_rate_and_short_queue_still_hold_a_frame() -> None:
    assert words(LinkState(rate_bps=64_000, queue_ns=MS))[1].endswith("tbf rate 64000bit burst 1540b limit 1540b")


def test_lifted_rate_leaves_an_open_bucket_with_the_same_queue() -> None:
    limited = LinkState(rate_bps=80_000_000, queue_ns=50 * MS)
    assert words(LinkState(), limited)[1].endswith("tbf rate 32000000000bit burst 4000000b limit 500000b")


def test_flows_vanish_in_a_filter_that_comes_goes_and_comes_back() -> None:
    gone = LinkState(flows=0.25)
    first = words(gone)
    assert first[0] == "tc qdisc replace dev s1-w2 clsact"
    assert first[1].startswith("tc filter replace dev s1-w2 egress protocol all prio 3 handle 1 bpf bytecode")
    assert first[1].endswith("action drop")
    assert words(LinkState(), gone)[0] == "tc filter del dev s1-w2 egress protocol all prio 3 handle 1 bpf"
    assert words(gone, gone)[0] == first[1]


def test_drops_of_a_filter_are_summed() -> None:
    actions = [{"kind": "gact", "stats": {"drops": 3}}]
    flows, too_long = ({"kind": "bpf", "pref": pref, "options": {"actions": actions}} for pref in (3, 2))
    assert flow_drops([{"kind": "bpf", "pref": 3}, flows]) == 3
    assert flow_drops([too_long]) == mtu_drops([flows]) == 0
    assert mtu_drops([too_long]) == 3
    assert [has_mtu(rows) for rows in ([too_long], [flows], [])] == [True, False, False]


def test_the_mtu_is_a_filter_of_its_own_that_stays() -> None:
    narrow = LinkState(mtu=1_400)
    clsact, mtu, _ = words(narrow)
    assert clsact == "tc qdisc replace dev s1-w2 clsact"
    # Load the length; above 1400 + 14 match, else not.
    program = '"4,128 0 0 0,37 0 1 1414,6 0 0 4294967295,6 0 0 0"'
    place = "tc filter replace dev s1-w2 egress protocol all prio 2 handle 1"
    assert mtu == f"{place} bpf bytecode {program} action drop"
    assert [line.split()[1] for line in words(replace(narrow, delay_ns=MS), narrow)] == ["qdisc"]


def test_unshape_removes_our_root() -> None:
    assert " ".join(unshape("s1-w2")) == "tc qdisc del dev s1-w2 root handle 1:"


def test_recorded_answer_is_understood(rows: list[Row]) -> None:
    shaped = replace(PLAIN, delay_ns=31_099_000, jitter=Jitter(499_000), loss=RandomLoss(0.101235), limit=17_550)
    assert shapings(rows) == {
        "s1-w2": Shaping(shaped, Bucket(10_000_000, 1_540, 62_500)),
        "s2-w1": Shaping(PLAIN),
    }


def test_recorded_answer_reads_back_as_set(rows: list[Row]) -> None:
    found = shapings(rows)
    assert equivalent(shaping(SHAPED, Shaping()), found["s1-w2"])
    assert equivalent(shaping(LinkState(), Shaping()), found["s2-w1"])


@pytest.mark.parametrize(
    "other",
    [
        replace(SHAPED, delay_ns=31_103 * US),
        replace(SHAPED, jitter=None),
        replace(SHAPED, loss=RandomLoss(0.1)),
        replace(SHAPED, loss=GilbertElliott(0.10123457, 0.0)),
        replace(SHAPED, duplicate=0.01),
        replace(SHAPED, corrupt=0.01),
        replace(SHAPED, rate_bps=10_001_000),
        replace(SHAPED, rate_bps=None),
        replace(SHAPED, queue_ns=51 * MS),
    ],
)
def test_anything_else_does_not_read_back(rows: list[Row], other: LinkState) -> None:
    assert not equivalent(shaping(other, Shaping()), shapings(rows)["s1-w2"])


def test_recorded_drops_are_told_apart(rows: list[Row]) -> None:
    assert tallies(rows) == {"s1-w2": Tally(79, 27, 195, 0), "s2-w1": Tally(1, 0, 0, 0)}


def test_queueing_disciplines_of_others_are_left_out(rows: list[Row]) -> None:
    foreign = [{**row, "handle": "8001:"} for row in rows]
    assert shapings(foreign) == {}
    assert tallies(foreign) == {}
