"""`scenarios/cases/trace.yaml` as a run: a link that follows a recording in one direction."""

from __future__ import annotations

from pathlib import Path

import pytest
from run_lab import PROJECT, Run, attempted
from run_record import RunRecord

from results.verdict.verdict import COMPARE

CASE = PROJECT / "scenarios" / "cases" / "trace.yaml"

pytestmark = [pytest.mark.root, pytest.mark.long, pytest.mark.repeats_alone]


def as_recorded(run: Run) -> bool:
    """Whether each figure is what the case expects, its bounds apart."""
    rows = run.summary["expectations"]
    return all(COMPARE[row["comparison"]](row["value"], row["limit"]) for row in rows)


def test_a_link_does_what_its_trace_says_when_it_says_so(runs: RunRecord, tmp_path: Path) -> None:
    run = attempted(runs, tmp_path, CASE, believed=as_recorded)
    assert run.bears(as_recorded(run)), run.summary["reasons"]
    assert run.summary["verdict"] != "fail", run.summary["reasons"]
    edges = [line["edge"] for line in run.lines("events.jsonl") if line["kind"] == "fault"]
    assert edges == ["start", "level", "level", "level", "end"]
