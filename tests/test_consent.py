"""Consent that expires in a cut, and one that does not, in whole runs: what the case's file computes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from run_lab import PROJECT, Run, attempted
from run_record import RunRecord

from hostio.timing import S
from relay_app.records import ABSENCE
from results.run_files.records import Rows, read_rows
from results.run_files.run_dir import RunDir

CASE = PROJECT / "scenarios" / "cases" / "consent-expires.yaml"

pytestmark = [pytest.mark.root, pytest.mark.long, pytest.mark.repeats_alone]


def absences(run: Run) -> Rows:
    return np.concatenate([read_rows(RunDir(run.root).absences(cluster), ABSENCE) for cluster in ("east", "west")])


def since_start_s(run: Run, column: str) -> list[float]:
    (start,) = (event for event in run.lines("events.jsonl") if event["kind"] == "media-start")
    times: list[float] = ((absences(run)[column] - start["at_ns"]) / S).tolist()
    return times


def test_clients_give_up_in_a_long_cut_and_come_back_after_it(runs: RunRecord, tmp_path: Path) -> None:
    """Given up from 6.43 to 7.03 s, back from 9.06 to 9.56 s; 121 to 152 packets of each stream are lost before."""

    def as_computed(run: Run) -> bool:
        expired, returned = since_start_s(run, "expired_ns"), since_start_s(run, "returned_ns")
        given_up = len(set(absences(run)["ssrc"].tolist())) == len(expired) == 20
        in_time = all(6.42 <= at <= 7.06 for at in expired) and all(9.05 <= at <= 9.6 for at in returned)
        return given_up and in_time and 5050 <= media(run)["interruption_ms"]["max"] <= 5650

    def media(run: Run) -> dict[str, dict[str, float]]:
        found: dict[str, dict[str, float]] = run.summary["media"]
        return found

    run = attempted(runs, tmp_path, CASE, believed=as_computed)
    assert run.summary["ledger"]["unexplained"] == 0
    assert run.bears(as_computed(run))
    assert run.bears(run.summary["media"]["gave_up"] == run.summary["groups"][0]["gave_up"] == 20)
    assert run.bears(20 * 121 <= run.summary["media"]["lost"] <= 20 * 153), "what was withheld was not lost"
    assert any("gave up 20 streams for want of consent" in each for each in run.summary["diagnosis"])
    route = run.summary["ledger"]["routes"][-1]
    assert (route["name"], route["sent"] > route["delivered"] > 0) == ("refreshes", True)


def test_a_cut_that_leaves_time_for_an_answer_makes_nobody_give_up(runs: RunRecord, tmp_path: Path) -> None:
    def nobody(run: Run) -> bool:
        return run.summary["media"]["gave_up"] == 0 and len(absences(run)) == 0

    run = attempted(runs, tmp_path, CASE, "events.0.for=1700ms", "duration=9s", believed=nobody)
    assert run.bears(nobody(run))
    assert run.summary["media"]["longest_given_up_ms"] == 0
    assert run.summary["ledger"]["unexplained"] == 0
