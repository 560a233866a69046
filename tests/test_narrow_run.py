"""`scenarios/cases/narrow-link*.yaml` as runs: the losses that their arithmetic has, and their place in the books."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from run_lab import PROJECT, Run, attempted
from run_record import RunRecord

CASES = PROJECT / "scenarios" / "cases"
PACED, LINE_RATE = 134, 265
"""Lost of the schedule's times, by `tests/scenarios/test_narrow_link.py`."""

USED_PERCENT = (52.5, 54.1)
"""Of the rate, by the frames of video that find room; probes and the session directory add less than 2."""

pytestmark = [pytest.mark.root, pytest.mark.long, pytest.mark.repeats_alone]


def as_computed(packets: int) -> Callable[[Run], bool]:
    return lambda run: bool(0.9 * packets < run.summary["media"]["lost"] < 1.1 * packets)


def used_as_computed(run: Run) -> bool:
    found = [row["utilisation_percent"] for row in run.summary["links"]]
    return all(0.98 * used < percent < used + 2 for used, percent in zip(USED_PERCENT, found, strict=True))


@pytest.mark.parametrize(("case", "packets"), [("narrow-link", PACED), ("narrow-link-line-rate", LINE_RATE)])
def test_the_queue_loses_what_the_schedule_says_and_the_books_say_where(
    case: str, packets: int, runs: RunRecord, tmp_path: Path
) -> None:
    computed = as_computed(packets)
    run = attempted(runs, tmp_path, CASES / f"{case}.yaml", believed=computed)
    assert run.bears(computed(run))
    run.require(run.conclusive)
    lost = [route["lost"] for route in run.summary["ledger"]["routes"]]
    assert [[*each] for each in lost] == [["link us-east→us-west: queue"], ["link us-west→us-east: queue"]]
    assert sum(each for route in lost for each in route.values()) == run.summary["media"]["lost"]
    if case == "narrow-link":
        assert run.bears(used_as_computed(run)), run.summary["links"]
