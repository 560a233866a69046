"""The report of a run made by arithmetic, in which everything is known."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
from report_lab import VALIDATOR, document, summary_of
from synthetic_machine import hold_ups, machine
from synthetic_media import TRIANGLE
from synthetic_run import Blip

from controller.decisions import Decision
from hostio.timing import MS, US, S
from results.report.report import make_report, read_evidence
from results.run_files import documents
from results.run_files.machine import MachineReport
from results.run_files.plan import Expectation, FidelityLimits, Plan
from results.run_files.records import write_rows
from results.run_files.run_dir import RunDir
from topologies.model import Direction, where

QUICK = Expectation("media.interruption_ms.p99", "<", 1000.0, "media.interruption_ms.p99 < 1s")
SLOW = Expectation("media.interruption_ms.p99", "<", 200.0, "media.interruption_ms.p99 < 200ms")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunDir:
    run = Blip(expectations=(QUICK,)).write(tmp_path_factory.mktemp("run"))
    make_report(run)
    return run


def test_hold_ups_are_evidence_and_a_run_of_before_has_none(tmp_path: Path) -> None:
    run = Blip().write(tmp_path)
    write_rows(run.hold_ups, hold_ups().late)
    found = read_evidence(run)
    assert found.hold_ups is not None
    assert found.hold_ups.late.tolist() == hold_ups().late.tolist()
    run.hold_ups.unlink()
    broken = read_evidence(run)
    assert (broken.hold_ups, broken.problems) == (None, ("raw/hold-ups.parquet is missing",))
    run.machine.write_text(documents.dump(replace(machine(), format=2)))
    before = read_evidence(run)
    assert (before.hold_ups, before.problems) == (None, ())


def test_the_truth_of_a_blip(run: RunDir) -> None:
    media = document(run)["media"]
    expected = 300 + (40.55 - 31.15)
    assert media["interruption_ms"] == {key: pytest.approx(expected, abs=0.001) for key in ("p50", "p99", "max")}
    assert (media["directions"], media["interrupted_directions"], media["still_interrupted"]) == (8, 8, 0)
    assert (media["sent"], media["lost"], media["in_flight"], media["duplicates"]) == (4800, 8 * 14, 0, 0)
    assert media["loss_percent"] == pytest.approx(100 * 112 / 4800, abs=0.0001)
    assert media["one_way_ms"] == {"p50": 31.15, "p99": 40.55}
    assert media["resolution_ms"] == 20.0


def test_the_reroute_taken_apart(run: RunDir) -> None:
    (reroute,) = document(run)["reroutes"]
    assert {key: reroute[key] for key in ("link", "via", "fault_at", "seen_at", "installed_at", "returned_at")} == {
        "link": "us-east–us-west",
        "via": "us-central",
        "fault_at": 4.001,
        "seen_at": 4.26,
        "installed_at": 4.28,
        "returned_at": 9.1,
    }
    assert reroute["first_packet_at"] == pytest.approx(4.28 + 0.04055, abs=0.001)


def test_faults_relays_and_back_ends(run: RunDir) -> None:
    found = document(run)
    assert found["faults"] == [
        {
            "what": "blackhole",
            "where": "us-east–us-west",
            "planned_at": 4.0,
            "planned_until": 6.0,
            "applied_at": 4.001,
            "applied_until": 6.001,
        }
    ]
    assert {name: (relay["forwarded"], relay["dropped"]["cold"]) for name, relay in found["relay"].items()} == {
        cluster.name: (1000, 0) for cluster in TRIANGLE.clusters
    }
    assert found["backend"] == {"link": "userspace", "datapath": "user"}


def test_the_summary_is_as_its_schema_says(run: RunDir) -> None:
    VALIDATOR.validate(document(run))


def test_the_schema_forbids_what_it_does_not_describe(run: RunDir) -> None:
    for part in (document(run), document(run)["media"]):
        assert part.pop(next(iter(part))) is not None
    with pytest.raises(jsonschema.ValidationError):
        VALIDATOR.validate({**document(run), "more": 1})


def test_interruptions_are_listed(run: RunDir) -> None:
    rows = list(csv.DictReader(run.interruptions.read_text().splitlines()))
    assert len(rows) == 8
    assert list(rows[0]) == [
        "session",
        "source",
        "destination",
        "ssrc",
        "started_at_s",
        "length_ms",
        "packets_lost",
        "still_interrupted",
        "resumed_via",
        "loss_derived_ms",
    ]
    assert {(row["length_ms"], row["packets_lost"]) for row in rows} == {("309.4", "14")}
    assert {(row["still_interrupted"], row["resumed_via"]) for row in rows} == {("false", "via us-central")}


def test_redoing_the_report_changes_nothing(run: RunDir) -> None:
    before = {path: path.read_bytes() for path in run.root.rglob("*") if path.is_file()}
    make_report(run)
    assert {path: path.read_bytes() for path in run.root.rglob("*") if path.is_file()} == before


def test_the_plot_is_a_picture(run: RunDir) -> None:
    assert run.latency_plot.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")


def test_a_stated_expectation_that_failed(tmp_path: Path) -> None:
    summary = summary_of(Blip(expectations=(QUICK, SLOW)).write(tmp_path / "run"))
    assert (summary.verdict, [row.ok for row in summary.expectations]) == ("fail", [True, False])
    assert summary.reasons == ["expected media.interruption_ms.p99 < 200ms, found 309.4 ms (281.2 … 337.6)"]


def test_a_run_that_never_came_back(tmp_path: Path) -> None:
    summary = summary_of(Blip(rerouted_s=11.999, returned_s=20).write(tmp_path / "run"))
    assert summary.media.still_interrupted == 8
    assert summary.media.interruption_ms.max == pytest.approx(8000 + 20 - 31.15, abs=1)


def test_the_limits_are_those_of_the_plan_and_one_that_breaks_decides_nothing_that_is_beyond_doubt(
    tmp_path: Path,
) -> None:
    run = Blip(expectations=(QUICK,)).write(tmp_path / "run")
    strict = replace(documents.read(Plan, run.plan), fidelity=FidelityLimits(delay_p50_ns=300 * US))
    run.plan.write_text(documents.dump(strict))
    assert summary_of(run).reasons == [
        "expectations met: 1; fidelity checks passed: 29 of 30, the others without bearing on this"
    ]


def test_where_hold_ups_have_no_times_a_broken_limit_makes_a_run_inconclusive(tmp_path: Path) -> None:
    run = Blip(expectations=(QUICK,)).write(tmp_path / "run")
    strict = replace(documents.read(Plan, run.plan), fidelity=FidelityLimits(delay_p50_ns=300 * US))
    run.plan.write_text(documents.dump(strict))
    run.machine.write_text(documents.dump(replace(documents.read(MachineReport, run.machine), format=2)))
    summary = summary_of(run)
    assert (summary.verdict, summary.bounds) == ("inconclusive", None)
    assert summary.reasons == [
        "median delay of probes beyond the emulated one: 0.4 ms, at most 0.3 ms allowed",
        "the busiest core was used to 25 % in the second after 0 s",
        "if that happens again this machine cannot carry the load: lower sessions.*.count, or use voice-100ms",
    ]


def test_the_machine_in_its_worst_seconds(run: RunDir) -> None:
    found = document(run)["machine"]
    assert {name: found[name]["percent"] for name in ("used", "others", "core", "stolen")} == {
        "used": 25.0,
        "others": 5.0,
        "core": 25.0,
        "stolen": 0.0,
    }
    assert (found["squeezed"], found["upcalls"]) == (0, 20)


def test_lanes_moved_apart_return_apart(tmp_path: Path) -> None:
    run = Blip().write(tmp_path / "run")
    moves = [("us-central", 4.28, 0), ("us-central", 4.5, 1), (None, 9.0, 1), (None, 9.1, 0)]
    run.decisions.write_text("".join(documents.dump_line(_move(*move)) for move in moves))
    reroutes = summary_of(run).reroutes
    assert [(row.lanes, row.installed_at, row.returned_at) for row in reroutes] == [([0], 4.28, 9.1), ([1], 4.5, 9.0)]


def _move(via: str | None, at_s: float, lane: int) -> Decision:
    at_ns = 1000 * S + round(at_s * S)
    return Decision("us-west", "us-east", via, (lane,), "why", at_ns - 3 * MS, at_ns - 2 * MS, at_ns - MS, at_ns)


@pytest.mark.parametrize(
    ("directions", "said"),
    [
        ([("a", "b")], "a→b"),
        ([("b", "a"), ("a", "b")], "b–a"),
        ([("a", "b"), ("a", "c"), ("b", "a")], "a–b, a→c"),
        ([], ""),
    ],
)
def test_where(directions: list[tuple[str, str]], said: str) -> None:
    assert where([Direction(*each) for each in directions]) == said
