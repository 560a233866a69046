"""Words for tc, and its answers as a Debian 12 kernel (6.1) gave them with iproute2 6.1."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from hostio.units import MS, US
from topologies.links import LinkState
from topologies.netem import (
    Bucket,
    Netem,
    Row,
    Shaping,
    Tally,
    reads_back,
    shape,
    shaping,
    shapings,
    tallies,
    unshape,
)

RECORDED = Path(__file__).parent / "recorded" / "tc-qdisc-show-6.1.json"
"""After 300 frames of 1000 bytes into s1-w2, shaped as SHAPED: 79 passed, 27 were lost, 195 found the queue full."""

SHAPED = LinkState(delay_ns=31_100 * US, jitter_ns=500 * US, loss=0.10123457, rate_bps=10_000_000, queue_ns=50 * MS)


@pytest.fixture
def rows() -> list[Row]:
    recorded: list[Row] = json.loads(RECORDED.read_text())
    return recorded


def words(state: LinkState, before: Shaping | None = None) -> list[str]:
    return [" ".join(command) for command in shape("s1-w2", shaping(state, before or Shaping()))]


def test_perfect_link_is_a_netem_without_delay() -> None:
    assert words(LinkState()) == ["tc qdisc replace dev s1-w2 root handle 1: netem limit 1000 delay 0.000us"]


def test_delay_jitter_and_loss() -> None:
    assert words(LinkState(delay_ns=31_100_123, jitter_ns=500 * US, loss=0.015)) == [
        "tc qdisc replace dev s1-w2 root handle 1: netem limit 16800 delay 31100.123us 500.000us loss random 1.500000%"
    ]


def test_rate_adds_a_bucket_whose_queue_is_in_bytes() -> None:
    assert words(LinkState(delay_ns=10 * MS, rate_bps=80_000_000, queue_ns=50 * MS)) == [
        "tc qdisc replace dev s1-w2 root handle 1: netem limit 6000 delay 10000.000us",
        "tc qdisc replace dev s1-w2 parent 1:1 handle 10: tbf rate 80000000bit burst 10000b limit 500000b",
    ]


def test_slow_rate_and_short_queue_still_hold_a_frame() -> None:
    assert words(LinkState(rate_bps=64_000, queue_ns=MS))[1].endswith("tbf rate 64000bit burst 1540b limit 1540b")


def test_lifted_rate_leaves_an_open_bucket_with_the_same_queue() -> None:
    limited = shaping(LinkState(rate_bps=80_000_000, queue_ns=50 * MS), Shaping())
    assert words(LinkState(), limited)[1].endswith("tbf rate 32000000000bit burst 4000000b limit 500000b")


def test_blackhole_is_full_loss() -> None:
    assert words(LinkState(loss=1.0))[0].endswith("loss random 100.000000%")


def test_unshape_removes_our_root() -> None:
    assert " ".join(unshape("s1-w2")) == "tc qdisc del dev s1-w2 root handle 1:"


def test_recorded_answer_is_understood(rows: list[Row]) -> None:
    assert shapings(rows) == {
        "s1-w2": Shaping(Netem(31_099_000, 499_000, 0.101235, 16_800), Bucket(10_000_000, 1_540, 62_500)),
        "s2-w1": Shaping(Netem(0, 0, 0.0, 1_000)),
    }


def test_recorded_answer_reads_back_as_set(rows: list[Row]) -> None:
    found = shapings(rows)
    assert reads_back(shaping(SHAPED, Shaping()), found["s1-w2"])
    assert reads_back(shaping(LinkState(), Shaping()), found["s2-w1"])


@pytest.mark.parametrize(
    "other",
    [
        replace(SHAPED, delay_ns=31_103 * US),
        replace(SHAPED, jitter_ns=0),
        replace(SHAPED, loss=0.1),
        replace(SHAPED, rate_bps=10_001_000),
        replace(SHAPED, rate_bps=None),
        replace(SHAPED, queue_ns=51 * MS),
    ],
)
def test_anything_else_does_not_read_back(rows: list[Row], other: LinkState) -> None:
    assert not reads_back(shaping(other, Shaping()), shapings(rows)["s1-w2"])


def test_recorded_drops_are_told_apart(rows: list[Row]) -> None:
    assert tallies(rows) == {"s1-w2": Tally(79, 27, 195, 0), "s2-w1": Tally(1, 0, 0, 0)}


def test_queueing_disciplines_of_others_are_left_out(rows: list[Row]) -> None:
    foreign = [{**row, "handle": "8001:"} for row in rows]
    assert shapings(foreign) == {}
    assert tallies(foreign) == {}
