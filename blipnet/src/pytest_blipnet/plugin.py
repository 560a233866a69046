"""The plugin: pytest's hooks and the fixtures, each handed to the module that knows about it."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from pytest_blipnet import reports, yaml_items
from pytest_blipnet.marker import MARKER, USAGE, mark_of
from pytest_blipnet.options import SETTINGS, add_options, settings_of
from pytest_blipnet.plays import ScenarioPlayer, settings_for


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Read the options, and make the marker known."""
    config.stash[SETTINGS] = settings_of(config)
    config.addinivalue_line("markers", USAGE)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """A scenario file is a test, with --blipnet."""
    return yaml_items.collected(file_path, parent) if parent.config.getoption("blipnet") else None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A repeated test is one test for each seed. Every marker is looked at: a wrong one is told before the start."""
    mark = mark_of(metafunc.definition)
    if mark.repeat > 1 and "blipnet_seed" in metafunc.fixturenames:
        metafunc.parametrize("blipnet_seed", mark.seeds, ids=[f"seed{seed}" for seed in mark.seeds])


@pytest.fixture
def relay(request: pytest.FixtureRequest) -> str | Path | None:
    """What runs as relay: that of the marker, else that of --blipnet-relay, else None: the scenario's own."""
    named = mark_of(request.node).relay
    return settings_for(request.node).relay if named is None else named


@pytest.fixture
def blipnet_seed(request: pytest.FixtureRequest) -> int | None:
    """The seed of the test's runs: that of the marker, else None: the scenario's own."""
    return mark_of(request.node).seed


@pytest.fixture
def blipnet_run(
    request: pytest.FixtureRequest, relay: str | Path | None, blipnet_seed: int | None
) -> Iterator[ScenarioPlayer]:
    """Called, it plays the scenario of the test's marker, or the file that it is given, and gives a `blipnet.Run`."""
    player = ScenarioPlayer(request.node, mark_of(request.node), relay, blipnet_seed)
    yield player
    passed = request.node.stash.get(reports.PASSED, False)
    if passed and player.mark.file is not None and not player.called:
        pytest.fail(f"the test has the marker {MARKER}, and played nothing: call blipnet_run()", pytrace=False)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """A test with the marker and without the fixture would play nothing, and pass."""
    if item.get_closest_marker(MARKER) and "blipnet_run" not in getattr(item, "fixturenames", ()):
        pytest.fail(f"the test has the marker {MARKER}, and not the fixture blipnet_run, which plays it", pytrace=False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Complete a test's report by its runs."""
    report = yield
    reports.complete(item, call, report)
    return report


def pytest_report_teststatus(report: pytest.CollectReport | pytest.TestReport) -> tuple[str, str, str] | None:
    """Tests without a verdict are neither passed, failed nor skipped."""
    return reports.status(report)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what came to no verdict, and where the runs are."""
    reports.summarise(terminalreporter)
