"""RFC 6412 on a blip made by arithmetic, and on silences whose instants are known; dropped calls and timers of clients.

The blip: at 4 s, applied 1 ms late, each stream loses the 14 packets sent until 4.28 s; it is heard again over a relay.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from bounds_lab import held, on_time, summary_of
from synthetic_media import START, VOICE, stream
from synthetic_run import Blip

from hostio.timing import S
from results.metrics.analysis import Evidence, analyse
from results.metrics.convergence import convergence_rows, route_of
from results.metrics.interruptions import Interruption
from results.metrics.quality_figures import TIMERS_NS, dropped_calls, timer_figures
from results.report.report import read_evidence
from results.run_files.events import FaultEdge
from results.run_files.hold_ups import HoldUpPlace
from results.run_files.plan import Expectation


@pytest.fixture(scope="module")
def blipped(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    return read_evidence(Blip().write(tmp_path_factory.mktemp("run") / "run"))


def silence(from_s: float, until_s: float, *, lost: int = 0, still: bool = False, ssrc: int = 1) -> Interruption:
    of = replace(stream(), ssrc=ssrc, session=f"s-{ssrc // 2}")
    return Interruption(of, START + round(from_s * S), START + round(until_s * S), lost, still)


def test_the_instants_of_a_blip_are_those_of_its_silences(blipped: Evidence) -> None:
    analysis = analyse(blipped)
    (row,) = convergence_rows(blipped, analysis)
    ended = [(each.ended_ns - START) / S for each in analysis.interruptions]
    assert (row.fault, row.event_at, row.routes, row.recovered, row.unsustained) == (0, 4.001, 8, 8, 0)
    assert (row.first_route_at, row.full_at) == pytest.approx((min(ended), max(ended)))
    assert (row.first_route_ms, row.full_ms) == pytest.approx(
        (1e3 * (min(ended) - 4.001), 1e3 * (max(ended) - 4.001)), abs=0.001
    )


def test_the_loss_method_counts_packets_and_the_timestamp_method_an_interval_and_a_longer_path_more(
    blipped: Evidence,
) -> None:
    summary = summary_of(on_time(blipped))
    (row,) = summary.convergence
    assert (row.by_loss_ms.p50, row.by_loss_ms.max, row.resolution_ms) == (14 * 20, 14 * 20, 20)
    assert summary.media.loss_derived_ms == row.by_loss_ms == summary.pairs[0].loss_derived_ms
    assert row.by_timestamps_ms == summary.media.interruption_ms
    assert row.by_timestamps_ms.max == pytest.approx(14 * 20 + 20 + 9.4, abs=0.1)


def test_a_fault_that_silenced_nothing_has_no_routes_and_one_that_was_not_applied_no_row(blipped: Evidence) -> None:
    none = replace(blipped, events=tuple(each for each in blipped.events if not isinstance(each, FaultEdge)))
    assert convergence_rows(none, analyse(none)) == []
    late = tuple(
        replace(each, applied_first_ns=START + 8 * S) if isinstance(each, FaultEdge) and each.edge == "start" else each
        for each in blipped.events
    )
    (row,) = convergence_rows(replace(blipped, events=late), analyse(blipped))
    assert (row.routes, row.full_at, row.by_loss_ms.max, row.resolution_ms) == (0, None, None, None)


def test_silences_less_than_5_s_apart_are_one_until_the_route_is_heard_long_enough() -> None:
    own = [silence(4, 5, lost=49), silence(9.9, 11, lost=54), silence(16, 17, lost=49)]
    found = route_of(own, VOICE, VOICE, START + 30 * S)
    assert (found.started_ns, found.ended_ns, found.sustained) == (START + 4 * S, START + 11 * S, True)
    assert (found.by_timestamps_ns, found.by_loss_ns) == (2.1 * S, (49 + 54) * VOICE)


def test_five_packets_are_more_than_5_s_of_a_slow_stream() -> None:
    own = [silence(4, 5), silence(11, 12)]
    assert route_of(own, VOICE, VOICE, START + 60 * S).ended_ns == START + 5 * S
    assert route_of(own, 2 * S, 2 * S, START + 60 * S).ended_ns == START + 12 * S


def test_a_recovery_at_the_media_end_is_not_sustained_and_a_silence_that_lasts_is_none() -> None:
    late = route_of([silence(4, 8)], VOICE, VOICE, START + 12 * S)
    assert (late.recovered_ns, late.sustained) == (START + 8 * S, False)
    lasting = route_of([silence(4, 12, still=True)], VOICE, VOICE, START + 12 * S)
    assert (lasting.recovered_ns, lasting.sustained) == (None, False)


def test_a_call_is_dropped_once_by_10_s_in_either_direction() -> None:
    both = [silence(0, 10, ssrc=2), silence(1, 12, ssrc=3), silence(0, 9.999, ssrc=4)]
    assert dropped_calls(both) == 1


@pytest.mark.parametrize("name", TIMERS_NS)
def test_a_timer_runs_out_when_its_time_is_reached(name: str) -> None:
    seconds = TIMERS_NS[name] / S
    short, full = silence(0, seconds - 0.001, ssrc=2), silence(0, seconds, ssrc=3)
    assert getattr(timer_figures([short]), name) == 0
    assert getattr(timer_figures([full, full]), name) == 1
    both_ways = timer_figures([full, replace(full, stream=short.stream)])
    assert getattr(both_ways, name) == (1 if name == "consent_expired" else 2)


def bounds_of(evidence: Evidence, *metrics: str) -> list[tuple[float | None, float | None]]:
    bounds = summary_of(evidence).bounds
    assert bounds is not None
    return [(bounds[metric].low, bounds[metric].high) for metric in metrics]


def test_a_packet_that_chance_spared_is_in_every_bound(blipped: Evidence) -> None:
    """One of each of the eight streams, as in `media.lost`: each of a second, a burst, and 20 ms by loss."""
    quiet = on_time(blipped)
    media = summary_of(quiet).media
    seconds, bursts, loss = bounds_of(
        quiet, "media.concealment.concealed", "media.bursts.number", "media.loss_derived_ms.max"
    )
    assert media.concealment.concealed == 8
    assert seconds == (0, 16)
    assert bursts == (0, 24)
    assert loss == (260, 300)
    assert bounds_of(quiet, "media.concealment.seconds") == [(96, 96)]


def test_ratings_lie_within_their_bounds_which_loss_and_delay_widen(blipped: Evidence) -> None:
    quiet = on_time(blipped)
    late = held(quiet, (HoldUpPlace.RECEIVER, 3, 4.1, 30))
    names = [
        f"media.quality.{rating}.{which}" for rating in ("narrowband_r", "fullband_mos") for which in ("p50", "min")
    ]
    quality = summary_of(quiet).media.quality
    found = [quality.narrowband_r.p50, quality.narrowband_r.min, quality.fullband_mos.p50, quality.fullband_mos.min]
    for value, (low, high), (lower, higher) in zip(
        found, bounds_of(quiet, *names), bounds_of(late, *names), strict=True
    ):
        assert value is not None
        assert None not in (low, high, lower, higher)
        assert (lower or 0) <= (low or 0) < value < (high or 0) <= (higher or 0)


def test_calls_are_dropped_by_a_long_blip_whatever_the_machine_did(tmp_path: Path) -> None:
    run = Blip(rerouted_s=15.0, returned_s=16.0).write(tmp_path / "run")  # silent from 4 s to the media end at 12 s
    evidence = on_time(read_evidence(run))
    inactive, dropped, failed = (
        "media.timers.jitsi_inactive",
        "media.dropped_calls",
        "media.timers.livekit_failed",
    )
    summary = summary_of(evidence, Expectation(dropped, "==", 0, f"{dropped} == 0"))
    assert (summary.media.dropped_calls, summary.media.timers.pion_disconnected) == (0, 8)
    assert summary.expectations[0].ok
    assert summary.convergence[0].full_at is None
    assert bounds_of(evidence, failed, dropped) == [(0, 0), (0, 0)]
    (least, most), value = bounds_of(evidence, inactive)[0], summary.media.timers.jitsi_inactive
    assert least is not None
    assert most is not None
    assert least <= value <= most
