"""What a session reports: an outcome of its own for tests without a verdict, and where run directories were kept."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pytest_blipnet.failure_text import text_of
from pytest_blipnet.plays import PLAYS, NoVerdictError, PlayedRuns, ScenarioFailedError, discard, settings_for

INCONCLUSIVE = "blipnet_inconclusive"
"""The property of a report without a verdict: its text. Workers of pytest-xdist hand properties over."""

VERDICT, SEED, RUN_DIRECTORY = "blipnet_verdict", "blipnet_seed", "blipnet_run_directory"
"""Properties of a test, for JUnit: once for each run."""


PASSED = pytest.StashKey[bool]()
"""Whether a test's own call passed."""


def complete(item: pytest.Item, call: pytest.CallInfo[None], report: pytest.TestReport) -> None:
    """Give a test's report its outcome, its text and its properties, and remove the runs of a test that passed."""
    if report.when == "call":
        item.stash[PASSED] = report.passed
    plays = item.stash.get(PLAYS, None)
    if plays is None:
        return
    if call.excinfo is not None and isinstance(error := call.excinfo.value, ScenarioFailedError | NoVerdictError):
        report.longrepr = str(error)
        if isinstance(error, NoVerdictError):
            _become_inconclusive(item, report)
    elif report.failed:
        report.sections += [("blipnet", text_of(run)) for run in plays.runs]
    if plays.runs and (report.when == "call" or report.failed):
        _settle(item, plays, report)


def _become_inconclusive(item: pytest.Item, report: pytest.TestReport) -> None:
    text = str(report.longrepr)
    report.user_properties.append((INCONCLUSIVE, text))
    if not settings_for(item).inconclusive.fails:
        # In the form of a skipped test, which JUnit's writer relies on.
        report.outcome, report.longrepr = "skipped", (str(item.path), (item.location[1] or 0) + 1, text)


def _settle(item: pytest.Item, plays: PlayedRuns, report: pytest.TestReport) -> None:
    """Enter the properties of the runs so far, and keep their directories unless nobody will ask for them."""
    settings = settings_for(item)
    for run in plays.runs:
        found = [(VERDICT, run.verdict), (SEED, str(run.seed))]
        if report.passed and not settings.keeps_all:
            discard(run, settings.out)
        else:
            found.append((RUN_DIRECTORY, str(run.path)))
        item.user_properties += found
        report.user_properties += found
    plays.runs.clear()


def status(report: pytest.CollectReport | pytest.TestReport) -> tuple[str, str, str] | None:
    """Category, letter and word of a test without a verdict; None of all others."""
    found = dict(getattr(report, "user_properties", ()))
    return ("inconclusive", "I", "INCONCLUSIVE") if INCONCLUSIVE in found else None


def summarise(terminal: pytest.TerminalReporter) -> None:
    """Say at the end which tests came to no verdict, and where the runs are that were kept."""
    undecided = terminal.stats.get("inconclusive", [])
    if undecided:
        terminal.section("INCONCLUSIVE", yellow=True)
    for report in undecided:
        terminal.write_line(f"{report.nodeid}\n{dict(report.user_properties)[INCONCLUSIVE]}")
    kept = [path for reports in terminal.stats.values() for report in reports for path in _directories(report)]
    if kept:
        terminal.section("run directories kept", sep="-")
        for path in dict.fromkeys(kept):
            terminal.write_line(path)


def _directories(report: object) -> Iterator[str]:
    for name, value in getattr(report, "user_properties", ()):
        if name == RUN_DIRECTORY:
            yield str(value)
