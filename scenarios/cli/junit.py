"""Writes trials as JUnit XML, the format of CI servers. The only importer of junitparser."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from junitparser import Error, Failure, JUnitXml, TestCase, TestSuite

from scenarios.suites.standings import Standing, Trial


def write_junit(path: Path, found: Sequence[Standing]) -> None:
    """Write a test suite per relay version, with a test case per trial; OSError.

    An inconclusive trial is an error: JUnit's failures are of the tested code, its errors of the test.
    """
    document = JUnitXml("blipnet")
    for standing in found:
        suite = TestSuite(f"relay {standing.version}")
        suite.add_testcases([_case(trial) for trial in standing.trials])
        document.add_testsuite(suite)
    document.update_statistics()  # type: ignore[no-untyped-call]
    document.write(str(path), pretty=True)


def _case(trial: Trial) -> TestCase:
    case = TestCase(trial.scenario, f"blipnet.{trial.version}", round(trial.seconds, 3))
    if trial.verdict == "fail":
        case.result = [Failure(trial.evidence)]
    elif trial.verdict == "inconclusive":
        case.result = [Error(trial.evidence, "inconclusive")]
    return case
