"""What is lost: how much, in which runs, and exactly which."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import scipy
from link_lab import A_B, A_C, B_A, BOTH, C_A, TOPOLOGY, LabMaker, numbers, udp_frame

from hostio.timing import MS
from topologies.capabilities import refusal
from topologies.link_backend import LinkError
from topologies.link_state import (
    FourState,
    GilbertElliott,
    Jitter,
    LinkState,
    LossPattern,
    LostFrames,
    RandomLoss,
    flows_below,
)
from topologies.wire.frame_compiled import flow_hash

pytestmark = [pytest.mark.root, BOTH]

BATCH = 1_000
"""Frames sent before they are collected: what a packet socket holds."""


def survivors(make_lab: LabMaker, state: LinkState, count: int) -> list[int]:
    with make_lab({A_B: state}) as lab:
        arrived = []
        for _ in range(count // BATCH):
            lab.send(A_B, BATCH)
            arrived += numbers(lab.arrivals(A_B))
        counters = lab.backend.counters()[A_B]
        assert (counters.received, counters.released, counters.lost_loss) == (count, len(arrived), count - len(arrived))
        assert counters.lost == counters.lost_loss
    return arrived


def runs_of_losses(arrived: list[int], count: int) -> list[int]:
    ends = [-1, *arrived, count]
    return [gap - 1 for gap in np.diff(ends) if gap > 1]


def test_random_loss_is_binomial_and_has_no_memory(make_lab: LabMaker) -> None:
    count, loss = 10_000, 0.1
    arrived = survivors(make_lab, LinkState(loss=RandomLoss(loss)), count)
    assert scipy.stats.binomtest(count - len(arrived), count, loss).pvalue > 1e-6
    assert_geometric(runs_of_losses(arrived, count), 1 - loss)


def test_gilbert_elliott_loses_in_runs_of_its_length(make_lab: LabMaker) -> None:
    """With 1 − h = 1 and k = 1 a run of losses is a stay in the bad state: geometric, mean 1/r."""
    count, p, r = 20_000, 0.02, 0.2
    arrived = survivors(make_lab, LinkState(loss=GilbertElliott(p, r)), count)
    runs = runs_of_losses(arrived, count)
    assert_geometric(runs, r)
    # The chain enters the bad state from each of the good ones with probability p.
    assert scipy.stats.binomtest(len(runs), len(arrived), p).pvalue > 1e-6


def test_four_states_lose_alone_in_gaps_and_together_in_bursts(make_lab: LabMaker) -> None:
    """Without losses in a gap every run begins in state 3 and ends with probability p31 + p32 each time."""
    count, loss = 20_000, FourState(p13=0.02, p31=0.1, p32=0.1, p23=0.3)
    arrived = survivors(make_lab, LinkState(loss=loss), count)
    assert_geometric(runs_of_losses(arrived, count), loss.p31 + loss.p32)


def test_what_is_longer_than_the_mtu_vanishes_before_and_after_another_change(make_lab: LabMaker) -> None:
    """An IP packet is 14 bytes shorter than its frame; the other direction has no MTU."""
    narrow = LinkState(mtu=500)
    with make_lab({A_B: narrow, B_A: LinkState()}) as lab:
        for state in (narrow, replace(narrow, delay_ns=MS), narrow):
            lab.apply({A_B: state})
            lab.send(A_B, 100, size=514)
            lab.send(A_B, 50, size=515)
            lab.send(B_A, 100, size=1_000)
            assert [len(lab.arrivals(direction)) for direction in (A_B, B_A)] == [100, 100]
        counters = lab.backend.counters()[A_B]
        assert (counters.received, counters.released, counters.lost_mtu, counters.lost) == (450, 300, 150, 150)


def assert_geometric(runs: list[int], end: float) -> None:
    """Chi-square of the run lengths, those expected fewer than five times taken together."""
    longest = 1
    while len(runs) * (1 - end) ** longest >= 5:
        longest += 1
    theory = [end * (1 - end) ** (length - 1) for length in range(1, longest)] + [(1 - end) ** (longest - 1)]
    found = np.bincount(np.minimum(runs, longest), minlength=longest + 1)[1:]
    assert longest > 1
    assert scipy.stats.chisquare(found, np.array(theory) * len(runs)).pvalue > 1e-6


def test_blackhole_takes_all_of_one_direction_and_nothing_else(make_lab: LabMaker) -> None:
    with make_lab({}) as lab:
        lab.apply({A_B: LinkState(blackhole=True)})
        for direction in TOPOLOGY.directions:
            lab.send(direction, 100)
        arrived = {direction: len(lab.arrivals(direction)) for direction in TOPOLOGY.directions}
        assert arrived == {A_B: 0, B_A: 100, A_C: 100, C_A: 100}
        assert lab.backend.counters()[A_B].lost_blackhole == 100
        lab.apply({A_B: LinkState()})
        lab.send(A_B, 100)
        assert len(lab.arrivals(A_B)) == 100


def test_share_of_flows_vanishes_whole_and_is_the_same_everywhere(make_lab: LabMaker) -> None:
    """Both back ends take the flows whose hash is below the share; the others lose nothing."""
    flows = [udp_frame(source_port=20_000 + number, destination_port=40_000) for number in range(300)]
    with make_lab({A_B: LinkState(flows=0.25)}) as lab:
        for frame in (*flows, *flows):
            lab.send_frame(A_B, frame)
        arrived = [arrival.data for arrival in lab.arrivals(A_B)]
        spared = [
            frame for frame in flows if flow_hash(np.frombuffer(frame, np.uint8), len(frame)) >= flows_below(0.25)
        ]
        assert arrived == [*spared, *spared]
        assert 200 < len(spared) < 250
        assert lab.backend.counters()[A_B].lost_flow == 2 * (len(flows) - len(spared))
        apply = lab.backend.prepare({A_B: LinkState()})
        lab.send_frame(A_B, next(frame for frame in flows if frame not in spared))
        apply()()
        for frame in flows:
            lab.send_frame(A_B, frame)
        assert len(lab.arrivals(A_B)) == len(flows)
        assert lab.backend.counters()[A_B].lost_flow == 2 * (len(flows) - len(spared)) + 1


@pytest.mark.parametrize(
    "state",
    [
        LinkState(loss=LossPattern("1110")),
        LinkState(loss=LostFrames((2, 5))),
        LinkState(delay_ns=10**7, jitter=Jitter(10**6, correlation=0.5)),
    ],
)
def test_what_a_back_end_cannot_do_it_refuses(make_lab: LabMaker, state: LinkState) -> None:
    with make_lab({}) as lab:
        if reason := refusal("netem", lab.backend.capabilities, state):
            with pytest.raises(LinkError, match=reason):
                lab.apply({A_B: state})
        else:
            lab.apply({A_B: state})
            lab.send(A_B, 8)
            lost = {"pattern": [3, 7], "frames": [1, 4]}.get(state.loss.model if state.loss else "", [])
            assert sorted(numbers(lab.arrivals(A_B))) == [number for number in range(8) if number not in lost]
