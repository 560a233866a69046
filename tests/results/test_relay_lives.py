"""A relay's lives put together, against sums worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from every import every
from synthetic_media import START
from synthetic_run import Blip

from hostio.timing import MS, S
from relay_app.locks.report import Durations, HeldAcrossIo, Inversion, LockReport, LockRow, Stall
from relay_app.records import FETCH, RELAY_SAMPLE, FetchOutcome
from results.metrics.analysis import analyse
from results.metrics.relay_figures import kinds_served, relay_figures
from results.metrics.system_figures import succession_text
from results.report.report import read_evidence
from results.run_files.collecting import collect
from results.run_files.documents import dump
from results.run_files.events import FaultEdge
from results.run_files.faults import Freeze, Kill, Process, ProcessFault, Stop
from results.run_files.records import Rows, read_recording
from results.run_files.relay_lives import cumulative_over_lives, life_at, merged_lock_reports
from results.run_files.run_dir import RunDir
from results.verdict.diagnosis import diagnose

RELAY = "us-central"


def samples(*rows: tuple[int, int, int, int, int]) -> Rows:
    """Second, received, forwarded, cached and life of each."""
    found = np.zeros(len(rows), RELAY_SAMPLE)
    for name, values in zip(("at_ns", "received", "forwarded", "cached", "life"), zip(*rows, strict=True), strict=True):
        found[name] = values
    found["at_ns"] = START + found["at_ns"] * S
    return found


THREE_LIVES = samples(
    (1, 10, 9, 5, 0), (2, 20, 18, 6, 0), (4, 0, 0, 0, 1), (5, 7, 7, 2, 1), (7, 1, 0, 0, 2), (8, 4, 3, 1, 2)
)


def test_counters_go_on_where_the_life_before_ended_and_gauges_do_not() -> None:
    total = cumulative_over_lives(THREE_LIVES)
    assert total["received"].tolist() == [10, 20, 20, 27, 28, 31]
    assert total["forwarded"].tolist() == [9, 18, 18, 25, 25, 28]
    assert total["cached"].tolist() == THREE_LIVES["cached"].tolist()
    assert THREE_LIVES["received"].tolist() == [10, 20, 0, 7, 1, 4]


def test_the_life_at_a_time_is_the_last_that_had_begun() -> None:
    lives = [life_at(THREE_LIVES, START + at_s * S) for at_s in (0, 1, 3, 4, 6, 7, 9)]
    assert lives == [0, 0, 0, 1, 1, 2, 2]
    assert life_at(THREE_LIVES[:0], START) == 0


def test_no_samples_and_one_life_stay_as_they_are() -> None:
    assert len(cumulative_over_lives(THREE_LIVES[:0])) == 0
    assert np.array_equal(cumulative_over_lives(THREE_LIVES[:2]), THREE_LIVES[:2])


def test_files_of_all_lives_become_one_file_in_their_order(tmp_path: Path) -> None:
    run, staging = RunDir(tmp_path), tmp_path / "staging"
    staging.mkdir()
    for life in range(12):
        rows = samples((life, life, life, 0, life))
        np.save(run.staged(run.relay(RELAY), life), rows)
    collect(staging, run, [RELAY], [RELAY])
    found = read_recording(run, [RELAY], [RELAY]).relays[RELAY]
    assert found["life"].tolist() == list(range(12))
    assert found["received"].tolist() == np.cumsum(range(12)).tolist()


def test_a_first_life_without_a_file_is_a_problem(tmp_path: Path) -> None:
    run, staging = RunDir(tmp_path), tmp_path / "staging"
    staging.mkdir()
    np.save(run.staged(run.relay(RELAY), 1), THREE_LIVES)
    assert "relay-us-central.npy was not written" in collect(staging, run, [RELAY], [RELAY])


def report(total_ns: int, most_waiters: int) -> LockReport:
    wait = Durations(3, 1, 2, total_ns, total_ns)
    return LockReport(
        locks=(LockRow("session-cache", most_waiters, wait, wait),),
        held_across_io=(HeldAcrossIo("session-cache", "a.py:1 run", "directory fetch", 2, 5, total_ns, ()),),
        inversions=(Inversion("a", "b", ("a.py:1 run", "b.py:2 run")),),
        stalls=(Stall(START, total_ns, "packet path"),),
    )


def test_lock_reports_of_two_lives_keep_every_row_and_say_the_same_inversion_once() -> None:
    both = merged_lock_reports([report(1 * S, 2), report(3 * S, 1)])
    assert [row.wait.total_ns for row in both.locks] == [3 * S, 1 * S]
    assert sum(row.total_ns for row in both.held_across_io) == 4 * S
    assert (len(both.inversions), len(both.stalls)) == (1, 2)


def test_figures_of_a_run_with_two_lives_add_up(tmp_path: Path) -> None:
    run = Blip(sessions=4).write(tmp_path / "run")
    for life in (0, 1):
        path = run.locks(RELAY, life)
        path.parent.mkdir(exist_ok=True)
        path.write_text(dump(report((1 + life) * S, 3 - life)))
    evidence = read_evidence(run)
    recording = evidence.recording
    lives = {**recording.relays, RELAY: cumulative_over_lives(THREE_LIVES)}
    fetches = np.zeros(4, FETCH)
    fetches["ssrc"], fetches["life"] = 7, [1, 1, 2, 2]
    fetches["asked_ns"] = START + 5 * S
    fetches["outcome"] = FetchOutcome.FOUND
    evidence = replace(
        evidence, recording=replace(recording, relays=lives, fetches={**recording.fetches, RELAY: fetches})
    )
    analysis = analyse(evidence)
    found = relay_figures(evidence, analysis)[RELAY]
    assert (found.received, found.forwarded, found.cached) == (31, 28, 1)
    assert (found.fetched_keys, found.fetches_per_key) == (4, 2.0)
    assert (found.lock_waiters_most, found.stalls, found.lock_held_across_io_ms) == (3, 2, 3000.0)
    assert found.lock_wait_ms.max == 2 * S / MS


def test_a_relay_started_anew_after_a_move_did_not_miss_at_the_move(tmp_path: Path) -> None:
    evidence = read_evidence(Blip(sessions=4).write(tmp_path / "run"))
    recording = evidence.recording
    fetches = np.zeros(8, FETCH)
    fetches["ssrc"] = [stream.ssrc for stream in recording.streams]
    fetches["asked_ns"], fetches["life"], fetches["outcome"] = START + 8 * S, 1, FetchOutcome.FOUND
    evidence = replace(evidence, recording=replace(recording, fetches={**recording.fetches, RELAY: fetches}))
    assert relay_figures(evidence, analyse(evidence))[RELAY].hit_percent == 100.0


def test_what_is_cumulative_never_falls() -> None:
    held = THREE_LIVES.copy()
    held["lock_held_ns"] = np.array([1, 2, 0, 1, 0, 1]) * MS
    assert every(np.diff(cumulative_over_lives(held)["lock_held_ns"]) >= 0)


def test_keys_asked_in_vain_of_a_directory_that_was_struck_are_not_the_relays_waste(tmp_path: Path) -> None:
    evidence = read_evidence(Blip(sessions=4).write(tmp_path / "run"))
    recording = evidence.recording
    fetches = np.zeros(6, FETCH)
    fetches["ssrc"], fetches["outcome"] = 7, [FetchOutcome.FAILED] * 5 + [FetchOutcome.FOUND]
    fetches["asked_ns"] = START + np.array([1, 5, 5, 6, 9, 10]) * S
    fetches["answered_ns"] = fetches["asked_ns"] + 10 * MS
    down = ProcessFault("directory-down", 5 * S, 7 * S, Process("directory"), Kill())
    number = len(evidence.plan.faults)
    begun_ns, ended_ns = START + 5 * S, START + 7 * S
    edges = (
        FaultEdge(number, "start", begun_ns, begun_ns, begun_ns, begun_ns),
        FaultEdge(number, "end", ended_ns, ended_ns, ended_ns, ended_ns),
    )
    evidence = replace(
        evidence,
        plan=replace(evidence.plan, faults=(*evidence.plan.faults, down)),
        events=(*evidence.events, *edges),
        recording=replace(recording, fetches={**recording.fetches, RELAY: fetches}),
    )
    found = relay_figures(evidence, analyse(evidence))[RELAY]
    assert (found.fetched_keys, found.fetches_per_key) == (3, 3.0)


def test_kinds_are_those_of_the_lives_that_served(tmp_path: Path) -> None:
    """Of two successors that were planned only the first took over before the run's end."""
    evidence = read_evidence(Blip(sessions=4).write(tmp_path / "run"))
    begun = len(evidence.plan.faults)
    deploys = (
        ProcessFault("relay-restart", 2 * S, 3 * S, Process("relay", RELAY), Stop("leak")),
        ProcessFault("relay-kill", 5 * S, 7 * S, Process("relay", RELAY), Kill("gray")),
        ProcessFault("relay-freeze", 5 * S, 7 * S, Process("relay", "us-east"), Freeze()),
    )
    ended = ((0, START + 3 * S), (2, START + 7 * S))
    edges = [FaultEdge(begun + number, "end", at_ns, at_ns, at_ns, at_ns) for number, at_ns in ended]
    evidence = replace(
        evidence,
        plan=replace(evidence.plan, faults=(*evidence.plan.faults, *deploys)),
        events=(*evidence.events, *edges),
    )
    first = evidence.plan.relays.version
    assert kinds_served(evidence, RELAY) == [first, "leak"]
    assert kinds_served(evidence, "us-east") == [first]
    figures = relay_figures(evidence, analyse(evidence))[RELAY]
    assert next(diagnose(RELAY, figures, None)).startswith(f"relay {RELAY} ({first}, then leak): what is said of it")


def test_lives_of_one_kind_are_named_once() -> None:
    assert succession_text(["a", "a", "b", "b", "a"]) == "a, then b, then a"
