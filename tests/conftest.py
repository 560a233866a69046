"""What every test has: the root marker's meaning, the record of the runs that tests play, and what fails a session.

With pytest-xdist (`-n`) tests marked root or vm run alone, but for those that bear load or repeat alone what others
disturbed (`turns`), and the workers' records are added up.

A test that met no run it could judge is `inconclusive`: neither passed, failed nor skipped, and listed with its reason.
A session fails if more of its runs, or of its tests that play runs, were inconclusive than `run_record` allows:
a busy machine may spoil some. With --no-skips, as CI calls it, it also fails if a test was skipped.
"""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Generator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from run_record import InconclusiveError, RunRecord
from turns import Turns, in_turn, without_long

INCONCLUSIVE = "inconclusive"
LOCK = "BLIPNET_LOCK"
RUNS = pytest.StashKey[RunRecord]()
FOLDER = pytest.StashKey["TemporaryDirectory[str]"]()
LOCK_FOLDER = pytest.StashKey["TemporaryDirectory[str]"]()

REPEATED_WITHIN_S = 900
"""For a test that repeats its run alone: it waits for the tests that run meanwhile."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--no-skips",
        action="store_true",
        help="fail if a test was skipped that does not need another kernel",
    )


def pytest_configure(config: pytest.Config) -> None:
    # A shell without job control has what it starts in the background ignore interrupts; Python then sets no handler.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    config.option.markexpr = without_long(config.option.markexpr)
    config.stash[RUNS] = RunRecord()
    if LOCK not in os.environ or hasattr(config, "workerinput"):  # a worker has inherited that of its controller
        own_lock(config)
    gc.disable()  # until all is loaded: while it is, nothing becomes free
    if (given := getattr(config, "workerinput", None)) is not None:
        worker = int(given["workerid"].removeprefix("gw"))
        turns = Turns(Path(given["turns"]), worker, seats=(os.cpu_count() or 1) + 1)
        config.pluginmanager.register(turns)
        config.stash[RUNS].alone = turns.alone


def own_lock(config: pytest.Config) -> None:
    """Have each process of the tests lock a machine of its own: which of them have company, `turns` says.

    Other users can read it, as some tests are.
    """
    folder = config.stash[LOCK_FOLDER] = TemporaryDirectory(prefix="blipnet-tests-")
    Path(folder.name).chmod(0o755)
    (path := Path(folder.name) / "lock").touch(0o644)
    os.environ[LOCK] = str(path)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Give a worker of pytest-xdist the folder of the locks; called where the workers are started."""
    stash = node.config.stash
    if FOLDER not in stash:
        stash[FOLDER] = TemporaryDirectory(prefix="blipnet-tests-")
    node.workerinput["turns"] = stash[FOLDER].name


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Add up what a worker left; one that crashed leaves nothing."""
    node.config.stash[RUNS].add(RunRecord(**getattr(node, "workeroutput", {}).get("runs", {})))


def pytest_unconfigure(config: pytest.Config) -> None:
    # pytest looks for what was left unclosed, five times over; what lives after the first is alive.
    gc.collect()
    gc.freeze()
    for key in (FOLDER, LOCK_FOLDER):
        if (folder := config.stash.get(key, None)) is not None:
            folder.cleanup()


@pytest.fixture(scope="session")
def runs(pytestconfig: pytest.Config) -> RunRecord:
    """The record in which every run is entered that a test plays to its end."""
    return pytestconfig.stash[RUNS]


@pytest.hookimpl(trylast=True)  # once what `-m` leaves out is gone
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items[:] = in_turn(items)
    for item in items:
        if item.get_closest_marker("repeats_alone") and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(REPEATED_WITHIN_S))
    if os.geteuid() == 0:
        return
    needs_root = pytest.mark.skip(reason="builds networks: needs root")
    for item in items:
        if item.get_closest_marker("root"):
            item.add_marker(needs_root)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
    call: pytest.CallInfo[None],
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if call.excinfo is not None and call.excinfo.errisinstance(InconclusiveError):
        why = str(call.excinfo.value)
        # In the form of a skipped test, which `-v` and `--junitxml` rely on.
        report.outcome, report.longrepr = "skipped", (str(item.path), (item.location[1] or 0) + 1, why)
        report.user_properties.append((INCONCLUSIVE, why))
    return report


def pytest_report_teststatus(report: pytest.CollectReport | pytest.TestReport) -> tuple[str, str, str] | None:
    known = [name for name, _ in getattr(report, "user_properties", ())]
    return (INCONCLUSIVE, "I", INCONCLUSIVE.upper()) if INCONCLUSIVE in known else None


def pytest_collection_finish(session: pytest.Session) -> None:
    players = sum("runs" in getattr(item, "fixturenames", ()) for item in session.items)
    session.config.stash[RUNS].players = players
    spare_collector()


def spare_collector() -> None:
    """Have the garbage collector leave alone what is loaded: looking through it all took a fifth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    gc.enable()


def pytest_sessionfinish(session: pytest.Session) -> None:
    if (left := getattr(session.config, "workeroutput", None)) is not None:
        left["runs"] = session.config.stash[RUNS].counts()
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None:
        return
    runs, undecided = session.config.stash[RUNS], reporter.stats.get(INCONCLUSIVE, [])
    if runs.too_many or runs.too_few_tests_decided(len(undecided)):
        reporter.write_line(f"{runs}; inconclusive tests: {len(undecided)} of {runs.players}: too many", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    if not session.config.getoption("--no-skips"):
        return
    unexcused = [report.nodeid for report in reporter.stats.get("skipped", []) if "netem" not in report.keywords]
    if unexcused:
        reporter.write_line(f"skipped, and must not be: {', '.join(unexcused)}", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for report in terminalreporter.stats.get(INCONCLUSIVE, []):
        terminalreporter.write_line(f"INCONCLUSIVE {report.nodeid} - {report.longrepr[2]}", yellow=True)
    runs = config.stash[RUNS]
    if runs.played:
        terminalreporter.write_line(str(runs))
