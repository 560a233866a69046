"""Permissions that expire in a cut, in a whole run: what the case's file computes."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest
from run_lab import PROJECT, Run, attempted
from run_record import RunRecord

from hostio.timing import S
from relay_app.records import REFRESH
from results.run_files.records import read_rows
from results.run_files.run_dir import RunDir

CASE = PROJECT / "scenarios" / "cases" / "permissions-expire.yaml"
END_OF_CUT_S = 9

pytestmark = [pytest.mark.root, pytest.mark.repeats_alone]


def silences_ms(run: Run) -> list[float]:
    with (run.root / "streams.csv").open(encoding="utf-8") as file:
        return [float(row["interrupted_ms"]) for row in csv.DictReader(file)]


def refreshes_over_the_end_of_the_cut(run: Run) -> Counter[int]:
    """How many refreshes of each stream began before it and were answered after it."""
    (start,) = (event for event in run.lines("events.jsonl") if event["kind"] == "media-start")
    end_ns, found = start["at_ns"] + END_OF_CUT_S * S, Counter[int]()
    for cluster in ("east", "west"):
        rows = read_rows(RunDir(run.root).refreshes(cluster), REFRESH)
        found.update(rows["ssrc"][(rows["sent_ns"] < end_ns) & (rows["answered_ns"] > end_ns)].tolist())
    return found


def test_one_refresh_each_brings_expired_permissions_back(runs: RunRecord, tmp_path: Path) -> None:
    """Silence of 5.0 to 5.2 s, of which the link lost 250 packets of each stream, and the far relay 0 to 5."""

    def as_computed(run: Run) -> bool:
        silences = silences_ms(run)
        return len(silences) == 20 and all(5000 <= silence <= 5200 for silence in silences)

    run = attempted(runs, tmp_path, CASE, believed=as_computed)
    assert run.summary["ledger"]["unexplained"] == 0
    assert run.bears(as_computed(run))
    assert run.bears(list(refreshes_over_the_end_of_the_cut(run).values()) == [1] * 20)
    expired = [run.summary["relay"][cluster]["dropped"]["expired"] for cluster in ("east", "west")]
    assert run.bears(all(1 <= packets <= 10 * 6 for packets in expired))
    lost = run.summary["ledger"]["routes"][0]["lost"]
    assert lost["relay west: expired"] == expired[1], "each is attributed"
