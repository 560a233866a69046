"""What bounds promise, tried on whole runs: two scenarios, quiet and with disturbances of known kind."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest
from every import every
from run_record import InconclusiveError, stolen_from, undisturbed

from benchmarks.bounds import KINDS, QUIET_RUNS, SUBJECTS, Played, Subject, quiet_runs, trials
from results.verdict.summary import Summary

TIMES = 4
"""Disturbed runs of each scenario; `scripts/bench bounds` plays more."""

MOST_UNDECIDED = 1
"""Of those: one in ten of as many as that command plays."""


def quiet_ones(subject: Subject, folder: Path) -> list[Summary]:
    """Runs that nothing disturbed, as far as their records tell, and that have a verdict; InconclusiveError once as
    many were disturbed without us."""
    found: list[Summary] = []
    disturbed = 0
    for each in quiet_runs(subject, folder):
        quiet = undisturbed(asdict(each)) and each.verdict != "inconclusive"
        found += [each] * quiet
        disturbed += not quiet
        if len(found) == QUIET_RUNS:
            break
        if disturbed == QUIET_RUNS:
            raise InconclusiveError("the machine is not quiet: there is no value to compare with")
    return found


def undecided_for_us(found: Played) -> bool:
    """Whether a run has no verdict, and nobody disturbed it but the test: the machine's own host took no time."""
    return not found.decided and not stolen_from(asdict(found.summary))


@pytest.mark.root
@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("subject", SUBJECTS, ids=[subject.name for subject in SUBJECTS])
def test_the_quiet_value_lies_within_the_bounds_of_every_disturbed_run(tmp_path: Path, subject: Subject) -> None:
    """No verdict is wrong, and hardly one is missing, though a core or all of them are taken meanwhile."""
    quiet = quiet_ones(subject, tmp_path)
    assert [each.verdict for each in quiet] == [subject.verdict] * len(quiet)
    found = list(trials(subject, quiet, TIMES, tmp_path))
    assert {each.kind for each in found} == set(KINDS)
    assert every(each.right for each in found), [str(each) for each in found if not each.right]
    assert sum(map(undecided_for_us, found)) <= MOST_UNDECIDED
