"""What bounds promise, tried on whole runs: two scenarios, quiet and with disturbances of known kind."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest
from every import every
from run_record import InconclusiveError, undisturbed

from benchmarks.bounds import KINDS, SUBJECTS, Subject, quiet_runs, trials

TIMES = 15
"""Disturbed runs of each scenario."""


@pytest.mark.root
@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("subject", SUBJECTS, ids=[subject.name for subject in SUBJECTS])
def test_the_quiet_value_lies_within_the_bounds_of_every_disturbed_run(tmp_path: Path, subject: Subject) -> None:
    """No verdict is wrong, and fewer than one in ten is missing, though a core or all of them are taken meanwhile."""
    quiet = quiet_runs(subject, tmp_path)
    assert [each.verdict for each in quiet] == [subject.verdict] * len(quiet)
    if not every(undisturbed(asdict(each)) for each in quiet):
        raise InconclusiveError("the machine is not quiet: there is no value to compare with")
    found = list(trials(subject, quiet, TIMES, tmp_path))
    assert {each.kind for each in found} == set(KINDS)
    assert every(each.right for each in found), [str(each) for each in found if not each.right]
    assert sum(not each.decided for each in found) < len(found) / 10
