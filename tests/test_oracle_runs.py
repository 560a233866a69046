"""Random meshes, controllers and faults in the emulator, and the oracle's word on the packets and the flow tables."""

from __future__ import annotations

from pathlib import Path

import pytest
from run_lab import played
from run_record import RunRecord

from benchmarks.oracle import shrunk, written
from benchmarks.random_cases import Case, random_case

SHRINKS = 5


@pytest.mark.root
@pytest.mark.repeats_alone
@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", [5, 7])
def test_media_take_the_paths_that_the_oracle_predicts(seed: int, runs: RunRecord, tmp_path: Path) -> None:
    """Of what differs a smaller scenario is looked for and its file named. `scripts/bench oracle` plays other seeds."""
    plays = 0

    def differs(case: Case) -> bool:
        nonlocal plays
        plays += 1
        run = played(tmp_path / str(plays), written(case, tmp_path / f"{plays}.yaml"))
        runs.enter(run.summary)
        found = run.summary["oracle"]
        assert found["compared"] > 0
        assert found["rules"] > 0
        return bool(found["rows"])

    case = random_case(seed)
    if not differs(case):
        return
    runs.alone()
    if differs(case):
        least = shrunk(case, differs, SHRINKS)
        pytest.fail(f"other paths than predicted; play {written(least, tmp_path / 'shrunk.yaml')}")
