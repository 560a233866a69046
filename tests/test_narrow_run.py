"""`scenarios/cases/narrow-link.yaml` as a run: the losses that its arithmetic has, and their place in the books."""

from __future__ import annotations

from pathlib import Path

import pytest
from run_lab import PROJECT, Run, attempted, shows
from run_record import RunRecord

CASE = PROJECT / "scenarios" / "cases" / "narrow-link.yaml"
LOST = 134
"""Of the schedule's times, by `tests/scenarios/test_narrow_link.py`."""

USED_PERCENT = (52.5, 54.1)
"""Of the rate, by the frames of video that find room; probes and the session directory add less than 2."""

pytestmark = [pytest.mark.root, pytest.mark.long]


def as_computed(run: Run) -> bool:
    return bool(0.9 * LOST < run.summary["media"]["lost"] < 1.1 * LOST)


def used_as_computed(run: Run) -> bool:
    found = [row["utilisation_percent"] for row in run.summary["links"]]
    return all(0.98 * used < percent < used + 2 for used, percent in zip(USED_PERCENT, found, strict=True))


def test_the_queue_loses_what_the_schedule_says_and_the_books_say_where(runs: RunRecord, tmp_path: Path) -> None:
    run = attempted(runs, tmp_path, CASE, believed=shows(as_computed))
    assert run.bears(as_computed(run))
    run.require(run.conclusive)
    lost = [route["lost"] for route in run.summary["ledger"]["routes"]]
    assert [[*each] for each in lost] == [["link us-east→us-west: queue"], ["link us-west→us-east: queue"]]
    assert sum(packets for each in lost for packets in each.values()) == run.summary["media"]["lost"]
    assert run.bears(used_as_computed(run)), run.summary["links"]
