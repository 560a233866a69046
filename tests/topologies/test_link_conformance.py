"""Both link back ends against raw packet sockets as the oracle. Judged by order, counts, never-early and medians."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager

import numpy as np
import pytest
from wire_lab import A_B, A_C, B_A, C_A, TOPOLOGY, Arrival, Lab, interface, netem_lab, userspace_lab

from hostio.units import MS, S
from topologies.backends import available_link_backend
from topologies.links import LinkState
from topologies.model import Direction

pytestmark = pytest.mark.root

LabMaker = Callable[..., AbstractContextManager[Lab]]
EARLY_NS = -1_000
"""Kernel clocks are read one after the other when a timestamp is turned into monotonic time."""


@pytest.fixture(params=["userspace", pytest.param("netem", marks=pytest.mark.netem)])
def make_lab(request: pytest.FixtureRequest) -> LabMaker:
    if request.param == "userspace":
        return userspace_lab
    choice = available_link_backend()
    if choice.name != "netem":
        pytest.skip(choice.reason)
    return netem_lab


def delays_ns(arrivals: list[Arrival]) -> list[int]:
    return [arrival.delay_ns for arrival in arrivals]


def numbers(arrivals: list[Arrival]) -> list[int]:
    return [arrival.number for arrival in arrivals]


def test_delay_is_exact_in_each_direction(make_lab: LabMaker) -> None:
    with make_lab({A_B: LinkState(delay_ns=31_100_000), B_A: LinkState(delay_ns=5 * MS)}) as lab:
        for _ in range(300):
            lab.send_one(A_B)
            lab.send_one(B_A)
        for direction, delay_ns in ((A_B, 31_100_000), (B_A, 5 * MS)):
            arrivals = lab.arrivals(direction)
            assert sorted(numbers(arrivals)) == list(range(300))
            assert min(delays_ns(arrivals)) - delay_ns >= EARLY_NS
            assert np.median(delays_ns(arrivals)) - delay_ns < MS / 2


def test_perfect_link_passes_everything_in_order(make_lab: LabMaker) -> None:
    with make_lab({}) as lab:
        lab.send(A_C, 500, size=1_514)
        assert numbers(lab.arrivals(A_C)) == list(range(500))


def test_jitter_is_uniform_around_the_delay(make_lab: LabMaker) -> None:
    with make_lab({A_B: LinkState(delay_ns=100 * MS, jitter_ns=80 * MS)}) as lab:
        lab.send(A_B, 1_000)
        delays = np.sort(delays_ns(lab.arrivals(A_B)))
    assert len(delays) == 1_000
    assert delays[0] >= 20 * MS + EARLY_NS
    assert np.median(delays) == pytest.approx(100 * MS, abs=15 * MS)
    uniform = (delays - 20 * MS) / (160 * MS)
    steps = np.arange(1, 1_001) / 1_000
    kolmogorov_smirnov = np.abs(uniform - steps).max()
    assert kolmogorov_smirnov < 1.95 / math.sqrt(1_000) + 0.03


def test_random_loss_is_binomial(make_lab: LabMaker) -> None:
    count, loss = 5_000, 0.1
    with make_lab({A_B: LinkState(loss=loss)}) as lab:
        lab.send(A_B, count)
        arrivals = lab.arrivals(A_B)
        counters = lab.backend.counters()[A_B]
    assert abs(count - len(arrivals) - count * loss) < 5 * math.sqrt(count * loss * (1 - loss))
    assert counters.lost_loss == count - len(arrivals)
    assert (counters.lost_queue, counters.lost_overflow) == (0, 0)


def test_blackhole_takes_all_of_one_direction_and_nothing_else(make_lab: LabMaker) -> None:
    with make_lab({}) as lab:
        lab.backend.apply({A_B: LinkState(loss=1.0)})
        for direction in TOPOLOGY.directions:
            lab.send(direction, 100)
        arrived = {direction: len(lab.arrivals(direction)) for direction in TOPOLOGY.directions}
        assert arrived == {A_B: 0, B_A: 100, A_C: 100, C_A: 100}
        assert lab.backend.counters()[A_B].lost_loss == 100
        lab.backend.apply({A_B: LinkState()})
        lab.send(A_B, 100)
        assert len(lab.arrivals(A_B)) == 100


def test_rate_serialises_behind_a_bounded_queue(make_lab: LabMaker) -> None:
    size, rate_bps, queue_ns = 1_000, 10_000_000, 400 * MS
    with make_lab({A_B: LinkState(delay_ns=10 * MS, rate_bps=rate_bps, queue_ns=queue_ns)}) as lab:
        lab.send(A_B, 1_500, size)
        arrivals = lab.arrivals(A_B)
        counters = lab.backend.counters()[A_B]
    times = [arrival.received_ns for arrival in arrivals]
    carried_bps = 8 * size * (len(times) - 1) * S / (times[-1] - times[0])
    assert carried_bps == pytest.approx(rate_bps, rel=0.02)
    assert 0.97 * queue_ns < max(delays_ns(arrivals)) - 10 * MS < queue_ns + 10 * MS
    assert counters.lost_queue == 1_500 - len(arrivals) > 0
    assert (counters.lost_loss, counters.lost_overflow) == (0, 0)


def test_change_in_place_keeps_what_is_queued(make_lab: LabMaker) -> None:
    slow = LinkState(delay_ns=200 * MS)
    with make_lab({A_B: slow}) as lab:
        lab.send(A_B, 200)
        lab.backend.apply({A_B: LinkState(delay_ns=5 * MS, loss=1.0)})
        lab.send(A_B, 200)
        lab.backend.apply({A_B: LinkState(delay_ns=300 * MS)})
        arrivals = lab.arrivals(A_B)
    assert numbers(arrivals) == list(range(200))
    assert min(delays_ns(arrivals)) - slow.delay_ns >= EARLY_NS


def test_lifted_rate_loses_nothing_queued(make_lab: LabMaker) -> None:
    with make_lab({A_B: LinkState(rate_bps=1_000_000, queue_ns=500 * MS)}) as lab:
        lab.send(A_B, 40, size=1_000)
        lab.backend.apply({A_B: LinkState()})
        lab.send(A_B, 10, size=1_000)
        assert numbers(lab.arrivals(A_B)) == list(range(50))


def test_a_set_of_changes_takes_effect_at_one_instant(make_lab: LabMaker) -> None:
    sent: dict[Direction, list[tuple[int, int]]] = {A_B: [], B_A: [], C_A: []}
    stop = threading.Event()

    def send(lab: Lab) -> None:
        while not stop.is_set():
            for direction, times in sent.items():
                times.append(lab.send_one(direction))

    with make_lab({}) as lab:
        sender = threading.Thread(target=send, args=(lab,))
        sender.start()
        lab.wait_until(lambda: len(sent[C_A]) > 500)
        applied = lab.backend.apply(dict.fromkeys(sent, LinkState(loss=1.0)))
        seen = len(sent[C_A])
        lab.wait_until(lambda: len(sent[C_A]) > seen + 500)
        stop.set()
        sender.join()
        for direction, times in sent.items():
            arrived = set(numbers(lab.arrivals(direction)))
            assert {n for n, (_, after) in enumerate(times) if after < applied.first_ns} <= arrived
            assert not arrived & {n for n, (before, _) in enumerate(times) if before > applied.last_ns}
    assert applied.first_ns <= applied.last_ns <= applied.verified_ns


def test_port_down_is_seen_at_both_ends_and_comes_back(make_lab: LabMaker) -> None:
    with make_lab({}) as lab:
        lab.backend.apply({A_B: LinkState(up=False)})
        assert "UP" not in interface("s1-w2")["flags"]
        lab.wait_until(lambda: interface("s2-w1")["operstate"] != "UP")
        assert "NO-CARRIER" in interface("s2-w1")["flags"]
        assert "UP" in interface("s1-w3")["flags"]
        lab.backend.apply({A_B: LinkState()})
        lab.wait_until(lambda: all(interface(port)["operstate"] == "UP" for port in ("s1-w2", "s2-w1")))
        lab.forget_errors()
        before = lab.backend.counters()[A_B].released
        lab.send(A_B, 100)
        lab.wait_until(lambda: lab.backend.counters()[A_B].released == before + 100)


def test_counters_add_up_under_everything_at_once(make_lab: LabMaker) -> None:
    mixed = LinkState(delay_ns=10 * MS, jitter_ns=2 * MS, loss=0.2, rate_bps=20_000_000, queue_ns=20 * MS)
    with make_lab({A_B: mixed, A_C: LinkState(delay_ns=30 * MS)}) as lab:
        lab.send(A_B, 2_000, size=500)
        lab.send(A_C, 300)
        mixed_arrivals, plain_arrivals = len(lab.arrivals(A_B)), len(lab.arrivals(A_C))
        counters = lab.backend.counters()
    assert counters[A_B].received == 2_000
    assert counters[A_B].released == mixed_arrivals
    assert counters[A_B].lost_loss > 0
    assert counters[A_B].lost_queue > 0
    assert counters[A_B].lost_overflow == 0
    assert (counters[A_C].received, counters[A_C].released) == (300, plain_arrivals) == (300, 300)
