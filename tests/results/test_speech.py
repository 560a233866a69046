"""Pauses of speakers and restarts of senders, against arithmetic: what of a silence the network is to blame for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest
from synthetic_media import START, plan, received, recording, sent, stream, without

from hostio.timing import MS, S
from relay_app.calls import Span
from relay_app.streams import Stream
from results.metrics.absences import Absence, Absences
from results.metrics.delay_bounds import delay_bounds
from results.metrics.interruptions import Silences, find_silences, nominal_intervals
from results.metrics.matching import match
from results.metrics.speech import NO_ABSENCES, Speech, speech_of
from results.metrics.streams import fates
from results.run_files.records import Rows

SSRC, OTHER = 0xABCD0001, 0xABCD0002
LATENCY = 31 * MS
END = START + 12 * S
TALK = (Span(0, 3 * S), Span(5 * S, 8 * S, pauses=1), Span(10 * S, 12 * S, pauses=2))
"""Talkspurts of 3 s and pauses of 2 s."""


def spoken(spans: Sequence[Span], ssrc: int = SSRC, first_seq: int = 0) -> Rows:
    """Packets every 20 ms in the spans, sent when due; of comfort noise at its own interval."""
    due = [at for span in spans for at in range(span.from_ns, min(span.until_ns, 12 * S), span.noise_ns or 20 * MS)]
    rows = sent(ssrc, len(due), first_seq=first_seq)
    rows["due_ns"] = rows["sent_ns"] = START + np.array(due, np.int64)
    return rows


def judged(
    spans: Sequence[Span],
    *lost: tuple[float, float],
    late_ms: Sequence[tuple[float, float, int]] = (),
    known: bool = True,
) -> tuple[Silences, Speech]:
    """Of a stream with these spans, less what was sent in `lost`, in seconds after the start. `late_ms`: from when
    until when packets were under way for so much longer."""
    rows = spoken(spans)
    kept = without(rows, *lost)
    extra = np.zeros(len(kept), np.int64)
    for from_s, until_s, by_ms in late_ms:
        since_s = (kept["sent_ns"] - START) / S
        extra += np.where((since_s >= from_s) & (since_s < until_s), by_ms * MS, 0)
    return found_in([stream(SSRC)], [rows], [received(kept, LATENCY + extra)], {SSRC: tuple(spans)} if known else {})


def found_in(
    streams: Sequence[Stream],
    rows: Sequence[Rows],
    arrived: Sequence[Rows],
    spans: Mapping[int, tuple[Span, ...]],
    absences: Absences = NO_ABSENCES,
) -> tuple[Silences, Speech]:
    matched = match(recording(streams, rows, arrived))
    speech = speech_of(matched, spans, START, absences)
    intervals = nominal_intervals(matched, speech)
    assert intervals == {"voice": 20 * MS}
    bounds = delay_bounds(plan(), {})
    return find_silences(matched, speech, fates(matched.packets, END), intervals, END, bounds), speech


def lengths_ms(found: Silences) -> list[float]:
    return [each.length_ns / MS for each in found.interruptions]


def test_pauses_are_no_interruptions_but_counted() -> None:
    silences, speech = judged(TALK)
    assert (silences.interruptions, silences.pauses) == ((), ())
    rows, paused_ns = speech.speaker_pauses(np.array([20 * MS]))
    assert (rows.tolist(), paused_ns.tolist()) == ([150, 300], [2 * S, 2 * S])


def test_without_the_plan_the_same_pauses_would_be_interruptions() -> None:
    assert lengths_ms(judged(TALK, known=False)[0]) == [2_020, 2_020]


def test_an_outage_while_talking_is_one_interruption() -> None:
    silences, _ = judged(TALK, (5.7, 6.3))
    (found,) = silences.interruptions
    assert (found.length_ns, found.packets_lost) == (620 * MS, 30)
    assert found.started_ns == START + 5_680 * MS + LATENCY


@pytest.mark.parametrize("outage", [(3.0, 5.0), (3.1, 4.9), (8.5, 9.1)])
def test_an_outage_within_a_pause_is_none(outage: tuple[float, float]) -> None:
    assert judged(TALK, outage)[0].interruptions == ()


@pytest.mark.parametrize(
    ("outage", "length_ms", "lost"),
    [
        ((2.7, 3.5), 320, 15),  # 15 packets until the pause
        ((4.5, 5.3), 320, 15),  # 15 packets after it
        ((2.7, 5.3), 320 + 2_000 + 300, 30),  # one outage, from the first speech missed to the last
        ((2.7, 10.3), 320 + 2_000 + 3_000 + 2_000 + 300, 180),  # over a whole talkspurt
        ((5.0, 8.0), 3_020, 150),  # a talkspurt, from pause to pause
    ],
)
def test_an_interruption_lasts_from_the_first_speech_missed_to_the_last(
    outage: tuple[float, float], length_ms: float, lost: int
) -> None:
    silences, _ = judged(TALK, outage)
    assert lengths_ms(silences) == [pytest.approx(length_ms, abs=20)]
    assert [each.packets_lost for each in silences.interruptions] == [lost]


def test_one_packet_missing_at_a_pause_is_none() -> None:
    assert judged(TALK, (2.98, 3.5))[0].interruptions == ()
    assert judged(TALK, (4.5, 5.02))[0].interruptions == ()


def test_a_call_that_is_cut_off_is_still_interrupted_until_its_own_end() -> None:
    short = (Span(0, 3 * S), Span(5 * S, 8 * S, pauses=1))
    (found,) = judged(short, (7.0, 8.0))[0].interruptions
    assert (found.still, found.ended_ns) == (True, START + 8 * S)
    assert found.started_ns == START + 6_980 * MS + LATENCY


def test_a_talkspurt_lost_at_the_end_began_with_it() -> None:
    (found,) = judged(TALK, (10.0, 12.0))[0].interruptions
    assert (found.still, found.ended_ns) == (True, END)
    assert found.started_ns == START + 9_980 * MS + LATENCY


def test_speech_missed_before_anything_was_heard_counts_and_the_pause_after_it_does_not() -> None:
    (found,) = judged(TALK, (0.0, 3.0))[0].interruptions
    assert found.started_ns == START
    assert found.ended_ns == START + 3_000 * MS + LATENCY


def test_a_stream_of_which_nothing_arrived_is_interrupted_while_it_lasts() -> None:
    short = (Span(S, 3 * S), Span(5 * S, 8 * S, pauses=1))
    (found,) = judged(short, (0.0, 12.0))[0].interruptions
    assert (found.started_ns, found.ended_ns, found.still) == (START + S, START + 8 * S, True)


def test_packets_held_back_over_a_pause_interrupt() -> None:
    """A relay that lets the first packets of a talkspurt go 200 ms late."""
    silences, _ = judged(TALK, late_ms=[(5.0, 12.0, 200)])
    assert lengths_ms(silences) == [220]


NOISY = (
    Span(0, 3 * S),
    Span(3 * S, 5 * S, noise_ns=400 * MS, pauses=1),
    Span(5 * S, 8 * S, pauses=2),
    Span(8 * S, 10 * S, noise_ns=400 * MS, pauses=3),
    Span(10 * S, 12 * S, pauses=4),
)


def test_comfort_noise_is_no_speech() -> None:
    silences, speech = judged(NOISY)
    assert silences.interruptions == ()
    rows, paused_ns = speech.speaker_pauses(np.array([20 * MS]))
    assert (len(rows), paused_ns.tolist()) == (2, [2 * S, 2 * S])


@pytest.mark.parametrize("outage", [(3.0, 5.0), (3.1, 3.9), (3.5, 4.99)])
def test_comfort_noise_that_is_lost_interrupts_nothing(outage: tuple[float, float]) -> None:
    assert judged(NOISY, outage)[0].interruptions == ()


@pytest.mark.parametrize(
    ("outage", "length_ms"), [((5.7, 6.3), 620), ((2.7, 3.5), 320), ((4.5, 5.3), 320), ((2.7, 5.3), 2_620)]
)
def test_comfort_noise_does_not_change_what_an_outage_costs(outage: tuple[float, float], length_ms: float) -> None:
    assert lengths_ms(judged(NOISY, outage)[0]) == [pytest.approx(length_ms, abs=20)]


RESTARTED = (Span(0, 4 * S), Span(4_500 * MS, 12 * S, missed_ns=500 * MS, restarts=1, restarted_ns=4_500 * MS))


def test_a_restart_is_a_silence_and_loses_nothing() -> None:
    rows = spoken(RESTARTED)
    rows["seq"][200:] += 40_000
    silences, speech = found_in([stream(SSRC)], [rows], [received(rows, LATENCY)], {SSRC: RESTARTED})
    (found,) = silences.interruptions
    assert (found.length_ns, found.packets_lost) == (520 * MS, 0)
    assert len(speech.speaker_pauses(np.array([20 * MS]))[0]) == 0


def test_a_restart_with_a_new_ssrc_is_the_same_silence() -> None:
    old, new = (spoken([span], ssrc) for span, ssrc in zip(RESTARTED, (SSRC, OTHER), strict=True))
    streams = [stream(SSRC), replace(stream(OTHER))]
    spans = {SSRC: RESTARTED[:1], OTHER: RESTARTED[1:]}
    silences, _ = found_in(streams, [old, new], [received(each, LATENCY) for each in (old, new)], spans)
    (found,) = silences.interruptions
    assert (found.length_ns, found.packets_lost, found.still) == (520 * MS, 0, False)


TAKEN = (
    Span(0, 4 * S),
    Span(4_500 * MS, 7_500 * MS, missed_ns=500 * MS, restarts=1, ssrcs=1, restarted_ns=4_500 * MS),
    Span(7_500 * MS, 12 * S, missed_ns=500 * MS, restarts=1, ssrcs=2, restarted_ns=4_500 * MS),
)


def test_a_restart_with_a_taken_ssrc_is_a_silence_until_it_is_noticed() -> None:
    """From the last packet at 3.98 s to the next one heard, which is due at 7.5 s; 3 s of packets are lost."""
    (found,) = taken_silences(TAKEN).interruptions
    assert (found.started_ns, found.ended_ns) == (START + 3_980 * MS + LATENCY, START + 7_500 * MS + LATENCY)
    assert (found.packets_lost, found.still) == (150, False)


def test_one_that_is_never_noticed_is_a_silence_to_the_end() -> None:
    """Of 375 packets the last was sent less than 31 ms before the end, and may have been under way."""
    (found,) = taken_silences((TAKEN[0], replace(TAKEN[1], until_ns=12 * S))).interruptions
    assert (found.started_ns, found.ended_ns) == (START + 3_980 * MS + LATENCY, END)
    assert (found.packets_lost, found.still) == (374, True)


def taken_silences(spans: Sequence[Span]) -> Silences:
    """Of a direction whose second stream is heard by another stream's listener alone."""
    ssrcs = (SSRC, OTHER, 0xABCD0003)[: len(spans)]
    streams = [replace(stream(ssrc), taken=77 if ssrc == OTHER else None) for ssrc in ssrcs]
    rows = [spoken([span], ssrc) for span, ssrc in zip(spans, ssrcs, strict=True)]
    arrived = [received(each, LATENCY) for each, made in zip(rows, streams, strict=True) if made.taken is None]
    return found_in(streams, rows, arrived, {ssrc: (span,) for ssrc, span in zip(ssrcs, spans, strict=True)})[0]


def test_a_restart_in_a_pause_is_heard_for_the_speech_it_cost() -> None:
    """From 4.8 to 5.5 s: 500 ms of it would have been speech."""
    spans = (TALK[0], Span(5_500 * MS, 8 * S, pauses=1, missed_ns=500 * MS, restarts=1), replace(TALK[2], restarts=1))
    spans = (*spans[:2], replace(spans[2], missed_ns=500 * MS))
    silences, _ = judged(spans)
    assert lengths_ms(silences) == [520]


def absent(from_s: float, until_s: float, *, still: bool = False) -> Absences:
    return {SSRC: (Absence(stream(SSRC), START + round(from_s * S), START + round(until_s * S), still),)}


def judged_without_consent(
    spans: Sequence[Span], away_s: tuple[float, float], *lost: tuple[float, float], still: bool = False
) -> Silences:
    """Of a stream with these spans that was given up from when until when, and of which was `lost` before."""
    rows = without(spoken(spans), away_s)  # the numbers go on
    own = {SSRC: tuple(spans)} if spans != ALWAYS_12_S else {}
    return found_in(
        [stream(SSRC)], [rows], [received(without(rows, *lost), LATENCY)], own, absent(*away_s, still=still)
    )[0]


ALWAYS_12_S = (Span(0, 12 * S),)


def test_a_silence_lasts_from_what_was_lost_until_the_stream_is_back() -> None:
    """A cut from 4 s, given up at 6.5 s, back at 9.3 s: between the last packet before and the first after, 5.32 s."""
    (found,) = judged_without_consent(ALWAYS_12_S, (6.5, 9.3), (4.0, 6.5)).interruptions
    assert found.length_ns == 5320 * MS
    assert found.packets_lost == 125, "2.5 s of 50 a second; the others were never sent"


def test_what_is_withheld_is_an_interruption_though_no_packet_was_lost() -> None:
    """As where the way of the answers alone was cut."""
    (found,) = judged_without_consent(ALWAYS_12_S, (6.5, 9.3)).interruptions
    assert (found.length_ns, found.packets_lost, found.still) == (2820 * MS, 0, False)


def test_a_stream_that_never_comes_back_is_still_interrupted() -> None:
    """The last packet was sent at 6.48 s and arrived 31 ms later; one more was lost, or none."""
    for lost in ((), ((6.47, 6.5),)):
        (found,) = judged_without_consent(ALWAYS_12_S, (6.5, 12.0), *lost, still=True).interruptions
        last_s = 6.46 if lost else 6.48
        assert found.still
        assert found.length_ns == 12 * S - round(last_s * S) - LATENCY


def test_pauses_of_the_speaker_are_taken_off_an_absence_and_speech_withheld_is_not() -> None:
    """TALK pauses from 3 to 5 s and from 8 to 10 s. Away from 7 to 10.5 s: of that 1 s and 0.5 s are speech."""
    (found,) = judged_without_consent(TALK, (7.0, 10.5)).interruptions
    assert abs(found.length_ns - 1500 * MS) <= 40 * MS, "to a packet interval at either end"


def test_an_absence_in_a_pause_of_the_speaker_is_no_interruption() -> None:
    assert not judged_without_consent(TALK, (8.2, 9.8)).interruptions


def test_a_stream_given_up_for_good_in_a_pause_is_silent_from_when_it_would_have_spoken() -> None:
    """Away from 8.5 s on: speech was due from 10 s until the end at 12 s."""
    (found,) = judged_without_consent(TALK, (8.5, 12.0), still=True).interruptions
    assert found.still
    assert abs(found.length_ns - 2 * S) <= 40 * MS
