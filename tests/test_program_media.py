"""Whole runs whose media ffmpeg publishes and decodes: packets byte for byte, and gaps that are heard and seen."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from run_lab import PROJECT, Run, attempted, shows
from run_record import RunRecord

from results.metrics.witness import OFF_NS

pytestmark = [
    pytest.mark.root,
    pytest.mark.long,
    pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="needs ffmpeg, which scripts/setup --media installs"),
]

DECODED_BLIP = PROJECT / "scenarios" / "decoded-blip.yaml"


def decoded(run: Run) -> bool:
    off_ms = [each["furthest_off_ms"] for each in run.summary["witnesses"]]
    return len(off_ms) == 4 and all(each is not None and each <= OFF_NS / 1e6 for each in off_ms)


def test_a_blip_is_heard_and_seen_as_long_as_the_packets_say(runs: RunRecord, tmp_path: Path) -> None:
    run = attempted(runs, tmp_path, DECODED_BLIP, believed=shows(decoded))
    assert run.summary["ledger"]["unexplained"] == 0
    unmatched = next(each for each in run.summary["fidelity"] if each["id"] == "unmatched-packets")
    assert unmatched["value"] == 0, "each packet received has the digest of the one sent"
    assert run.bears(decoded(run))
    assert run.summary["verdict"] == "pass", run.summary["reasons"]
