"""Trials as JUnit XML, which CI servers show. The only importer of junitparser."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from junitparser import Error, Failure, JUnitXml, TestCase, TestSuite

from scenarios.suites.standings import Standing, Trial


def write_junit(path: Path, found: Sequence[Standing]) -> None:
    """A suite per relay version, a case per run; an inconclusive run is an error, not a failure. OSError."""
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
