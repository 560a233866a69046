"""Consent to send: when it is checked, when a stream is given up and comes back, and on which ways."""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic_ns

import numpy as np
from redis_lab import loopback
from version_lab import WITHIN_S

from hostio.control import Workers
from hostio.timing import MS, S, wait_until
from relay_app.clients.consent_schedule import Absence, Check, ConsentedStream, ConsentSchedule, GiveUp
from relay_app.clients.permission_keeper import PermissionConfig, PermissionKeeper
from relay_app.consent import Consent
from relay_app.ports import LANE_PORT, REFRESH_PORT
from relay_app.records import ABSENCE
from relay_app.refreshes import Refresh
from relay_app.sessions.directory import DirectoryEndpoint
from relay_app.streams import lane_of

TERMS = Consent(check_ns=500 * MS, expires_ns=3 * S, again_ns=400 * MS)
ONE = ConsentedStream(7, 8, TERMS, 0, 86_400 * S)
SEED = 5


def played(schedule: ConsentSchedule, times_ms: range, *, answer_ms: int | None) -> list[tuple[int, Check | GiveUp]]:
    """What is ordered when the schedule is asked at these times; each check is answered so much later; None: never."""
    ordered: list[tuple[int, Check | GiveUp]] = []
    answers: list[tuple[int, int]] = []
    for at_ms in times_ms:
        while answers and answers[0][0] <= at_ms:
            due_ms, number = answers.pop(0)
            schedule.answered(8, number, due_ms * MS)
        for order in schedule.due(at_ms * MS):
            ordered.append((at_ms, order))
            if isinstance(order, Check) and answer_ms is not None:
                answers.append((at_ms + answer_ms, order.number))
    return ordered


def test_the_defaults_are_those_of_rfc_7675() -> None:
    assert (Consent().check_ns, Consent().expires_ns) == (5 * S, 30 * S)
    assert Consent().latest_check_ns == 6 * S


def test_checks_come_at_0_8_to_1_2_of_the_interval_and_each_has_its_own_number() -> None:
    """1000 s: each of about 2000 intervals from 400 to 600 ms, as evenly as a die has its sides."""
    ordered = played(ConsentSchedule([ONE], 0, SEED), range(1_000_000), answer_ms=60)
    assert [order for _, order in ordered] == [Check(7, number) for number in range(1, len(ordered) + 1)]
    intervals = np.diff([at for at, _ in ordered])
    assert 400 <= intervals.min() < 405
    assert 595 < intervals.max() <= 601, "asked once a millisecond"
    assert abs(intervals.mean() - 500) < 10, "the standard error of the mean is 1.3"
    assert ordered[0][0] <= 500


def test_checks_are_a_function_of_the_seed_and_the_stream_and_spread() -> None:
    def phases(seed: int) -> list[tuple[int, int]]:
        streams = [ConsentedStream(ssrc, ssrc + 1000, TERMS, 0, 10 * S) for ssrc in range(100)]
        schedule = ConsentSchedule(streams, 0, seed)
        return [(at, order.ssrc) for at in range(400) for order in schedule.due(at * MS)]

    assert phases(1) == phases(1) != phases(2)
    halves = Counter(at // 200 for at, _ in phases(1))
    assert all(25 <= count <= 60 for count in halves.values()), "40 of 100 in each; five standard deviations are 24"


def test_without_an_answer_a_stream_is_given_up_once_consent_has_expired() -> None:
    """Answered until 10 s: three seconds after the last answer it ends, and is checked then and every 400 ms."""
    schedule = ConsentSchedule([ONE], 0, SEED)
    before = played(schedule, range(10_000), answer_ms=0)
    last_ms = before[-1][0]
    after = played(schedule, range(10_000, 16_000), answer_ms=None)
    given_up = [at for at, order in after if order == GiveUp(7)]
    assert given_up == [last_ms + 3000]
    assert [at for at, order in after if at >= given_up[0] and isinstance(order, Check)] == list(
        range(given_up[0], 16_000, 400)
    )
    assert list(schedule.unreturned()) == [Absence(7, given_up[0] * MS, 0)]
    assert not schedule.absences


def test_an_answer_to_a_check_since_then_brings_it_back_and_one_from_before_does_not() -> None:
    schedule = ConsentSchedule([ONE], 0, SEED)
    ordered = played(schedule, range(3_100), answer_ms=None)
    assert (3_000, GiveUp(7)) in ordered, "a call begins with consent"
    before = [order.number for at, order in ordered if isinstance(order, Check) and at < 3_000]
    assert schedule.answered(8, before[-1], 3_100 * MS) is None
    assert schedule.answered(8, before[-1] + 2, 3_100 * MS) is None, "not sent yet"
    assert schedule.answered(9, before[-1] + 1, 3_100 * MS) is None, "of another way"
    assert schedule.answered(8, before[-1] + 1, 3_200 * MS) == 7
    assert schedule.answered(8, before[-1] + 1, 3_300 * MS) is None, "it is back already"
    assert schedule.absences == [Absence(7, 3_000 * MS, 3_200 * MS)]
    assert not list(schedule.unreturned())
    (first, *_) = played(schedule, range(3_300, 4_000), answer_ms=None)
    assert 3_200 + 400 <= first[0] <= 3_200 + 601, "checked at the usual interval again"


def test_a_cut_shorter_than_what_is_left_of_consent_gives_nothing_up() -> None:
    """1.7 s without answers, and up to 1.2 s of 3 s until the next two checks: whatever the draws are."""
    for seed in range(200):
        schedule = ConsentSchedule([ONE], 0, seed)
        for times, answer_ms in ((range(0, 4000, 5), 60), (range(4000, 5700, 5), None), (range(5700, 9000, 5), 60)):
            assert not [order for _, order in played(schedule, times, answer_ms=answer_ms) if order == GiveUp(7)]


def test_a_call_is_checked_from_its_first_packet_until_its_last_and_given_up_only_between() -> None:
    schedule = ConsentSchedule([ConsentedStream(7, 8, TERMS, 3 * S, 7 * S)], 0, SEED)
    ordered = played(schedule, range(20_000), answer_ms=None)
    assert [at for at, order in ordered if order == GiveUp(7)] == [6_000]
    assert 3_000 <= ordered[0][0] <= 3_500
    assert ordered[-1][0] < 7_000
    assert schedule.answered(8, 10, 7 * S) is None, "the call is over"
    ended = ConsentSchedule([ConsentedStream(7, 8, TERMS, 3 * S, 5_900 * MS)], 0, SEED)
    assert GiveUp(7) not in [order for _, order in played(ended, range(20_000), answer_ms=None)]


class Withheld:
    """What a sender is told."""

    def __init__(self) -> None:
        self.told: list[tuple[int, bool]] = []

    def __call__(self, ssrc: int, withheld: bool) -> None:
        self.told.append((ssrc, withheld))


@contextmanager
def clients(folder: Path, told: Withheld) -> Iterator[list[PermissionKeeper]]:
    """The keepers of two clients, of which the first sends stream 7, and the second has sent stream 8."""
    terms = Consent(check_ns=20 * MS, expires_ns=200 * MS, again_ns=20 * MS)
    ends = {1: ConsentedStream(7, 8, terms, 0, 86_400 * S), 2: ConsentedStream(8, 7, terms, 0, 1)}
    addresses, nowhere, workers = {1: loopback(1), 2: loopback(2)}, DirectoryEndpoint(loopback(1), 9), Workers()
    keepers = [
        PermissionKeeper(
            PermissionConfig(at, addresses, (), (), nowhere, 0, None, (own,), SEED, folder / f"{at}.npy"), told
        )
        for at, own in ends.items()
    ]
    for keeper in keepers:
        keeper.start(workers)
        keeper.begin(monotonic_ns())
    yield keepers
    for keeper in keepers:
        keeper.halt()
        keeper.stop()
    workers.join()
    for keeper in keepers:
        keeper.finish()


def test_a_check_goes_the_way_of_its_stream_and_its_answer_that_of_the_other(tmp_path: Path) -> None:
    """The test is both relays. It lets no answer through until the stream is given up, and then all."""
    told = Withheld()
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as there,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as back,
    ):
        there.bind((loopback(1), LANE_PORT + lane_of(7)))
        back.bind((loopback(2), LANE_PORT + lane_of(8)))
        for relay in (there, back):
            relay.settimeout(WITHIN_S)
        with clients(tmp_path, told) as keepers:

            def passed_on() -> tuple[Refresh, Refresh]:
                check = there.recv(2048)
                there.sendto(check, (loopback(2), REFRESH_PORT))
                answer = back.recv(2048)
                if told.told:
                    back.sendto(answer, (loopback(1), REFRESH_PORT))
                return Refresh.decode(check), Refresh.decode(answer)

            check, answer = passed_on()
            assert check[2:] == (1, 7)
            assert (answer.ordinal, answer[2:]) == (1, (1, 8)), "whose check it was, its number, and the other stream"
            assert wait_until(lambda: bool(passed_on()) and (7, False) in told.told, WITHIN_S)
            counters = [keeper.counters for keeper in keepers]
    assert told.told[:2] == [(7, True), (7, False)]
    assert counters[0]["sent_refreshes"] > counters[0]["arrived_refreshes"] > 0
    assert counters[1]["sent_refreshes"] == counters[1]["arrived_refreshes"] > 0
    rows = np.load(tmp_path / "1.npy")
    assert rows.dtype == ABSENCE
    assert rows["ssrc"][0] == 7
    assert 0 < rows["expired_ns"][0] < rows["returned_ns"][0]
