"""What every test has: the root marker's meaning, the record of the runs that tests play, and what fails a session.

A test that met no run it could judge is `inconclusive`: neither passed, failed nor skipped, and listed with its reason.
A session fails if more of its runs, or of its tests that play runs, were inconclusive than `run_record` allows:
a busy machine may spoil some, and a few only. With --no-skips, as CI calls it, it also fails if a test was skipped.
"""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest
from run_record import InconclusiveError, RunRecord

INCONCLUSIVE = "inconclusive"
RUNS = pytest.StashKey[RunRecord]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--no-skips",
        action="store_true",
        help="fail if a test was skipped that does not need another kernel",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.stash[RUNS] = RunRecord()


@pytest.fixture(scope="session")
def runs(pytestconfig: pytest.Config) -> RunRecord:
    """The record in which every run is entered that a test plays to its end."""
    return pytestconfig.stash[RUNS]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if os.geteuid() == 0:
        return
    needs_root = pytest.mark.skip(reason="builds networks: needs root")
    for item in items:
        if item.get_closest_marker("root"):
            item.add_marker(needs_root)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    call: pytest.CallInfo[None],
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if call.excinfo is not None and call.excinfo.errisinstance(InconclusiveError):
        report.outcome, report.longrepr = "skipped", str(call.excinfo.value)
        report.user_properties.append((INCONCLUSIVE, report.longrepr))
    return report


def pytest_report_teststatus(report: pytest.CollectReport | pytest.TestReport) -> tuple[str, str, str] | None:
    known = [name for name, _ in getattr(report, "user_properties", ())]
    return (INCONCLUSIVE, "I", INCONCLUSIVE.upper()) if INCONCLUSIVE in known else None


def pytest_sessionfinish(session: pytest.Session) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None:
        return
    runs, undecided = session.config.stash[RUNS], reporter.stats.get(INCONCLUSIVE, [])
    players = sum("runs" in getattr(item, "fixturenames", ()) for item in session.items)
    if runs.too_many or runs.too_few_tests_decided(len(undecided), players):
        reporter.write_line(f"{runs}; inconclusive tests: {len(undecided)} of {players}: too many", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    if not session.config.getoption("--no-skips"):
        return
    unexcused = [report.nodeid for report in reporter.stats.get("skipped", []) if "netem" not in report.keywords]
    if unexcused:
        reporter.write_line(f"skipped, and must not be: {', '.join(unexcused)}", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for report in terminalreporter.stats.get(INCONCLUSIVE, []):
        terminalreporter.write_line(f"INCONCLUSIVE {report.nodeid} - {report.longrepr}", yellow=True)
    runs = config.stash[RUNS]
    if runs.verdicts:
        terminalreporter.write_line(str(runs))
