"""Decisions of the userspace wire against published vectors, arithmetic, and the theory of its loss models."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import scipy

from hostio.compiled import compiled
from hostio.timing import MS, S
from topologies.distributions import TABLES, quantile, tables
from topologies.link_state import FourState, GilbertElliott, Jitter, LinkState, LossPattern, LostFrames, RandomLoss
from topologies.model import Direction
from topologies.wire.impairment_compiled import due, hard_drop, loss_model_drops, next_frame, random_bits
from topologies.wire.memory import DIRECTION, LOST_BLACKHOLE, LOST_FLOW, LOST_MTU, LOST_PORT_DOWN, LOST_QUEUE, allocate
from topologies.wire.parameters import LossNumbers, fill_bank

A_B = Direction("a", "b")
TABLE = tables()


@compiled
def draw_losses(lost: Any, parameters: Any, direction: Any, sequence: Any) -> None:
    """Which of so many numbered frames are lost. Compiled, as is `draw_delays`: the samples are large."""
    for number in range(len(lost)):
        lost[number] = loss_model_drops(parameters, direction, sequence, 0, True)
        next_frame(direction)


@compiled
def draw_delays(due_ns: Any, parameters: Any, direction: Any, table: Any) -> None:
    """When so many frames are due that arrive at 0."""
    for number in range(len(due_ns)):
        due_ns[number] = due(60, 0, parameters, direction, table, 0)
        next_frame(direction)


class Link:
    """One direction of the wire, without the wire."""

    def __init__(self, state: LinkState, seed: int = 1) -> None:
        memory = allocate(((0, 0),), 0, 0, capacity=1)
        fill_bank(memory, 0, {A_B: state}, {A_B: LossNumbers()})
        self.parameters = memory.banks[0, 0]
        self.sequence = memory.sequences[0, 0]
        self.direction: Any = np.zeros(1, DIRECTION)[0]
        self.direction["random"] = seed

    def due(self, arrived_ns: int, length: int = 60) -> int:
        at_ns = due(length, arrived_ns, self.parameters, self.direction, TABLE, 0)
        next_frame(self.direction)
        return at_ns

    def lost(self, numbered: bool = True) -> bool:
        gone = loss_model_drops(self.parameters, self.direction, self.sequence, 0, numbered)
        next_frame(self.direction)
        return gone

    def losses(self, count: int) -> list[bool]:
        lost = np.empty(count, np.bool_)
        draw_losses(lost, self.parameters, self.direction, self.sequence)
        found: list[bool] = lost.tolist()
        return found

    def delays_ns(self, count: int) -> np.ndarray[Any, np.dtype[np.int64]]:
        found = np.empty(count, np.int64)
        draw_delays(found, self.parameters, self.direction, TABLE)
        return found


def test_generator_is_splitmix64() -> None:
    """First outputs of the reference implementation (Vigna, splitmix64.c) for seed 1234567."""
    direction = Link(LinkState(), 1_234_567).direction
    assert [int(random_bits(direction, draw)) for draw in range(5)] == [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ]


def test_frame_is_due_after_the_delay() -> None:
    assert Link(LinkState(delay_ns=31 * MS)).due(7 * S) == 7 * S + 31 * MS


def test_what_swallows_a_frame_goes_from_the_port_to_the_flow() -> None:
    assert hard_drop(Link(LinkState()).parameters, 60, 0) == 0
    assert hard_drop(Link(LinkState(up=False, blackhole=True)).parameters, 60, 0) == -LOST_PORT_DOWN
    assert hard_drop(Link(LinkState(blackhole=True, flows=1.0)).parameters, 60, 0) == -LOST_BLACKHOLE
    assert hard_drop(Link(LinkState(flows=0.25)).parameters, 60, 2**30 - 1) == -LOST_FLOW
    assert hard_drop(Link(LinkState(flows=0.25)).parameters, 60, 2**30) == 0
    assert hard_drop(Link(LinkState(flows=1.0)).parameters, 60, 2**32 - 1) == -LOST_FLOW


def test_an_ip_packet_beyond_the_mtu_is_dropped_with_its_frame_of_14_bytes_more() -> None:
    narrow = Link(LinkState(mtu=1_400)).parameters
    assert hard_drop(narrow, 1_414, 0) == 0
    assert hard_drop(narrow, 1_415, 0) == -LOST_MTU
    assert hard_drop(Link(LinkState()).parameters, 9_014, 0) == 0


def test_full_loss_loses_everything_and_none_nothing() -> None:
    assert set(Link(LinkState(loss=RandomLoss(1.0))).losses(1_000)) == {True}
    assert set(Link(LinkState()).losses(1_000)) == {False}


def test_luck_depends_on_the_frames_number_alone() -> None:
    """Which frames are lost is the same whether or not the others before them met jitter or a rate."""
    loss = RandomLoss(0.5)
    plain = Link(LinkState(loss=loss))
    busy = Link(LinkState(loss=loss, delay_ns=MS, jitter=Jitter(MS, correlation=0.5), rate_bps=10**9, queue_ns=S))
    for _ in range(100):
        next_frame(plain.direction)
        busy.due(0)
    assert plain.losses(200) == busy.losses(200)


def run_lengths(lost: list[bool]) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Lengths of the runs of losses."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], np.array(lost, int), [0]))))
    lengths: np.ndarray[Any, np.dtype[np.int64]] = edges[1::2] - edges[::2]
    return lengths


@pytest.mark.parametrize(("p", "r"), [(0.05, 0.25), (0.01, 0.5)])
def test_gilbert_losses_have_its_rate_and_geometric_runs(p: float, r: float) -> None:
    """In the Gilbert model (1 − h = 1, k = 1) p/(p + r) of all is lost, in runs of geometric length with mean 1/r."""
    lost = Link(LinkState(loss=GilbertElliott(p, r)), seed=7).losses(200_000)
    assert np.mean(lost) == pytest.approx(p / (p + r), rel=0.05)
    runs = run_lengths(lost)
    longest = 12
    found = np.bincount(np.minimum(runs, longest), minlength=longest + 1)[1:]
    theory = [r * (1 - r) ** (length - 1) for length in range(1, longest)] + [(1 - r) ** (longest - 1)]
    enough = np.array(theory) * len(runs) >= 5
    observed = np.append(found[enough], found[~enough].sum())
    expected = np.append(np.array(theory)[enough], np.array(theory)[~enough].sum()) * len(runs)
    kept = expected > 0
    assert scipy.stats.chisquare(observed[kept], expected[kept]).pvalue > 0.001


def test_elliott_losses_have_the_rate_of_both_states() -> None:
    p, r, bad, good = 0.02, 0.1, 0.6, 0.05
    lost = Link(LinkState(loss=GilbertElliott(p, r, bad, good)), seed=3).losses(200_000)
    assert np.mean(lost) == pytest.approx((p * bad + r * good) / (p + r), rel=0.05)


def test_four_state_losses_have_the_rate_of_its_chain() -> None:
    loss = FourState(p13=0.02, p31=0.2, p32=0.1, p23=0.5, p14=0.01)
    # States: delivered in a gap, delivered in a burst, lost in a burst, lost alone.
    moves = np.array(
        [
            [1 - loss.p13 - loss.p14, 0, loss.p13, loss.p14],
            [0, 1 - loss.p23, loss.p23, 0],
            [loss.p31, loss.p32, 1 - loss.p31 - loss.p32, 0],
            [1, 0, 0, 0],
        ]
    )
    stationary = np.linalg.matrix_power(moves, 4_096)[0]
    lost = Link(LinkState(loss=loss), seed=5).losses(200_000)
    assert np.mean(lost) == pytest.approx(stationary[2] + stationary[3], rel=0.05)


def test_pattern_repeats_and_exact_frames_do_not() -> None:
    assert Link(LinkState(loss=LossPattern("1101"))).losses(9) == [number % 4 == 2 for number in range(9)]
    exact = Link(LinkState(loss=LostFrames((1, 4))))
    assert exact.losses(9) == [number in (0, 3) for number in range(9)]


def test_frames_without_a_number_are_neither_lost_nor_counted() -> None:
    link = Link(LinkState(loss=LostFrames((1,))))
    assert not link.lost(numbered=False)
    assert link.lost()


def test_loss_that_begins_anew_counts_from_one() -> None:
    link = Link(LinkState(loss=LostFrames((1,))))
    assert link.losses(3) == [True, False, False]
    link.parameters["loss_number"] += 1
    assert link.losses(3) == [True, False, False]


def test_uniform_jitter_spreads_evenly_over_both_sides() -> None:
    link = Link(LinkState(delay_ns=20 * MS, jitter=Jitter(5 * MS)))
    assert scipy.stats.kstest(link.delays_ns(4_000), scipy.stats.uniform(15 * MS, 10 * MS).cdf).pvalue > 0.001


@pytest.mark.parametrize("distribution", TABLES)
def test_jitter_follows_its_table(distribution: str) -> None:
    link = Link(LinkState(delay_ns=90 * MS, jitter=Jitter(10 * MS, distribution)), seed=2)  # type: ignore[arg-type]
    delays = np.sort(link.delays_ns(4_000))
    theory = [90 + 10 * quantile(distribution, (n + 0.5) / 4_000) for n in range(4_000)]  # type: ignore[arg-type]
    assert scipy.stats.ks_2samp(delays / MS, theory).pvalue > 0.001


@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.9])
def test_correlated_jitter_follows_the_frame_before_and_keeps_its_distribution(correlation: float) -> None:
    link = Link(LinkState(delay_ns=100 * MS, jitter=Jitter(10 * MS, "normal", correlation)), seed=4)
    delays = link.delays_ns(20_000)
    assert np.corrcoef(delays[:-1], delays[1:])[0, 1] == pytest.approx(correlation, abs=0.03)
    assert delays.mean() == pytest.approx(100 * MS, abs=0.5 * MS)
    assert delays.std() == pytest.approx(10 * MS, rel=0.05)


def test_jitter_beyond_the_delay_does_not_reach_into_the_past() -> None:
    link = Link(LinkState(delay_ns=MS, jitter=Jitter(5 * MS)))
    assert min(link.due(S) for _ in range(100)) == S


def test_reordered_frames_do_without_the_delay() -> None:
    delays = Link(LinkState(delay_ns=10 * MS, reorder=0.2)).delays_ns(5_000)
    assert np.unique(delays).tolist() == [0, 10 * MS]
    assert scipy.stats.binomtest(np.count_nonzero(delays == 0), 5_000, 0.2).pvalue > 0.001


def test_rate_serialises_the_whole_frame_and_bounds_the_queue() -> None:
    """1250 bytes at 10 Mbit/s take 1 ms; a frame that would wait more than 3 ms is dropped."""
    link = Link(LinkState(delay_ns=10 * MS, rate_bps=10_000_000, queue_ns=3 * MS))
    times = [link.due(0, 1_250) for _ in range(6)]
    assert times == [11 * MS, 12 * MS, 13 * MS, 14 * MS, -LOST_QUEUE, -LOST_QUEUE]
    assert link.due(MS, 1_250) == 15 * MS
    assert link.due(S, 1_250) == S + 11 * MS


def test_lifted_rate_does_not_let_frames_overtake() -> None:
    link, free = Link(LinkState(rate_bps=1_000_000, queue_ns=S)), Link(LinkState())
    held_ns = link.due(0, 1_250)
    assert held_ns == 10 * MS
    assert due(1_250, 1, free.parameters, link.direction, TABLE, 0) == held_ns
    assert due(1_250, 11 * MS, free.parameters, link.direction, TABLE, 0) == 11 * MS


def due_in_turn(direction: Any, *frames: tuple[LinkState, int]) -> list[int]:
    """When frames are due that come to one direction, each at a time and in a state."""
    return [due(60, at_ns, Link(state).parameters, direction, TABLE, 0) for state, at_ns in frames]


LONG, SHORT = LinkState(delay_ns=900 * MS), LinkState(delay_ns=10 * MS)


def test_a_path_that_got_shorter_lets_frames_overtake() -> None:
    assert due_in_turn(Link(LONG).direction, (LONG, 0), (SHORT, MS)) == [900 * MS, 11 * MS]


def test_a_queue_that_drained_lets_none_overtake() -> None:
    """What comes after it leaves right behind it, and only what comes late enough is as fast as the link again."""
    queue = replace(LONG, in_order=True)
    frames = ((queue, 0), (queue, MS), (SHORT, 2 * MS), (SHORT, 890 * MS), (SHORT, 892 * MS))
    assert due_in_turn(Link(queue).direction, *frames) == [900 * MS, 901 * MS, 901 * MS, 901 * MS, 902 * MS]


def test_a_queue_that_grew_only_makes_wait() -> None:
    queue = replace(LONG, in_order=True)
    assert due_in_turn(Link(queue).direction, (SHORT, 0), (queue, MS)) == [10 * MS, 901 * MS]


def test_jitter_in_a_queue_overtakes_nothing() -> None:
    state = LinkState(delay_ns=10 * MS, jitter=Jitter(10 * MS))
    for kept in (True, False):
        link = Link(replace(state, in_order=kept))
        times = [link.due(number * MS) for number in range(1_000)]
        assert (times == sorted(times)) is kept


def test_reordered_frames_do_not_overtake_a_queue_that_drains() -> None:
    queue, ahead = replace(LONG, in_order=True), replace(LONG, reorder=1.0)
    assert due_in_turn(Link(queue).direction, (queue, 0), (ahead, MS), (ahead, S)) == [900 * MS, 900 * MS, S]
