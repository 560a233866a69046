"""The pytest plugin: every outcome, as a session of somebody's own repository shows it."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from project_names import LIBRARY
from testbed_lab import SCENARIO, Session, StandIn, stand_in

from pytest_blipnet.options import Inconclusive

pytest_plugins = "pytester"

OUTCOMES = """
import pytest

@pytest.mark.scenario("pass.yaml")
def test_passes(blipnet_run, relay):
    assert blipnet_run().verdict == "pass"
    assert relay.endswith("/mine")

@pytest.mark.scenario("fail.yaml", seed=11)
def test_misses(blipnet_run):
    blipnet_run()

@pytest.mark.scenario("flaky-3.yaml")
def test_is_undecided(blipnet_run):
    blipnet_run()

@pytest.mark.scenario("refused.yaml")
def test_is_refused(blipnet_run):
    blipnet_run()

def test_judges_itself(blipnet_run):
    run = blipnet_run("fail.yaml", check=False)
    assert run.verdict == "pass"

@pytest.mark.scenario("pass.yaml")
def test_without_the_fixture():
    pass

@pytest.mark.scenario("pass.yaml")
def test_without_the_call(blipnet_run):
    pass
"""

ARGUMENTS = """
import pytest

@pytest.mark.scenario("pass.yaml", relay="./other", set={"duration": "9s"}, seed=5, repeat=2)
def test_repeats(blipnet_run):
    blipnet_run(set={"a": 1})
"""

PLAYS_FLAKY = """
import pytest

@pytest.mark.scenario("flaky-3.yaml")
def test_it(blipnet_run):
    blipnet_run()
"""

WRONG = """
import pytest

@pytest.mark.scenario({arguments})
def test_it(blipnet_run):
    blipnet_run()
"""


@pytest.fixture(scope="module")
def testbed(tmp_path_factory: pytest.TempPathFactory) -> StandIn:
    return stand_in(tmp_path_factory.mktemp("testbed"))


@pytest.fixture(scope="module")
def session(testbed: StandIn, tmp_path_factory: pytest.TempPathFactory) -> Session:
    """Everything that can become of a test, once."""
    folder = tmp_path_factory.mktemp("repository")
    (folder / "deep").mkdir()
    (folder / "test_outcomes.py").write_text(OUTCOMES)
    (folder / "deep" / "test_arguments.py").write_text(ARGUMENTS)
    for name in ("pass", "fail"):
        (folder / f"{name}.yaml").write_text(SCENARIO.format(name=name))
    (folder / "compose.yaml").write_text("services: {}\n")
    options = ["-v", "--blipnet", "--blipnet-relay=./mine", "--junitxml=out.xml", "-p", "no:cacheprovider"]
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:blipnet", "-p", "pytest_blipnet.plugin", *options],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(LIBRARY), **environment(testbed, folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.stderr == ""
    return Session(folder, ended.returncode, ended.stdout, testbed.calls())


def environment(testbed: StandIn, folder: Path) -> dict[str, str]:
    """The stand-in as testbed, started without sudo, and not the machine's own lock."""
    return {"BLIPNET_HOME": str(testbed.home), "BLIPNET_LOCK": str(folder / "lock"), "BLIPNET_SUDO": "0"}


@pytest.fixture
def repository(testbed: StandIn, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """One that a test fills by itself."""
    for name, value in environment(testbed, pytester.path).items():
        monkeypatch.setenv(name, value)
    testbed.calls()
    return pytester


def played(repository: pytest.Pytester, *options: str) -> pytest.RunResult:
    """Without the plugin's entry point, which is there where pip has installed the library from this checkout."""
    return repository.runpytest_inprocess("-p", "no:blipnet", "-p", "pytest_blipnet.plugin", *options)


def test_a_run_that_passes_is_thrown_away(session: Session) -> None:
    assert session.outcome("test_passes") == "PASSED"
    assert session.runs_of("pass") == []
    assert (session.folder / "blipnet-runs" / ".gitignore").read_text() == "*\n"


def test_a_failure_shows_what_was_expected_and_found_and_keeps_the_run(session: Session) -> None:
    assert session.outcome("test_misses") == "FAILED"
    (run,) = [path for path in session.runs_of("fail") if '"seed": 11' in (path / "plan.json").read_text()]
    assert session.shows(
        "incident-short, seed 11: fail",
        "  expected media.interruption_ms.max < 1500ms, found 3134.054",
        "  expected relay.us-central.stalls == 0, found 1",
        "relay us-central (2026-05-11): no progress of its packet path for 2.5 s",
        f"plot: {run}/latency.png",
        f"run directory: {run}",
        str(run),
    )
    assert "longest interruption: moved-0" in session.text
    assert "ScenarioFailedError" not in session.text


def test_no_verdict_is_an_outcome_of_its_own(session: Session) -> None:
    assert session.outcome("test_is_undecided") == "INCONCLUSIVE"
    assert " 1 inconclusive" in session.text.splitlines()[-1]
    assert session.shows("  undecided: media.interruption_ms.max < 400ms")
    assert len(session.runs_of("flaky-3")) == 1


def test_what_the_command_refuses_fails_with_its_line_alone(session: Session) -> None:
    assert session.outcome("test_is_refused") == "FAILED"
    assert session.shows("refused.yaml:3:11: unknown topology 'us-triangel'; did you mean 'us-triangle'?")
    assert "RefusedError" not in session.text


def test_an_assertion_of_the_tests_own_shows_the_run_too(session: Session) -> None:
    assert session.outcome("test_judges_itself") == "FAILED"
    _, section = session.text.split("_ test_judges_itself _")
    assert "E       AssertionError" in section.split("longest interruption: moved-")[0]


def test_a_marked_test_that_plays_nothing_does_not_pass(session: Session) -> None:
    assert "the test has the marker scenario, and not the fixture blipnet_run, which plays it" in session.text
    assert "the test has the marker scenario, and played nothing: call blipnet_run()" in session.text


def test_scenario_files_are_tests(session: Session) -> None:
    assert (session.outcome("pass"), session.outcome("fail")) == ("PASSED", "FAILED")
    assert session.called("compose.yaml") == []


def test_the_markers_arguments_reach_the_command(session: Session) -> None:
    outcomes = [session.outcome(f"test_repeats[seed{seed}]") for seed in (5, 6)]
    calls = session.called("deep/pass.yaml")
    assert outcomes == ["PASSED"] * 2
    assert [call["seed"] for call in calls] == ["5", "6"]
    assert {call["relay"] for call in calls} == {str(session.folder / "deep" / "other")}
    assert [call["set"] for call in calls] == [["duration=9s", "a=1"]] * 2


def test_the_relay_of_the_command_line_is_that_of_all_others(session: Session) -> None:
    calls = session.called("fail.yaml")
    assert len(calls) == 3
    assert {call["relay"] for call in calls} == {str(session.folder / "mine")}


def test_junit_has_verdict_seed_and_where_the_run_is(session: Session) -> None:
    cases = {case.get("name"): case for case in ElementTree.parse(session.folder / "out.xml").iter("testcase")}
    of = {
        name: {each.get("name"): each.get("value") for each in cases[name].iter("property")}
        for name in ("test_passes", "test_misses", "test_is_undecided")
    }
    directory = of["test_misses"].pop("blipnet_run_directory") or ""
    assert Path(directory) in session.runs_of("fail")
    assert of["test_misses"] == {"blipnet_verdict": "fail", "blipnet_seed": "11"}
    assert of["test_passes"] == {"blipnet_verdict": "pass", "blipnet_seed": "1"}
    assert of["test_is_undecided"]["blipnet_verdict"] == "inconclusive"
    assert cases["test_misses"].find("failure") is not None


def test_a_session_without_verdicts_fails_unless_they_are_skipped(
    repository: pytest.Pytester, testbed: StandIn
) -> None:
    repository.makepyfile(PLAYS_FLAKY)
    failed = played(repository)
    skipped = played(repository, "--blipnet-inconclusive=skip")
    assert (failed.ret, skipped.ret) == (pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.OK)
    assert failed.parseoutcomes() == skipped.parseoutcomes() == {"inconclusive": 1}
    assert [call["attempts"] for call in testbed.calls()] == [1, 1]


@pytest.mark.parametrize(("retries", "outcome"), [(1, "inconclusive"), (2, "passed")])
def test_a_retry_that_has_a_verdict_decides(repository: pytest.Pytester, retries: int, outcome: str) -> None:
    """The scenario's third run has one."""
    repository.makepyfile(PLAYS_FLAKY)
    result = played(repository, f"--blipnet-inconclusive=retry:{retries}", "--blipnet-keep")
    assert result.parseoutcomes() == {outcome: 1}
    assert result.ret == (pytest.ExitCode.OK if outcome == "passed" else pytest.ExitCode.TESTS_FAILED)
    assert len([*repository.path.glob("blipnet-runs/*/*/*")]) == 1 + retries


@pytest.mark.parametrize("word", ["retry", "retry:0", "retry:x", "skip:1", "pass"])
def test_an_unknown_policy_is_refused(word: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match=f"'{word}' is not skip, fail or retry:N"):
        Inconclusive.of(word)


def test_wrong_markers_are_told_before_anything_is_played(repository: pytest.Pytester, testbed: StandIn) -> None:
    told = {
        "'pass.yaml', relais='x'": "*unknown argument 'relais'; did you mean 'relay'?*",
        "'pass.yaml', repeat=0": "*repeat=0: write a number from 1 on*",
        "relay='x'": "*the file comes first*",
        "'pass.yaml', '2026-05-20'": "*the file comes first*",
    }
    repository.makepyfile(**{f"test_{i}": WRONG.format(arguments=each) for i, each in enumerate(told)})
    result = played(repository)
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines([*told.values()])
    assert testbed.calls() == []


def test_a_file_that_is_named_is_played_with_a_relay_of_the_tests_own(
    repository: pytest.Pytester, testbed: StandIn
) -> None:
    """Files that look like no scenario are for the command to refuse, and a fixture goes before the command line."""
    (repository.path / "refused.yaml").write_text("no: scenario\n")
    repository.makepyfile(test_it=PLAYS_FLAKY)
    repository.makeconftest("import pytest\n@pytest.fixture\ndef relay():\n    return '2026-05-10'\n")
    played(repository, "--blipnet", "--blipnet-relay=2026-05-20", "refused.yaml", "test_it.py")
    assert [(Path(call["file"]).stem, call["relay"]) for call in testbed.calls()] == [
        ("refused", "2026-05-20"),
        ("flaky-3", "2026-05-10"),
    ]


@pytest.mark.long
def test_workers_of_xdist_play_one_run_at_a_time_and_tell_the_same(repository: pytest.Pytester) -> None:
    """The stand-in does not play beside another one."""
    repository.makepyfile(
        """
        import pytest

        @pytest.mark.parametrize("name", ["pass", "flaky-2", "fail", "pass"])
        def test_it(blipnet_run, name):
            blipnet_run(f"{name}.yaml")
        """
    )
    result = played(repository, "-n2", "--blipnet-inconclusive=skip")
    assert result.parseoutcomes() == {"passed": 2, "failed": 1, "inconclusive": 1}
    result.stdout.fnmatch_lines(["*= INCONCLUSIVE =*", "*undecided: *", "*run directories kept*"])


def test_the_plugin_is_none_of_this_projects_own_session(pytestconfig: pytest.Config) -> None:
    assert not pytestconfig.pluginmanager.has_plugin("pytest_blipnet.plugin")
    assert pytestconfig.pluginmanager.is_blocked("blipnet")
