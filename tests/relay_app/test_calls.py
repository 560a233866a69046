"""When calls are and when their ends send: packets due against arithmetic, and draws against their distributions."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from itertools import pairwise
from math import exp, sqrt
from random import Random
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from every import every

from hostio.timing import MS, S
from relay_app.calls import Arrival, Calls, Hold, Length, Restart, Talk, arrivals
from relay_app.clients.media_schedule import Schedule
from relay_app.media_profiles import NOISE_PAYLOAD_TYPE
from relay_app.streams import SessionGroup, Stream, spans_of, streams_of

SEED = 3
END = 12 * S
TALK = Talk(Length(3 * S), Length(2 * S))
RESTART = Restart("a", 4 * S, 4_500 * MS)

Rows = npt.NDArray[Any]


def groups(calls: Calls | None, count: int = 4, media: str = "voice") -> list[SessionGroup]:
    return [SessionGroup("talk", "a", "b", count, media, calls=calls)]


def packets_of(calls: Calls, source: str = "a", media: str = "voice") -> dict[Stream, Rows]:
    """What is due in 12 s, by stream from a cluster; comfort noise in its place among the rest."""
    made = groups(replace(calls, end_ns=min(calls.end_ns, END)), media=media)
    streams = [each for each in streams_of(made, SEED) if each.source == source]
    packets = Schedule(streams, SEED, 0, spans_of(made, SEED)).window(0, END)
    return {each: packets[packets["stream"] == index] for index, each in enumerate(streams)}


def between(rows: Rows, from_s: float, to_s: float) -> int:
    return int(np.count_nonzero((rows["due_ns"] >= from_s * S) & (rows["due_ns"] < to_s * S)))


def test_the_first_end_begins_with_a_talkspurt_and_the_second_with_a_pause() -> None:
    for source, spurts in (("a", [(0, 3), (5, 8), (10, 12)]), ("b", [(2, 5), (7, 10)])):
        for rows in packets_of(Calls(talk=TALK), source).values():
            counts = [between(rows, *spurt) for spurt in spurts]
            assert counts == [50 * (end - start) for start, end in spurts]
            assert len(rows) == sum(counts)


def test_a_pause_leaves_no_gap_in_the_numbers_and_its_time_in_the_timestamps() -> None:
    """RFC 3550 §5.1: the sequence number counts packets, the timestamp the sampling clock, of 48 kHz here."""
    for rows in packets_of(Calls(talk=TALK)).values():
        assert set(np.diff(rows["seq"].astype(np.int64))) == {1}
        ticks = np.diff(rows["timestamp"].astype(np.int64)) % (1 << 32)
        assert (ticks == np.diff(rows["due_ns"]) * 48 // MS).all()


def test_the_marker_opens_each_talkspurt() -> None:
    """RFC 3551 §4.1."""
    for rows in packets_of(Calls(talk=TALK)).values():
        assert np.flatnonzero(rows["marker"]).tolist() == [0, 150, 300]


def test_comfort_noise_is_in_the_stream_of_the_speech() -> None:
    for rows in packets_of(Calls(talk=replace(TALK, noise_ns=400 * MS))).values():
        noise = rows["payload_type"] == NOISE_PAYLOAD_TYPE
        assert set(np.diff(rows["seq"].astype(np.int64))) == {1}
        assert [int(np.count_nonzero(noise[150:155])), int(np.count_nonzero(noise))] == [5, 10]
        assert set(np.diff(rows["due_ns"][150:155])) == {400 * MS}
        assert set(rows["length"][noise]) == {1}
        assert not rows["marker"][noise].any()
        assert rows["marker"][155] == 1


def test_a_call_on_hold_sends_nothing_and_goes_on_with_its_numbers() -> None:
    for source in ("a", "b"):
        for rows in packets_of(Calls(holds=(Hold(4 * S, 6 * S),)), source).values():
            assert (between(rows, 4, 6), len(rows)) == (0, 500)
            assert set(np.diff(rows["seq"].astype(np.int64))) == {1}


def test_a_sender_that_restarts_has_other_numbers_and_sends_at_once() -> None:
    jumps = []
    for rows in packets_of(Calls(restarts=(RESTART,))).values():
        first = int(np.searchsorted(rows["due_ns"], 4 * S))
        assert rows["due_ns"][first] == 4_500 * MS
        assert len(rows) == 575
        steps = np.diff(rows["seq"].astype(np.int64))
        assert set(np.delete(steps, first - 1)) == {1}
        assert (np.diff(rows["seq"].astype(np.int64)) > 0).all()
        assert np.flatnonzero(rows["marker"]).tolist() == [0, first]
        jumps.append(int(steps[first - 1]))
    assert len(set(jumps)) == len(jumps)
    assert {len(rows) for rows in packets_of(Calls(restarts=(RESTART,)), "b").values()} == {600}


def test_a_new_ssrc_is_a_stream_that_follows_the_old_one() -> None:
    found = packets_of(Calls(restarts=(replace(RESTART, new_ssrc=True),)))
    for old, new in list(pairwise(found))[::2]:
        assert (old.session, old.source) == (new.session, new.source)
        assert old.ssrc != new.ssrc
        assert found[old]["due_ns"].max() < 4 * S
        assert found[new]["due_ns"].min() == 4_500 * MS
        assert len(found[old]) + len(found[new]) == 575


TAKEN = Restart("a", 4 * S, 4_500 * MS, taken_from="others", fresh_ns=7_500 * MS)


def taking(*restarts: Restart, others: int = 2) -> dict[tuple[str, str], list[Stream]]:
    """The streams of four calls whose senders at a restart so, and of others, by session and source."""
    made = [*groups(Calls(restarts=restarts)), SessionGroup("others", "a", "c", others, "voice")]
    found = defaultdict(list)
    for each in streams_of(made, SEED):
        found[each.session, each.source].append(each)
    return found


def test_a_taken_ssrc_is_that_of_another_stream_until_it_is_noticed() -> None:
    found = taking(TAKEN)
    ssrcs = [each.ssrc for own in found.values() for each in own]
    assert len(set(ssrcs)) == len(ssrcs) == 4 * (3 + 1) + 2 * 2
    for number in range(4):
        old, taker, fresh = found[f"talk-{number:04d}", "a"]
        (holder,) = found[f"others-{number % 2:04d}", "a"]
        assert (old.taken, taker.taken, fresh.taken) == (None, holder.ssrc, None)
        assert (taker.carried_ssrc, taker.lane) == (holder.ssrc, holder.lane)
        assert len(found[f"talk-{number:04d}", "b"]) == 1


def test_the_packets_of_a_sender_that_notices_go_on() -> None:
    """200 packets until 4 s, 150 from 4.5 to 7.5 s, 225 until 12 s, with 20 ms between the last two streams too."""
    old, taker, fresh, *_ = packets_of(Calls(restarts=(TAKEN,))).values()
    assert [len(each) for each in (old, taker, fresh)] == [200, 150, 225]
    assert taker["due_ns"].min() == 4_500 * MS
    assert fresh["due_ns"].min() - taker["due_ns"].max() == 20 * MS


@pytest.mark.parametrize(
    ("restarts", "taken"),
    [
        ((replace(TAKEN, fresh_ns=None),), [False, True]),
        ((TAKEN, Restart("a", 6 * S, 7 * S, new_ssrc=True)), [False, True, False]),
        ((TAKEN, Restart("a", 6 * S, 7 * S)), [False, True, False]),
        ((TAKEN, replace(TAKEN, at_ns=9 * S, until_ns=10 * S, fresh_ns=None)), [False, True, False, True]),
        ((TAKEN, Restart("a", 7 * S, 8 * S)), [False, True, False]),
    ],
)
def test_ssrcs_follow_each_other(restarts: tuple[Restart, ...], taken: list[bool]) -> None:
    assert [each.taken is not None for each in taking(*restarts)["talk-0000", "a"]] == taken


def test_a_group_that_is_not_there_lends_nothing() -> None:
    assert [each.taken for each in taking(replace(TAKEN, taken_from="nobody"))["talk-0000", "a"]] == [None] * 3


def test_a_restart_with_a_taken_ssrc_changes_no_other_stream() -> None:
    plain, made = taking(), taking(TAKEN)
    assert plain["talk-0000", "a"][0] == made["talk-0000", "a"][0]
    assert [len(own) for key, own in made.items() if key[0].startswith("others")] == [1] * 4


def test_pictures_pause_and_restart_whole() -> None:
    calls = Calls(holds=(Hold(4 * S, 6 * S),), restarts=(Restart("a", 8 * S, 9 * S),))
    for rows in packets_of(calls, media="video").values():
        ends = np.flatnonzero(rows["marker"])
        assert len(ends) == 30 * (4 + 2 + 3)
        pictures = np.split(rows["timestamp"], ends + 1)
        assert every(len(set(each)) <= 1 for each in pictures)


@pytest.mark.parametrize("chunk_ns", [33_333_333, 500 * MS, 1_700_000_001])
def test_chunks_do_not_change_the_schedule_of_calls(chunk_ns: int) -> None:
    calls = Calls(
        S,
        11 * S,
        Arrival(2.0, poisson=True),
        Length(5 * S, exponential=True),
        Talk(Length(S, exponential=True), Length(S, exponential=True), 100 * MS),
        (Hold(4 * S, 5 * S),),
        (RESTART, Restart("a", 7 * S, 8 * S, new_ssrc=True)),
    )
    made = groups(calls, 20)
    streams = streams_of(made, SEED)
    schedule = Schedule(streams, SEED, 0, spans_of(made, SEED))
    whole = schedule.window(0, END)
    chunks = [schedule.window(at, min(at + chunk_ns, END)) for at in range(0, END, chunk_ns)]
    assert np.array_equal(np.concatenate(chunks), whole)
    assert max(map(len, chunks)) <= schedule.most(chunk_ns)
    assert {"a", "b"} == {streams[index % len(streams)].source for index in set(whole["stream"])}
    numbers = defaultdict(list)
    for packet in whole:
        numbers[int(packet["stream"]) % len(streams)].append(int(packet["seq"]))
    assert every(len(set(each)) == len(each) for each in numbers.values())


def test_calls_arrive_at_a_rate_and_last() -> None:
    calls = Calls(S, 10 * S, Arrival(2.0), Length(3 * S))
    assert list(arrivals(calls, "talk", 10, SEED)) == [S + index * S // 2 for index in range(10)]
    for index, rows in enumerate(packets_of(calls).values()):
        assert len(rows) == between(rows, 1 + index / 2, 4 + index / 2) == 150


def test_the_end_cuts_calls_off() -> None:
    for rows in packets_of(Calls(2 * S, 5 * S, holding=Length(60 * S))).values():
        assert len(rows) == between(rows, 2, 5) == 150


def test_poisson_arrivals_have_their_rate_and_exponential_distances() -> None:
    """n distances of mean m: their sum is n m within 5 standard deviations, sqrt(n) m; a share 1 - 1/e is shorter."""
    count, mean = 10_000, S // 10
    at = np.array(list(arrivals(Calls(arrival=Arrival(10.0, poisson=True)), "talk", count, SEED)))
    assert abs(at[-1] - count * mean) < 5 * sqrt(count) * mean
    share = np.count_nonzero(np.diff(at) < mean) / (count - 1)
    assert share == pytest.approx(1 - exp(-1), abs=5 * sqrt(0.25 / count))


def test_calls_that_would_arrive_after_the_end_do_not_take_place() -> None:
    made = groups(Calls(0, 5 * S, Arrival(1.0, poisson=True)), 20)
    arrived = sum(at < 5 * S for at in arrivals(made[0].calls or Calls(), "talk", 20, SEED))
    assert 0 < arrived < 20
    assert len(streams_of(made, SEED)) == 2 * arrived


def test_one_way_calls_have_one_stream() -> None:
    streams = streams_of(groups(Calls(one_way=True)), SEED)
    assert [(each.source, each.destination) for each in streams] == [("a", "b")] * 4


def test_lengths_are_exact_or_exponential() -> None:
    random = Random(1)
    drawn = [Length(1_004 * MS, exponential=True).drawn(random) for _ in range(10_000)]
    assert np.mean(drawn) == pytest.approx(1_004 * MS, rel=5 / sqrt(10_000))
    assert {Length(S).drawn(random) for _ in range(10)} == {S}


def test_the_seed_decides_and_other_groups_do_not() -> None:
    random_talk = Calls(talk=Talk(Length(S, exponential=True), Length(S, exponential=True)), end_ns=END)
    alone = groups(random_talk)
    beside = [*alone, SessionGroup("more", "a", "b", 4, "voice", calls=random_talk)]
    assert spans_of(alone, SEED).items() <= spans_of(beside, SEED).items()
    assert list(spans_of(alone, SEED).values()) != list(spans_of(alone, SEED + 1).values())


def test_groups_without_calls_send_as_ever() -> None:
    assert spans_of(groups(None), SEED) == {}
    assert streams_of(groups(None), SEED) == streams_of(groups(Calls()), SEED)
