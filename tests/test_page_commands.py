"""Every command that a page shows is one that there is: scenario files, options, settings and relay kinds exist.

All are read by the real parser, and their scenarios with their settings made plans of; those that start nothing are
run, on a run that was recorded. Those that play runs are played by `tests/test_played_commands.py`; what the pages for
readers promise to print, by `tests/test_tutorial.py` and `tests/test_pytest_tutorial.py`.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from importlib.machinery import PathFinder
from pathlib import Path

import click
import pytest
from page_commands import Command, commands_of, parsed
from project_names import PROJECT
from test_docs import PAGES

from relay_app.versions.version_names import VERSIONS
from scenarios.cli.exit_codes import ExitCode
from scenarios.commands.entry import main
from scenarios.language.library import load_plan

COMMANDS = [command for page in PAGES for command in commands_of(page)]
OF_THE_COMMAND_LINE = [each for each in COMMANDS if each.argv[0].endswith("run_scenario.py")]
SCRIPTS = [each for each in COMMANDS if each.argv[0].startswith(("scripts/", ".ci/"))]
OTHERS = [each for each in COMMANDS if each not in OF_THE_COMMAND_LINE and each not in SCRIPTS]
RECORDED = PROJECT / "tests" / "results" / "recorded" / "incident-short" / "run"
CALM = {"check", "list", "new", "open", "report", "watch", "inspect", "compare", "export", "bundle"}
"""Commands that start nothing: they write at most files."""

PLACEHOLDERS = (
    "FILE",
    "FILE…",
    "FILE.yaml",
    "RUN_DIR",
    "DIR",
    "NAME",
    "KIND",
    "FIRST",
    "OTHER",
    "COMMAND…",
    "./my-relay",
)


@pytest.fixture
def filled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What a reader writes in place of each word; the folder of files that a page makes is the current one."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(PROJECT / "scenarios" / "one-blip.yaml", tmp_path / "my-blip.yaml")
    relay = tmp_path / "my-relay"
    shutil.copytree(PROJECT / "relay_app" / "programs" / "template", relay)
    one_blip = str(PROJECT / "scenarios" / "one-blip.yaml")
    first, other = (str(shutil.copytree(RECORDED, tmp_path / name)) for name in ("first", "other"))
    for run in (first, other):
        shutil.copy(RECORDED.parent / "summary.json", run)
    values = (one_blip, one_blip, one_blip, first, ".", "moved-0003", "2026-05-20", first, other, "true", str(relay))
    return dict(zip(PLACEHOLDERS, values, strict=True))


def arguments_of(command: Command, filled: dict[str, str]) -> list[str]:
    words = [filled.get(word, word) for word in command.argv[1:]]
    return [path for word in words for path in _paths(word)]


def _paths(word: str) -> list[str]:
    """A path of the checkout, whole; its files where it is a pattern, as the shell has it."""
    if not word.startswith("scenarios/"):
        return [word]
    found = sorted(map(str, PROJECT.glob(word)))
    assert found, f"there is no {word}"
    return found


def test_there_are_commands_of_each_kind() -> None:
    assert min(len(OF_THE_COMMAND_LINE), len(SCRIPTS), len(OTHERS)) > 0
    assert {each.page for each in COMMANDS} >= {"README.md", "CONTRIBUTING.md", "quick-start.md", "incident-tour.md"}


@pytest.mark.parametrize("command", OF_THE_COMMAND_LINE, ids=str)
def test_the_parser_takes_it_and_its_scenarios_can_be_read(command: Command, filled: dict[str, str]) -> None:
    arguments = [each for each in arguments_of(command, filled) if each != "--version"]  # prints, and is done
    _, given = parsed(arguments or ["list"])
    for kind in given.get("versions") or filter(None, [given.get("kind")]):
        assert kind in (*VERSIONS, filled["./my-relay"]) or (PROJECT / "relay_app" / "programs" / kind).is_dir()
    scenarios = [each for each in given.get("files") or [Path(filled["FILE"])] if each.suffix != ".bundle"]
    for file in scenarios:
        assert load_plan(file, overrides=given.get("overrides", ()))


def in_real_time(command: Command) -> bool:
    return "watch" in command.argv and "max" not in command.argv


def calm() -> Iterator[object]:
    """The commands that start nothing, each once."""
    for command in {each.argv: each for each in OF_THE_COMMAND_LINE if CALM & {*each.argv}}.values():
        marks = [pytest.mark.long, pytest.mark.waits] if in_real_time(command) else []
        yield pytest.param(command, marks=marks, id=str(command))


@pytest.mark.parametrize("command", [*calm()])
def test_what_starts_nothing_succeeds(
    command: Command, filled: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    filled = filled | ({"FILE.yaml": "new.yaml", "my-blip.yaml": "new.yaml"} if "new" in command.argv else {})
    monkeypatch.setattr(sys, "argv", ["run_scenario.py", *arguments_of(command, filled)])
    monkeypatch.delenv("DISPLAY", raising=False)  # or `open` starts a browser
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    # The run failed, and two are too few to tell them apart.
    ends = {"report": ExitCode.FAIL, "compare": ExitCode.INCONCLUSIVE}
    assert main() == next((ends[word] for word in command.argv if word in ends), ExitCode.PASS)
    assert ("new" in command.argv) == (tmp_path / "new.yaml").exists()


@pytest.mark.parametrize("command", OTHERS, ids=str)
def test_other_programs_are_those_of_the_environment(command: Command) -> None:
    program, *arguments = command.argv
    assert (PROJECT / program).exists() or program == ".venv/bin/pre-commit", "installed by the command before it"
    if arguments[:1] == ["-m"]:
        assert PathFinder.find_spec(arguments[1])  # not by hooks of what is loaded already


def test_a_command_that_is_gone_is_refused(filled: dict[str, str]) -> None:
    with pytest.raises(click.UsageError, match="retries"):
        parsed(["run", filled["FILE"], "--retries", "3"])
    with pytest.raises(AssertionError, match=r"scenarios/incident/shorter\.yaml"):
        arguments_of(Command("page", ("run_scenario.py", "scenarios/incident/shorter.yaml"), ""), filled)
