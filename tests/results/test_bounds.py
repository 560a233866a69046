"""Bounds of the metrics of a run made by arithmetic, in which something was held up at a known time for a known length.

The run: at 4 s a blackhole, which its edges show 2 ms late; the last packets before it arrive up to 20 ms before, the
first ones over the relay 309.4 ms later. Without hold-ups a length is known to the 1 ms that is not recorded, and to
1.6 % for the 0.4 ms that each trip of 24 ms took longer than emulated.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from bounds_lab import LONGEST, VOICE_MS, bounds_of, held, on_time, summary_of
from synthetic_machine import machine
from synthetic_media import START
from synthetic_run import Blip

from controller.decisions import Decision
from hostio.timing import MS, S
from results.bounds.interval import UNBOUNDED, Interval
from results.metrics.analysis import Evidence
from results.metrics.metric_names import NamedParts, metric_names
from results.report.report import read_evidence
from results.run_files.hold_ups import HoldUpPlace, RunDelayPlace
from results.run_files.machine import ProcessId, SocketRow
from results.run_files.plan import Expectation

LENGTH_MS = 309.4
NOISE_MS = 1 + 0.4 / 23.9 * LENGTH_MS


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    return on_time(read_evidence(Blip().write(tmp_path_factory.mktemp("run") / "run")))


def expect(limit: float) -> Expectation:
    return Expectation(LONGEST, "<", limit, f"{LONGEST} < {limit:g}ms")


def test_every_metric_that_an_expectation_may_name_has_bounds(quiet: Evidence) -> None:
    bounds = summary_of(quiet).bounds
    assert bounds is not None
    clusters = tuple(cluster.name for cluster in quiet.plan.topology.clusters)
    assert not metric_names(NamedParts(clusters)).keys() - bounds.keys()


def test_without_hold_ups_noise_is_left_and_the_packet_that_a_move_spared_or_not(quiet: Evidence) -> None:
    low, high = bounds_of(quiet)
    assert low == pytest.approx(LENGTH_MS - VOICE_MS - NOISE_MS, abs=0.1)
    assert high == pytest.approx(LENGTH_MS + VOICE_MS + NOISE_MS, abs=0.1)
    lost = summary_of(quiet).media.lost
    assert bounds_of(quiet, "media.lost") == (lost - 8, lost + 8)  # one of each of the eight streams
    for exact in ("media.interruptions", "media.interrupted_directions", "reroutes", "media.sent"):
        low, high = bounds_of(quiet, exact)
        assert low == high


def test_a_late_receiver_can_only_have_lengthened_a_silence_and_by_no_more_than_it_was_late(quiet: Evidence) -> None:
    low, high = bounds_of(held(quiet, (HoldUpPlace.RECEIVER, 3, 4.1, 112)))
    assert low == pytest.approx(LENGTH_MS - 112 - VOICE_MS - NOISE_MS, abs=0.1)
    assert high == pytest.approx(LENGTH_MS + VOICE_MS + NOISE_MS, abs=0.1)


def test_hold_ups_at_the_same_time_count_once_and_those_outside_not_at_all(quiet: Evidence) -> None:
    once = bounds_of(held(quiet, (HoldUpPlace.RECEIVER, 3, 4.1, 60)))
    assert bounds_of(held(quiet, (HoldUpPlace.RECEIVER, 3, 4.1, 60), (HoldUpPlace.RECEIVER, 1, 4.12, 40))) == once
    assert bounds_of(held(quiet, (HoldUpPlace.RECEIVER, 3, 2.0, 60))) == bounds_of(quiet)


def test_what_made_the_packet_before_late_can_have_shortened_the_silence(quiet: Evidence) -> None:
    # The last packets before the blackhole were sent from 3.98 s on and arrived from 4.01 s on.
    low, high = bounds_of(held(quiet, (HoldUpPlace.LINK, 0, 3.985, 10)))
    assert high == pytest.approx(LENGTH_MS + 10 + 10 + VOICE_MS + NOISE_MS, abs=0.1)
    assert low == pytest.approx(LENGTH_MS - VOICE_MS - NOISE_MS, abs=0.1)


def test_a_late_prober_before_the_fault_can_have_had_it_found_early(quiet: Evidence) -> None:
    _, high = bounds_of(held(quiet, (HoldUpPlace.PROBER, 3, 3.9, 45)))
    assert high == pytest.approx(LENGTH_MS + 45 + VOICE_MS + NOISE_MS, abs=0.1)


def test_waits_known_by_their_sum_take_no_more_than_the_silence_has_of_their_sample(quiet: Evidence) -> None:
    low, _ = bounds_of(held(quiet, waits=[(RunDelayPlace.CONTROLLER, 3.77, 4.77, 90)]))
    assert low == pytest.approx(LENGTH_MS - 90 - VOICE_MS - NOISE_MS, abs=0.1)
    assert bounds_of(held(quiet, waits=[(RunDelayPlace.CONTROLLER, 6.77, 7.77, 90)])) == bounds_of(quiet)
    assert bounds_of(held(quiet, waits=[(RunDelayPlace.CONTROLLER, 3.77, 4.77, 9000)]))[0] == 0


def test_a_hold_up_as_long_as_detection_leaves_nothing_known_after_a_fault(quiet: Evidence) -> None:
    summary = summary_of(held(quiet, (HoldUpPlace.CORE, 1, 3.9, 260)), expect(1500))
    assert summary.verdict == "inconclusive"
    assert summary.bounds is not None
    assert summary.bounds[LONGEST] == Interval(0.0, None)
    assert summary.doubt is not None
    assert summary.doubt.startswith("a hold-up of 260 ms at 3.900 s can have been taken for a fault")
    assert summary.doubt in summary.reasons


def test_the_same_hold_up_far_from_any_fault_and_move_is_one_as_any_other(quiet: Evidence) -> None:
    assert summary_of(held(quiet, (HoldUpPlace.CORE, 1, 1.5, 260))).doubt is None
    assert bounds_of(held(quiet, (HoldUpPlace.CORE, 1, 1.5, 260))) == bounds_of(quiet)


def test_what_had_lasted_too_long_before_a_doubt_stays_decided(tmp_path: Path) -> None:
    long = on_time(read_evidence(Blip(rerouted_s=9.0, returned_s=9.5).write(tmp_path / "run")))
    doubtful = held(long, (HoldUpPlace.CORE, 1, 8.9, 400))
    summary = summary_of(doubtful, expect(1500))
    assert summary.doubt is not None
    assert summary.verdict == "fail"
    assert summary_of(doubtful, expect(3500)).verdict == "fail"
    assert summary_of(doubtful, expect(4500)).verdict == "inconclusive"


def test_a_move_without_a_fault_is_the_machines_if_a_probe_interval_was_held_up_before_it(quiet: Evidence) -> None:
    move = next(each for each in quiet.of(Decision) if each.via)
    early = replace(move, seen_ns=START + 2 * S, decided_ns=START + 2 * S, installed_ns=START + 2 * S + 9 * MS)
    moved = replace(quiet, decisions=(early,))
    assert summary_of(held(moved, (HoldUpPlace.PROBER, 3, 1.8, 40))).doubt is None
    doubt = summary_of(held(moved, (HoldUpPlace.PROBER, 3, 1.8, 55))).doubt
    assert doubt is not None
    assert "was moved to us-central at 2.000 s without a fault" in doubt


def test_lost_packets_of_the_machine_have_no_bounds(quiet: Evidence) -> None:
    dropped = replace(machine(), socket_drops=(SocketRow(ProcessId("client", "us-east"), "client", 3),))
    lossy = replace(quiet, machine=replace(dropped, links=quiet.machine.links, hosts=quiet.machine.hosts))  # type: ignore[union-attr]
    assert bounds_of(lossy) == (0.0, None)
    assert bounds_of(lossy, "media.hit_sessions") == (0.0, 4.0)


def test_waits_that_the_kernel_does_not_tell_have_no_bounds(quiet: Evidence) -> None:
    assert quiet.machine is not None
    told = [row for row in quiet.machine.counters if row.counter != "run_delay_samples"]
    summary = summary_of(replace(quiet, machine=replace(quiet.machine, counters=tuple(told))), expect(1500))
    assert (summary.verdict, summary.doubt) == (
        "inconclusive",
        "the kernel does not tell how long threads waited for a core",
    )


@pytest.mark.parametrize(
    ("late_ms", "limit", "verdict"),
    [
        (112, 1500, "pass"),  # far below the limit, whatever the 112 ms did
        (112, 150, "fail"),  # above it, even less 112 ms, a packet and the noise
        (112, 250, "inconclusive"),  # within
        (0, 280, "fail"),
        (0, 310, "inconclusive"),  # the noise alone
    ],
)
def test_a_verdict_is_decided_by_the_bounds_though_a_limit_of_fidelity_is_broken(
    quiet: Evidence, late_ms: float, limit: float, verdict: str
) -> None:
    strict = replace(quiet, plan=replace(quiet.plan, fidelity=replace(quiet.plan.fidelity, delay_p50_ns=1)))
    late = [(HoldUpPlace.RECEIVER, 3, 4.1, late_ms)] if late_ms else []
    summary = summary_of(held(strict, *late), expect(limit))
    assert summary.verdict == verdict
    (row,) = summary.expectations
    assert row.interval is not None
    assert row.interval != UNBOUNDED
    assert "309.4 ms (" in " ".join(summary.reasons) or verdict == "pass"


def test_what_was_held_up_is_listed_longest_first(quiet: Evidence) -> None:
    late = [(HoldUpPlace.RECEIVER, 3, 2.0, 30.0), (HoldUpPlace.RECEIVER, 3, 3.0, 50.0), (HoldUpPlace.CORE, 1, 1.0, 5.0)]
    rows = summary_of(held(quiet, *late, waits=[(RunDelayPlace.DIRECTORY, 1, 2, 7.0)])).hold_ups
    found = [(row.what, row.total_ms, row.longest_ms, row.at) for row in rows]
    assert found == [
        ("receiver us-west", 80.0, 50.0, 3.0),
        ("threads of directory", 7.0, 7.0, 1.0),
        ("core 1", 5.0, 5.0, 1.0),
    ]
