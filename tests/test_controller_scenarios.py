"""`scenarios/controller/`: what becomes of media while a controller or a switch is gone, stands still or is cut off."""

from __future__ import annotations

from pathlib import Path

import pytest
from run_lab import PROJECT, decided
from run_record import RunRecord

pytestmark = [pytest.mark.root, pytest.mark.long, pytest.mark.repeats_alone]

SCENARIOS = sorted((PROJECT / "scenarios" / "controller").glob("*.yaml"))


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda path: path.stem)
def test_its_expectations_hold(scenario: Path, runs: RunRecord, tmp_path: Path) -> None:
    run = decided(runs, tmp_path, scenario)
    assert run.summary["verdict"] == "pass", run.output
    assert run.summary["ledger"]["unexplained"] == 0
