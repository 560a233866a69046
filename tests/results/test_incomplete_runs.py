"""Reports of runs that failed, were interrupted, or whose files are not whole."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from report_lab import VALIDATOR, document, summary_of
from synthetic_media import BLIP, START, plan
from synthetic_run import Blip

from hostio.timing import S
from results.report.report import make_report
from results.run_files import documents
from results.run_files.document_error import DocumentError
from results.run_files.events import End
from results.run_files.run_dir import RunDir


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> RunDir:
    return Blip().write(tmp_path_factory.mktemp("whole") / "run")


@pytest.fixture
def run(whole: RunDir, tmp_path: Path) -> RunDir:
    """A run whose files a test may break."""
    return RunDir(shutil.copytree(whole.root, tmp_path / "run"))


@pytest.mark.parametrize(
    ("missing", "reasons"),
    [
        ("machine.json", ["machine.json is missing"]),
        ("events.jsonl", ["events.jsonl is missing", "the run never came to its end"]),
        ("controller.jsonl", ["controller.jsonl is missing"]),
        (
            "raw/received-us-west.parquet",
            ["raw/received-us-west.parquet is missing", "directions without records: 4, at"],
        ),
        ("raw/sessions.parquet", ["raw/sessions.parquet is missing"]),
        ("raw/relay-us-east.parquet", ["raw/relay-us-east.parquet is missing"]),
        ("raw/cores.parquet", ["raw/cores.parquet is missing", "processor time stolen: unknown"]),
    ],
)
def test_a_missing_file_makes_the_run_inconclusive(run: RunDir, missing: str, reasons: list[str]) -> None:
    (run.root / missing).unlink()
    summary = summary_of(run)
    assert summary.verdict == "inconclusive"
    for reason in reasons:
        assert any(each.startswith(reason) for each in summary.reasons), summary.reasons
    VALIDATOR.validate(json.loads(documents.dump(summary)))


def test_a_direction_not_recorded_is_not_called_interrupted(run: RunDir) -> None:
    run.received("us-west").unlink()
    media = summary_of(run).media
    assert (media.directions, media.still_interrupted) == (4, 0)


def test_only_the_plan_is_left(tmp_path: Path) -> None:
    run = RunDir(tmp_path)
    run.plan.write_text(documents.dump(replace(plan(faults=(BLIP,)), environment=None)))
    summary = make_report(run)
    assert summary.verdict == "inconclusive"
    assert summary.backend.link is None
    assert summary.media.interruption_ms.max is None
    VALIDATOR.validate(document(run))
    assert run.latency_plot.exists()


def test_without_media_no_time_counts_from_its_start(run: RunDir) -> None:
    run.events.unlink()
    for path in run.root.rglob("*.parquet"):
        path.unlink()
    assert summary_of(run).reroutes == []


def test_without_a_plan_there_is_no_report(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match=r"^plan\.json is missing$"):
        make_report(RunDir(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_failed_says_only_that(run: RunDir) -> None:
    for path in (*run.root.glob("raw/*"), run.machine):
        path.unlink()
    end = End(START, START, interrupted=False, failure="the relay of us-east has ended")
    run.events.write_text(documents.dump_line(end))
    assert summary_of(run).reasons == ["the run failed: the relay of us-east has ended"]


def test_a_run_that_hung_at_its_end_says_only_that_although_its_media_are_recorded(run: RunDir) -> None:
    """Without machine.json every counter is unknown, which is no reason of its own."""
    run.machine.unlink()
    hung = End(START + 9 * S, START + 8 * S, interrupted=False, failure="its collection was not done within 136 s")
    summary = make_report(run, hung)
    assert summary.reasons == ["the run failed: its collection was not done within 136 s"]
    assert summary.media.received > 0


def test_a_process_that_ended_early_is_named(run: RunDir) -> None:
    run.machine.write_text(documents.dump(replace(Blip().machine(), ended_early=("relay-us-central",))))
    summary = summary_of(run)
    assert summary.verdict == "inconclusive"
    assert summary.reasons == ["relay-us-central ended early; logs/relay-us-central.log may tell why"]


def test_a_killed_writer(run: RunDir) -> None:
    run.events.write_bytes(run.events.read_bytes()[:-10])
    summary = summary_of(run)
    assert summary.verdict == "inconclusive"
    assert summary.reasons[:2] == [
        "the run never came to its end; logs/ may tell why",
        "the last line of events.jsonl is cut short",
    ]
    assert summary.media.sent == 4800


def test_an_interrupted_run_says_so(run: RunDir) -> None:
    run.events.write_text(run.events.read_text().replace('"interrupted":false', '"interrupted":true'))
    assert summary_of(run).reasons == ["the run was interrupted"]


def test_a_failed_run_says_why(run: RunDir) -> None:
    run.events.write_text(run.events.read_text().replace('"failure":null', '"failure":"a relay ended"'))
    assert summary_of(run).reasons == ["the run failed: a relay ended"]
