"""What only the userspace wire promises: decisions by seed, its own bounds, the end of its process."""

from __future__ import annotations

import pytest
from link_lab import A_B, A_C, B_A, DEADLINE_S, numbers, userspace_lab

from hostio.commands import run_batch
from hostio.timing import MS, wait_until
from topologies.link_backend import LinkCounters, LinkError
from topologies.link_state import LinkState, LostFrames, RandomLoss

pytestmark = pytest.mark.root


def survivors(seed: int, *, others_busy: bool) -> list[int]:
    with userspace_lab({A_B: LinkState(loss=RandomLoss(0.3)), A_C: LinkState(loss=RandomLoss(0.3))}, seed) as lab:
        if others_busy:
            lab.send(A_C, 100)
            lab.arrivals(A_C)
        lab.send(A_B, 500)
        return [arrival.number for arrival in lab.arrivals(A_B)]


def test_seed_decides_which_frames_are_lost_whatever_other_links_do() -> None:
    assert survivors(1, others_busy=False) == survivors(1, others_busy=True)
    assert survivors(1, others_busy=False) != survivors(2, others_busy=False)


def test_loss_by_number_does_not_count_copies() -> None:
    with userspace_lab({A_B: LinkState(duplicate=1.0, loss=LostFrames((2, 4)))}) as lab:
        lab.send(A_B, 5)
        assert numbers(lab.arrivals(A_B, copied=True)) == [0, 0, 1, 2, 2, 3, 4, 4]


def test_want_of_slots_is_counted_as_overflow() -> None:
    with userspace_lab({A_B: LinkState(delay_ns=300 * MS)}, capacity=100) as lab:
        lab.send(A_B, 300)
        arrivals = lab.arrivals(A_B)
        counters = lab.backend.counters()[A_B]
        assert 36 <= len(arrivals) <= 100
        assert counters.lost_overflow == 300 - len(arrivals)
        lab.send(A_B, 20)
        assert len(lab.arrivals(A_B)) == 20


def test_oversized_frame_is_refused_not_cut() -> None:
    with userspace_lab({}) as lab:
        run_batch([["ip", "link", "set", "dev", port, "mtu", "9000"] for port in ("s1-w2", "x1-2")])
        lab.send(A_B, 1, size=4_000)
        assert lab.arrivals(A_B) == []
        assert lab.backend.counters()[A_B].lost_overflow == 1


def test_port_down_loses_what_is_under_way_and_counts_it_as_planned() -> None:
    with userspace_lab({A_B: LinkState(delay_ns=500 * MS), B_A: LinkState(delay_ns=500 * MS)}) as lab:
        lab.send(A_B, 50)
        lab.send(B_A, 50)
        assert wait_until(lambda: {lab.backend.counters()[way].received for way in (A_B, B_A)} == {50}, DEADLINE_S)
        lab.apply({A_B: LinkState(up=False)})
        for direction in (A_B, B_A):
            assert lab.backend.counters()[direction] == LinkCounters(50, 0, lost_port_down=50, media=LinkCounters())


def test_unknown_direction_is_a_key_error_and_a_closed_wire_a_link_error() -> None:
    with userspace_lab({}) as lab:
        with pytest.raises(KeyError):
            lab.apply({A_B._replace(source="nowhere"): LinkState()})
        lab.backend.close()
        lab.backend.close()
        with pytest.raises(LinkError, match="the wire process has ended"):
            lab.backend.counters()
