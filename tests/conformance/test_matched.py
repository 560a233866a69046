"""Frames that match, and have a link state of their own on the userspace wire: no other frame meets it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from link_lab import A_B, B_A, Lab, numbers, udp_frame, userspace_lab
from scapy.layers.inet import ICMP, IP
from scapy.layers.l2 import Ether

from hostio.timing import MS, S
from topologies.frame_match import FrameMatch
from topologies.link_state import LinkState, LossPattern, Matched, RandomLoss

pytestmark = pytest.mark.root

SMALL, LARGE = 100, 1_200
LARGER = FrameMatch(larger_than=1_100)


def alternate(lab: Lab, count: int) -> None:
    """Small and large frames in turn: the even numbers are small."""
    for number in range(count):
        lab.send_one(A_B, LARGE if number % 2 else SMALL)


def test_only_matching_frames_vanish_and_they_are_counted_as_such() -> None:
    with userspace_lab({A_B: LinkState(matched=Matched(LARGER, LinkState(blackhole=True)))}) as lab:
        alternate(lab, 40)
        assert numbers(lab.arrivals(A_B)) == list(range(0, 40, 2))
        assert lab.backend.counters()[A_B].lost_blackhole == 20
        lab.apply({A_B: LinkState()})
        alternate(lab, 40)
        assert numbers(lab.arrivals(A_B)) == list(range(40, 80))


def test_a_size_is_that_of_the_frame() -> None:
    with userspace_lab({A_B: LinkState(matched=Matched(LARGER, LinkState(blackhole=True)))}) as lab:
        for size in (1_099, 1_100, 1_101):
            lab.send_one(A_B, size)
        assert [len(arrival.data) for arrival in lab.arrivals(A_B)] == [1_099, 1_100]


def test_loss_by_number_counts_the_matching_frames_alone() -> None:
    with userspace_lab({A_B: LinkState(matched=Matched(LARGER, LinkState(loss=LossPattern("10"))))}) as lab:
        alternate(lab, 8)
        assert numbers(lab.arrivals(A_B)) == [0, 1, 2, 4, 5, 6]


def test_a_loss_model_that_both_have_counts_the_frames_of_both() -> None:
    loss = LossPattern("110")
    with userspace_lab(
        {A_B: LinkState(loss=loss, matched=Matched(LARGER, LinkState(loss=loss, duplicate=1.0)))}
    ) as lab:
        alternate(lab, 6)
        assert sorted(numbers(lab.arrivals(A_B, copied=True))) == [0, 1, 1, 3, 3, 4, 5]


def test_luck_of_the_others_is_as_if_nothing_matched() -> None:
    loss = RandomLoss(0.5)
    survivors = []
    for matched in (None, Matched(LARGER, LinkState())):
        with userspace_lab({A_B: LinkState(loss=loss, matched=matched)}) as lab:
            alternate(lab, 400)
            survivors.append([number for number in numbers(lab.arrivals(A_B)) if number % 2 == 0])
    assert survivors[0] == survivors[1]
    assert 60 < len(survivors[0]) < 140


def test_matching_frames_take_longer_and_the_others_pass_them() -> None:
    with userspace_lab({A_B: LinkState(delay_ns=5 * MS, matched=Matched(LARGER, LinkState(delay_ns=300 * MS)))}) as lab:
        alternate(lab, 20)
        arrivals = lab.arrivals(A_B)
        assert numbers(arrivals) == [*range(0, 20, 2), *range(1, 20, 2)]
        assert all(arrival.delay_ns > (299 if arrival.number % 2 else 4) * MS for arrival in arrivals)


def test_a_queue_of_matching_frames_holds_up_no_other_and_keeps_its_order_when_it_ends() -> None:
    """A frame of 1200 bytes takes 96 ms at 100 kbit/s: the fifth has left 480 ms after the first was sent, and one that
    follows goes behind them."""
    slow = LinkState(rate_bps=100_000, queue_ns=2 * S)
    with userspace_lab({A_B: LinkState(matched=Matched(LARGER, slow))}) as lab:
        alternate(lab, 10)
        lab.apply({A_B: LinkState()})
        alternate(lab, 2)
        arrivals = lab.arrivals(A_B)
        assert numbers(arrivals) == [0, 2, 4, 6, 8, 10, 1, 3, 5, 7, 9, 11]
        of = {arrival.number: arrival for arrival in arrivals}
        assert of[9].received_ns - of[1].sent_ns > 479 * MS


def test_one_rate_is_shared_by_all_frames() -> None:
    """Frames of 1200 and of 1000 bytes in one queue: the last leaves when all bits before it have."""
    rate = LinkState(rate_bps=1_000_000, queue_ns=2 * S)
    with userspace_lab({A_B: replace(rate, matched=Matched(LARGER, replace(rate, duplicate=0.0, corrupt=1.0)))}) as lab:
        lab.send(A_B, 5, size=1_000)
        lab.send(A_B, 5, size=LARGE)
        arrivals = lab.arrivals(A_B)
        assert len(arrivals) == 10
        assert arrivals[-1].received_ns - arrivals[0].sent_ns >= (5 * 1_000 + 5 * 1_200) * 8_000 - MS


def test_what_is_too_large_is_answered_to_its_sender() -> None:
    state = LinkState(matched=Matched(FrameMatch(larger_than=614), LinkState(blackhole=True, answer_mtu=600)))
    fitting, large = (bytearray(udp_frame(9, 40_000, bytes(size))) for size in (572, 573))
    for frame in (fitting, large):
        frame[20] |= 0x40
    with userspace_lab({A_B: state}) as lab:
        lab.send_frame(A_B, bytes(fitting))
        lab.send_frame(A_B, bytes(large))
        assert [arrival.data for arrival in lab.arrivals(A_B)] == [bytes(fitting)]
        (answer,) = lab.arrivals(B_A)
        packet = Ether(answer.data)
        assert (packet[IP].dst, packet[ICMP].type, packet[ICMP].code, packet[ICMP].nexthopmtu) == (
            "10.0.0.1",
            3,
            4,
            600,
        )
        assert lab.backend.counters()[B_A].received == 0
