from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from synthetic_media import START, TRIANGLE
from synthetic_run import Blip

from controller.decisions import Decision, Review
from hostio.timing import MS, S
from relay_app.locks.report import Durations, HeldAcrossIo, LockReport, LockRow, Stall
from relay_app.records import FETCH, FetchOutcome
from relay_app.streams import Stream
from results.fidelity.all_checks import fidelity_checks
from results.metrics.analysis import Evidence, analyse
from results.metrics.figure_types import LengthQuantiles
from results.metrics.relay_figures import relay_figures
from results.metrics.system_figures import ProgramFigures, RelayFigures
from results.report.report import read_evidence
from results.run_files.events import LogFull, ProgramEnd, WatchdogMissed
from results.run_files.machine import ProcessId, SocketRow
from results.verdict.diagnosis import diagnose, diagnose_program

RELAY = "us-central"
INSTALLED_NS = START + round(4.28 * S)


@pytest.fixture
def evidence(tmp_path: Path) -> Evidence:
    return read_evidence(Blip(sessions=4).write(tmp_path / "run"))


def figures(evidence: Evidence) -> RelayFigures:
    return relay_figures(evidence, analyse(evidence))[RELAY]


def fetched(evidence: Evidence, streams: list[Stream], rounds: int, at_ns: int) -> Evidence:
    rows = np.zeros(len(streams) * rounds, FETCH)
    rows["ssrc"] = [stream.ssrc for stream in streams] * rounds
    rows["asked_ns"] = at_ns
    rows["answered_ns"] = at_ns + 50 * MS
    rows["outcome"] = FetchOutcome.FOUND
    recording = evidence.recording
    return replace(evidence, recording=replace(recording, fetches={**recording.fetches, RELAY: rows}))


def test_streams_moved_to_a_warm_relay_all_hit(evidence: Evidence) -> None:
    found = figures(evidence)
    assert (found.moved, found.hit_percent, found.never_forwarded) == (8, 100.0, 0)
    assert (found.fetched_keys, found.fetches_per_key) == (0, 0.0)


def test_first_packet_over_the_relay_is_timed_from_the_move(evidence: Evidence) -> None:
    found = figures(evidence)
    path_ms = TRIANGLE.one_way_ns("us-east", RELAY, "us-west") / MS
    move_ns = next(move.installed_ns for move in evidence.moves if move.via == RELAY)
    least_ms = (INSTALLED_NS - move_ns) / MS + path_ms
    assert found.first_forwarded_ms.p50 is not None
    assert found.first_forwarded_ms.max is not None
    assert least_ms - 20 <= found.first_forwarded_ms.p50 <= found.first_forwarded_ms.max <= least_ms + 20 + 1
    assert found.catch_up_ms == found.first_forwarded_ms.max


def test_a_move_after_the_media_moves_nothing(evidence: Evidence) -> None:
    late = tuple(
        replace(move, installed_ns=START + 13 * S) for move in evidence.decisions if isinstance(move, Decision)
    )
    found = figures(replace(evidence, decisions=late))
    assert (found.moved, found.hit_percent, found.catch_up_ms, found.never_forwarded) == (0, None, None, 0)


def test_a_move_concerns_no_stream_under_the_ssrc_of_another(evidence: Evidence) -> None:
    first, *others = evidence.recording.streams
    streams = (first, *(replace(each, taken=first.ssrc) for each in others))
    recording = replace(evidence.recording, streams=streams)
    assert figures(replace(evidence, recording=recording)).moved == 1


def test_half_of_the_records_missing_is_a_hit_ratio_of_one_half(evidence: Evidence) -> None:
    after = fetched(evidence, list(evidence.recording.streams[:4]), 3, INSTALLED_NS + MS)
    found = figures(after)
    assert found.hit_percent == 50.0
    assert (found.fetched_keys, found.fetches_per_key) == (12, 3.0)
    assert (found.fetch_ms.p50, found.fetch_ms.max) == (50.0, 50.0)
    assert any("asked for each session 3 times" in line for line in diagnose(RELAY, found, None))


def test_records_fetched_before_the_media_are_no_misses(evidence: Evidence) -> None:
    found = figures(fetched(evidence, list(evidence.recording.streams), 1, START - S))
    assert (found.hit_percent, found.fetched_keys) == (100.0, 0)


def test_moved_streams_that_never_came_over_the_relay_keep_it_catching_up(evidence: Evidence) -> None:
    nothing = {name: rows[:0] for name, rows in evidence.recording.received.items()}
    silent = replace(evidence, recording=replace(evidence.recording, received=nothing))
    analysis = analyse(silent)
    found = relay_figures(silent, analysis)[RELAY]
    move_ns = next(move.installed_ns for move in silent.moves if move.via == RELAY)
    assert (found.never_forwarded, found.first_forwarded_ms.max) == (8, None)
    assert found.catch_up_ms == pytest.approx((analysis.end_ns - move_ns) / MS, abs=0.001)


HELD = HeldAcrossIo("session-cache", "fill.py:7 run", "directory fetch", 80, 60 * MS, 4 * S, ("main.py:1 run",))
LONG = Durations(count=3, p50_ns=2 * S, p99_ns=4 * S, max_ns=4 * S, total_ns=9 * S)
SHORT = Durations(count=9, p50_ns=MS, p99_ns=MS, max_ns=MS, total_ns=9 * MS)
STUCK = LockReport(
    locks=(LockRow("session-cache", 2, LONG, LONG), LockRow("fetch-queue", 1, SHORT, SHORT)),
    held_across_io=(HELD, replace(HELD, operation="directory announcement")),
    stalls=(Stall(INSTALLED_NS, 8 * S, "packet path"),),
)


def test_the_worst_lock_is_shown_and_the_defect_named(evidence: Evidence) -> None:
    found = figures(replace(evidence, locks={RELAY: STUCK}))
    assert (found.lock_wait_ms.max, found.lock_hold_ms.p50, found.lock_waiters_most) == (4000.0, 2000.0, 2)
    assert (found.lock_held_across_io_ms, found.stalls) == (8000.0, 1)
    during = [Review("us-east", "us-west", RELAY, "both legs are clean", INSTALLED_NS + n * S) for n in (1, 2, 9)]
    named, stalled, unnoticed = diagnose(RELAY, found, STUCK, during)
    assert "lock session-cache, taken at fill.py:7 run, was held for 8.0 s across 80 × directory fetch" in named
    assert "no progress of its packet path for 8.0 s" in stalled
    assert unnoticed.endswith("meanwhile the controller looked 2 times and left the calls there: both legs are clean")


@pytest.mark.parametrize(("locks", "doubted"), [(STUCK, 3.0), (LockReport(), 10.0)])
def test_a_stuck_relays_own_overflow_is_a_finding_not_a_doubt(
    evidence: Evidence, locks: LockReport, doubted: float
) -> None:
    assert evidence.machine is not None
    drops = (SocketRow(ProcessId("relay", RELAY), "lane 3", 7), SocketRow(ProcessId("relay", "us-east"), "lane 3", 3))
    changed = replace(evidence, machine=replace(evidence.machine, socket_drops=drops), locks={RELAY: locks})
    checks = {check.id: check for check in fidelity_checks(changed, analyse(changed))}
    assert checks["socket-drops"].value == doubted
    assert figures(changed).receive_buffer == 7


def test_what_a_program_missed_is_named_with_its_time() -> None:
    program = ProgramFigures(
        kind="mine",
        kinds=["mine"],
        command=["./relay"],
        measured="program",
        server=None,
        packages={},
        capabilities=[],
        sessions="directory",
        receive_buffer=0,
        no_rtp=0,
        moved=0,
        first_forwarded_ms=LengthQuantiles(None, None, None),
        never_forwarded=None,
        catch_up_ms=None,
    )
    events = (
        WatchdogMissed(RELAY, 2 * S, START + 3 * S),
        WatchdogMissed(RELAY, 2 * S, START + 9 * S),
        LogFull(RELAY, 64 << 20, START - S),
        ProgramEnd(RELAY, "ended by itself (exit code 1)", START + 10 * S + 5 * MS, by_itself=True),
        ProgramEnd(RELAY, "did not end cleanly (SIGABRT)", START + 11 * S),
    )
    assert list(diagnose_program(RELAY, program, events, START)) == [
        "relay us-central (mine) ended by itself (exit code 1), at 10.005 s",
        "relay us-central (mine) did not end cleanly (SIGABRT)",
        "relay us-central (mine) sent no WATCHDOG=1 for 2 s 2 times, first at 3.000 s",
        "relay us-central (mine): its log reached its limit, 64 MiB, before the media start, and took no more",
    ]
    assert list(diagnose_program(RELAY, program, events[:1], 0)) == [
        "relay us-central (mine) sent no WATCHDOG=1 for 2 s once before the media start"
    ]
