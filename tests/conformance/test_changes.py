"""Changes in place: at one instant, without loss, and back to nothing."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from every import every
from link_lab import A_B, A_C, B_A, BOTH, C_A, DEADLINE_S, EARLY_NS, Lab, LabMaker, interface, numbers
from tries import best

from hostio.timing import MS, wait_until
from topologies.capabilities import refusal
from topologies.link_backend import LinkError
from topologies.link_state import GilbertElliott, Jitter, LinkState, RandomLoss
from topologies.model import Direction

pytestmark = [pytest.mark.root, BOTH]

EVERYTHING = LinkState(
    delay_ns=10 * MS,
    jitter=Jitter(2 * MS, "normal"),
    loss=GilbertElliott(0.1, 0.4),
    flows=0.1,
    duplicate=0.05,
    corrupt=0.05,
    reorder=0.05,
    rate_bps=20_000_000,
    queue_ns=20 * MS,
)

QUEUE = LinkState(delay_ns=900 * MS, in_order=True)


def test_change_in_place_keeps_what_is_queued_and_its_order(make_lab: LabMaker) -> None:
    slow = LinkState(delay_ns=300 * MS)
    with make_lab({A_B: slow}) as lab:
        lab.send(A_B, 200)
        lab.apply({A_B: LinkState(delay_ns=5 * MS, blackhole=True)})
        lab.send(A_B, 200)
        lab.apply({A_B: LinkState(delay_ns=400 * MS)})
        arrivals = lab.arrivals(A_B)
    assert numbers(arrivals) == list(range(200))
    assert min(arrival.delay_ns for arrival in arrivals) - slow.delay_ns >= EARLY_NS


def test_a_path_that_gets_longer_delays_what_comes_after_it(make_lab: LabMaker) -> None:
    longer_ns = 500 * MS
    with make_lab({A_B: LinkState(delay_ns=10 * MS)}) as lab:
        lab.send(A_B, 50)
        lab.apply({A_B: LinkState(delay_ns=longer_ns)})
        lab.send(A_B, 50)
        delays = [arrival.delay_ns for arrival in lab.arrivals(A_B)]
    assert len(delays) == 100
    assert max(delays[:50]) < longer_ns
    assert min(delays[50:]) >= longer_ns + EARLY_NS


def test_a_path_that_gets_shorter_is_overtaken_on(make_lab: LabMaker) -> None:
    """All that is under way on the longer one arrives, after all that took the shorter one."""
    with make_lab({A_B: LinkState(delay_ns=900 * MS)}) as lab:
        lab.send(A_B, 200)
        lab.apply({A_B: LinkState(delay_ns=5 * MS)})
        lab.send(A_B, 200)
        arrivals = lab.arrivals(A_B)
    assert numbers(arrivals) == [*range(200, 400), *range(200)]
    assert min(arrival.delay_ns for arrival in arrivals[200:]) >= 900 * MS + EARLY_NS


def test_a_queue_that_drains_is_overtaken_by_nothing(make_lab: LabMaker) -> None:
    """What comes after it waits for the last of it; then the link is as if there had been none."""
    with make_lab({A_B: QUEUE}) as lab:
        lab.send(A_B, 200)
        lab.apply({A_B: LinkState(delay_ns=5 * MS)})
        lab.send(A_B, 200)
        arrivals = lab.arrivals(A_B)
        lab.send(A_B, 200)
        after = lab.arrivals(A_B)
        lab.apply({A_B: LinkState(delay_ns=20 * MS, jitter=Jitter(19 * MS))})
        lab.send(A_B, 200)
        free = lab.arrivals(A_B)
    assert numbers(arrivals) == list(range(400))
    assert min(arrival.delay_ns for arrival in arrivals[:200]) >= QUEUE.delay_ns + EARLY_NS
    last = arrivals[199]
    assert every(arrival.received_ns >= last.received_ns for arrival in arrivals[200:])
    assert min(arrival.delay_ns for arrival in after) < QUEUE.delay_ns
    assert numbers(free) != sorted(numbers(free))


def test_jitter_in_a_queue_keeps_the_order(make_lab: LabMaker) -> None:
    state = LinkState(delay_ns=50 * MS, jitter=Jitter(40 * MS), in_order=True)
    with make_lab({A_C: replace(state, in_order=False)}) as lab:
        if reason := refusal("netem", lab.backend.capabilities, state):
            with pytest.raises(LinkError, match=reason):
                lab.apply({A_B: state})
            return
        lab.apply({A_B: state})
        for direction in (A_B, A_C):
            lab.send_spaced(direction, 300, every_ns=MS // 2)
        kept, free = (numbers(lab.arrivals(direction)) for direction in (A_B, A_C))
    assert kept == list(range(300))
    assert free != sorted(free)
    assert len(free) == 300


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
        assert wait_until(lambda: len(sent[C_A]) > 500, DEADLINE_S)
        applied = lab.apply(dict.fromkeys(sent, LinkState(blackhole=True)))
        seen = len(sent[C_A])
        assert wait_until(lambda: len(sent[C_A]) > seen + 500, DEADLINE_S)
        stop.set()
        sender.join()
        for direction, times in sent.items():
            arrived = set(numbers(lab.arrivals(direction)))
            before = {n for n, (_, done_ns) in enumerate(times) if done_ns < applied.first_ns}
            behind = {n for n, (begun_ns, _) in enumerate(times) if begun_ns > applied.last_ns}
            assert min(len(before), len(behind)) > 100
            assert before <= arrived
            assert not arrived & behind
    assert applied.first_ns <= applied.last_ns <= applied.verified_ns


def test_port_down_is_seen_at_both_ends_and_comes_back(make_lab: LabMaker) -> None:
    with make_lab({}) as lab:
        lab.apply({A_B: LinkState(up=False)})
        assert "UP" not in interface("s1-w2")["flags"]
        assert wait_until(lambda: interface("s2-w1")["operstate"] != "UP", DEADLINE_S)
        assert "NO-CARRIER" in interface("s2-w1")["flags"]
        assert "UP" in interface("s1-w3")["flags"]
        lab.apply({A_B: LinkState()})
        assert wait_until(lambda: {interface(port)["operstate"] for port in ("s1-w2", "s2-w1")} == {"UP"}, DEADLINE_S)
        lab.forget_errors()
        before = lab.backend.counters()[A_B].released
        lab.send(A_B, 100)
        assert wait_until(lambda: lab.backend.counters()[A_B].released == before + 100, DEADLINE_S)


def test_back_to_nothing_means_nothing_left(make_lab: LabMaker) -> None:
    """After every impairment at once was lifted, all frames pass once, whole, in order and without delay."""
    with make_lab({A_B: EVERYTHING}) as lab:
        lab.send(A_B, 200, size=500)
        lab.arrivals(A_B, copied=True)
        lab.apply({A_B: LinkState()})
        begin = 200

        def median_delay_ns() -> int:
            nonlocal begin
            lab.send_spaced(A_B, 300, every_ns=MS // 2)
            arrivals = lab.arrivals(A_B, copied=True)
            assert numbers(arrivals) == list(range(begin, begin + 300))
            assert len({arrival.data[22:] for arrival in arrivals}) == 300
            begin += 300
            return sorted(arrival.delay_ns for arrival in arrivals)[150]

        assert best(median_delay_ns, lambda found: found < MS) < MS


def test_counters_add_up_and_agree_with_the_kernels(make_lab: LabMaker) -> None:
    with make_lab({A_B: replace(EVERYTHING, corrupt=0.0), A_C: LinkState(delay_ns=30 * MS)}) as lab:
        lab.send(A_B, 900, size=500)
        lab.send(A_C, 300)
        arrived = {A_B: len(lab.arrivals(A_B, copied=True)), A_C: len(lab.arrivals(A_C))}
        counters = lab.backend.counters()
        for direction, sent in ((A_B, 900), (A_C, 300)):
            entered, left = lab.kernel_counters(direction)
            assert counters[direction].released == arrived[direction] == left
            assert counters[direction].queued == counters[direction].lost_overflow == 0
            if entered is not None:
                assert counters[direction].received == entered == sent
    assert counters[A_B].lost_loss > 0
    assert counters[A_B].lost_queue > 0
    assert counters[A_C].lost == 0


def test_random_numbers_do_not_repeat_from_change_to_change(make_lab: LabMaker) -> None:
    with make_lab({}) as lab:
        fates = []
        for _ in range(3):
            lab.apply({A_B: LinkState(loss=RandomLoss(0.5))})
            lab.send(A_B, 100)
            fates.append(tuple(number % 100 for number in numbers(lab.arrivals(A_B))))
            lab.apply({A_B: LinkState()})
    assert len(set(fates)) == 3
