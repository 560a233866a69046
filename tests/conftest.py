"""What every test has: the root marker's meaning, and a refusal of skipped tests for CI."""

from __future__ import annotations

import os

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--no-skips", action="store_true", help="fail if a test was skipped that does not need another kernel"
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if os.geteuid() == 0:
        return
    needs_root = pytest.mark.skip(reason="builds networks: needs root")
    for item in items:
        if item.get_closest_marker("root"):
            item.add_marker(needs_root)


def pytest_sessionfinish(session: pytest.Session) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if not session.config.getoption("--no-skips") or reporter is None:
        return
    unexcused = [report.nodeid for report in reporter.stats.get("skipped", []) if "netem" not in report.keywords]
    if unexcused:
        reporter.write_line(f"skipped, and must not be: {', '.join(unexcused)}", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
