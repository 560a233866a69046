"""The cases of packets out of order (`scenarios/cases`) come out as the arithmetic in their files says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from run_lab import PROJECT, Run, attempted
from run_record import RunRecord

CASES = PROJECT / "scenarios" / "cases"

pytestmark = [pytest.mark.root, pytest.mark.long, pytest.mark.repeats_alone]


def nothing_is_lost_or_interrupted(run: Run) -> bool:
    media = run.summary["media"]
    return (media["lost"], media["interruptions"], media["duplicates"]) == (0, 0, 0)


def reordered_percent(rows: list[dict[str, Any]]) -> dict[str, float]:
    """By the name of a group."""
    return {row["name"]: row["order"]["reordered_percent"] for row in rows}


def a_quarter_of_the_long_and_none_of_the_short(run: Run) -> bool:
    found = reordered_percent(run.summary["groups"])
    quarter = abs(found["long"] - 25.0) <= 2.0
    return nothing_is_lost_or_interrupted(run) and quarter and found["short"] == 0.0


def test_frames_sent_ahead_overtake_only_where_the_delay_exceeds_the_interval(runs: RunRecord, tmp_path: Path) -> None:
    claim = a_quarter_of_the_long_and_none_of_the_short
    run = attempted(runs, tmp_path, CASES / "reorder.yaml", believed=claim)
    assert run.bears(claim(run)), (run.summary["media"], run.summary["groups"])
    long, short = (row["order"] for row in run.summary["groups"])
    assert run.bears((long["n_reordering"], short["late_ms"]["max"]) == (1, None))


def as_many_as_computed(run: Run) -> bool:
    return nothing_is_lost_or_interrupted(run) and abs(run.summary["media"]["order"]["reordered_percent"] - 58.7) <= 1.5


def test_uniform_jitter_on_packets_1_ms_apart_reorders_as_computed(runs: RunRecord, tmp_path: Path) -> None:
    run = attempted(runs, tmp_path, CASES / "jitter-1ms.yaml", believed=as_many_as_computed)
    assert run.bears(as_many_as_computed(run)), run.summary["media"]
    assert run.summary["media"]["pauses"] > 100
