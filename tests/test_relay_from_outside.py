"""Whole runs with relay programs of which only the outside tells: one in the kernel."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from program_lab import shipped
from run_lab import play
from run_record import RunRecord

pytestmark = pytest.mark.root


@pytest.mark.long
def test_rules_in_the_kernel_go_with_the_process_that_owns_them(runs: RunRecord, tmp_path: Path) -> None:
    """Killed, it forwards no more, and its successor does; stopped, the rules work on."""
    shipped("nftables")
    scenario = tmp_path / "fault.yaml"
    scenario.write_text(
        "name: fault\ntopology: us-triangle\nduration: 9s\nrelays: {kinds: {us-central: nftables}}\n"
        "sessions: [{between: [us-east, us-west], count: 10, media: voice}]\ncontroller: {hold: 60s}\n"
        "events:\n"
        "  - {at: 1s, what: blackhole, link: [us-east, us-west], for: 7s}\n"
        "  - {at: 3s, what: relay-kill, cluster: us-central, for: 1s}\n"
        "  - {at: 6s, what: relay-freeze, cluster: us-central, for: 1s}\n"
        "expect: [media.still_interrupted == 0]\n"
    )
    run = play(runs, tmp_path / "runs", scenario)
    assert run.summary["ledger"]["unexplained"] == 0
    assert run.summary["media"]["interruption_ms"]["max"] >= 950, "as long as it was gone"
    assert run.bears(run.summary["media"]["still_interrupted"] == 0)
    with (run.root / "interruptions.csv").open() as table:
        began_s = [float(row["started_at_s"]) for row in csv.DictReader(table)]
    assert run.bears(not any(5.5 < each < 7.5 for each in began_s))
    assert not any(" did not end " in each or " ended by itself " in each for each in run.summary["diagnosis"])
