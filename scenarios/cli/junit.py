"""Writes trials as JUnit XML, the format of CI servers. The only importer of junitparser."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite

from scenarios.cli.expectation_cases import Case, cases_of
from scenarios.suites.standings import Trial


def write_junit(path: Path, trials: Sequence[Trial], planned: int) -> None:
    """Write a test suite per relay version, with a test case per expectation of each trial; OSError.

    What is inconclusive is an error: JUnit's failures are of the tested code, its errors of the test. So is what was to
    be played, by `planned`, and was not.
    """
    document = JUnitXml("blipnet")
    for version in dict.fromkeys(trial.version for trial in trials):
        suite = TestSuite(f"relay {version}")
        suite.add_testcases([case for trial in trials if trial.version == version for case in _cases(trial)])
        document.add_testsuite(suite)
    if len(trials) < planned:
        missing = TestSuite("not played")
        missing.add_testcase(_not_played(planned - len(trials), planned))
        document.add_testsuite(missing)
    document.update_statistics()  # type: ignore[no-untyped-call]
    document.write(str(path), pretty=True)


def _not_played(missing: int, planned: int) -> TestCase:
    case = TestCase("all are played", "blipnet", 0)
    case.result = [Error(f"{missing} of {planned} were not played", "interrupted")]
    return case


def _cases(trial: Trial) -> list[TestCase]:
    """The first has the time that the trial took, so that the sum is right."""
    cases = [_case(trial, each) for each in cases_of(trial)]
    cases[0].time = round(trial.seconds, 3)
    return cases


def _case(trial: Trial, stated: Case) -> TestCase:
    case = TestCase(stated.name, f"blipnet.{trial.version}.{trial.scenario}", 0)
    if stated.result == "fail":
        case.result = [Failure(stated.message)]
    elif stated.result == "undecided":
        case.result = [Error(stated.message or "; ".join(trial.reasons), "inconclusive")]
    elif stated.result == "not told":
        case.result = [Skipped("not told by the relay's program")]
    return case
