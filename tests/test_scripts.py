"""Every script says what it does, and refuses what it does not know, before it installs or writes anything.

Scripts run in a copy of their own. Its `scripts/setup` is a stand-in that says that it was called, and so are the
programs that install: a script that goes on where it should stop fails its test, and changes nothing on this machine.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

import pytest
from page_commands import Command, commands_of
from test_docs import PAGES

from scenarios.cli.exit_codes import VERDICT_CODES, ExitCode
from scenarios.language.library import load_plan

PROJECT = Path(__file__).resolve().parent.parent
SCRIPTS = (
    *("scripts/bench", "scripts/check", "scripts/demo", "scripts/docs", "scripts/setup", "scripts/test", "scripts/vm"),
    ".ci/run",
)
STAND_IN_CODE = 99
"""Exit code of the stand-ins."""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The scripts and how they start programs, beside stand-ins for what installs."""
    copy, programs = tmp_path / "checkout", tmp_path / "programs"
    for folder in ("scripts", ".ci"):
        shutil.copytree(PROJECT / folder, copy / folder)
    (copy / "hostio").mkdir()
    shutil.copy(PROJECT / "hostio" / "isolation.py", copy / "hostio")
    programs.mkdir()
    for name in ("apt-get", "sudo"):
        _write_stand_in(programs / name)
    return copy


def _write_stand_in(path: Path, does: str = "", code: int = STAND_IN_CODE) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{does or f'echo reached {path.name}'}\nexit {code}\n")
    path.chmod(0o755)


def without_setup(checkout: Path, script: str) -> None:
    """Put a stand-in in the place of `scripts/setup`, unless that is the script under test."""
    if script != "scripts/setup":
        _write_stand_in(checkout / "scripts" / "setup")


def run(
    checkout: Path, script: str, *arguments: str, environ: Mapping[str, str] = MappingProxyType({})
) -> subprocess.CompletedProcess[str]:
    without_setup(checkout, script)
    path = f"{checkout.parent / 'programs'}:{os.environ['PATH']}"
    before = everything_in(checkout)
    ended = subprocess.run(
        [script, *arguments],
        cwd=checkout,
        env={**os.environ, **environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )
    assert everything_in(checkout) == before, f"{script} {arguments} made or changed files"
    return ended


def everything_in(folder: Path) -> dict[Path, bytes | None]:
    return {path: path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


def test_no_script_is_forgotten() -> None:
    found = {path for folder in ("scripts", ".ci") for path in (PROJECT / folder).iterdir() if os.access(path, os.X_OK)}
    assert {str(path.relative_to(PROJECT)) for path in found} == set(SCRIPTS)


@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help_says_usage_options_exit_codes_and_an_example(checkout: Path, script: str, option: str) -> None:
    ended = run(checkout, script, option)
    assert (ended.returncode, ended.stderr) == (0, "")
    for words in (f"Usage: {script}", "-h, --help", "Exit codes: ", "Example"):
        assert words in ended.stdout
    assert "#!" not in ended.stdout
    assert "set -euo" not in ended.stdout


@pytest.mark.parametrize(
    ("script", "arguments"),
    [
        *((script, ["--no-such-option"]) for script in SCRIPTS if script != "scripts/test"),
        ("scripts/bench", ["no-such-benchmark"]),
        ("scripts/bench", ["relay", "--no-such-option"]),
        ("scripts/bench", ["policies", "--no-such-option"]),
        ("scripts/check", ["file.py"]),
        ("scripts/demo", ["--set", "relays.kind=2026-05-20", "--no-such-option"]),
        ("scripts/docs", ["site", "another"]),
        ("scripts/setup", ["--tests", "--vm"]),
        ("scripts/vm", []),
        ("scripts/vm", ["--clock", "virtual"]),
        ("scripts/vm", ["--clock"]),
        (".ci/run", ["--no-skips"]),
    ],
)
def test_bad_usage_is_one_line_and_exit_code_2(checkout: Path, script: str, arguments: list[str]) -> None:
    ended = run(checkout, script, *arguments)
    assert (ended.returncode, ended.stdout) == (2, "")
    (line,) = ended.stderr.splitlines()
    assert script in line
    assert "--help" in line


GOOD_USAGE = [
    ("scripts/bench", ["links", "1", "1"]),
    ("scripts/bench", ["policies", "kept", "spread"]),
    ("scripts/check", []),
    ("scripts/demo", ["--seed=7", "--set", "relays.kind=2026-05-20"]),
    ("scripts/docs", ["a site"]),
    ("scripts/test", ["-m", "not root", "--no-such-option-of-ours"]),
    ("scripts/vm", ["--clock", "virtual", "--shift=2", "uname", "-r"]),
    (".ci/run", []),
]


@pytest.mark.parametrize(("script", "arguments"), GOOD_USAGE)
def test_good_usage_goes_on_to_the_installation(checkout: Path, script: str, arguments: list[str]) -> None:
    ended = run(checkout, script, *arguments)
    assert (ended.returncode, ended.stdout, ended.stderr) == (STAND_IN_CODE, "reached setup\n", "")


SCRIPTS_OF_PAGES = [
    each
    for page in PAGES
    for each in commands_of(page)
    if each.argv[0] in SCRIPTS and each.argv[0] != "scripts/setup" and "FOLDER" not in each.argv
]


@pytest.mark.long
@pytest.mark.parametrize("command", SCRIPTS_OF_PAGES, ids=str)
def test_what_pages_have_a_reader_type_is_good_usage(checkout: Path, command: Command) -> None:
    script, *arguments = (word.replace("COMMAND…", "true").replace("RUN_DIR", "runs/1") for word in command.argv)
    ended = run(checkout, script, *arguments)
    assert (ended.returncode, ended.stdout, ended.stderr) == (STAND_IN_CODE, "reached setup\n", "")


def codes_in(text: str) -> set[int]:
    """The numbers in a text's paragraph of exit codes."""
    (paragraph,) = re.findall(r"^Exit codes: (.*?)(?:\n\n|\Z)", text, re.MULTILINE | re.DOTALL)
    return {int(number) for number in re.findall(r"(?:; |\s)(\d+)\s[a-z]", f" {paragraph}")}


@pytest.mark.parametrize(
    ("script", "codes"),
    [
        ("scripts/demo", set(ExitCode)),
        ("scripts/vm", set(ExitCode) - {*VERDICT_CODES.values()}),  # those are the command's
        ("scripts/bench", {ExitCode.PASS, ExitCode.FAIL, ExitCode.BAD_INPUT, ExitCode.INCONCLUSIVE}),
    ],
)
def test_help_has_the_exit_codes_of_what_is_started(checkout: Path, script: str, codes: set[int]) -> None:
    assert codes_in(run(checkout, script, "--help").stdout) == codes


@pytest.fixture
def demo(checkout: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs `scripts/demo` on stand-ins: one that installs, and a command line whose run ends with a given code."""
    _write_stand_in(checkout / "scripts" / "setup", 'echo "setup $*"', 0)
    _write_stand_in(checkout / ".venv" / "bin" / "python", 'exec ./"$@"')

    def played(code: int, *arguments: str) -> subprocess.CompletedProcess[str]:
        _write_stand_in(checkout / "run_scenario.py", f'[ "$1" != doctor ] || exit 0; echo "$@"; exit {code}')
        return subprocess.run(
            ["scripts/demo", *arguments], cwd=checkout, capture_output=True, text=True, check=False, timeout=20
        )

    return played


@pytest.mark.parametrize("code", ExitCode)
def test_the_demo_ends_as_its_run_does_but_for_the_failure_that_it_shows(
    demo: Callable[..., subprocess.CompletedProcess[str]], code: ExitCode
) -> None:
    assert demo(code).returncode == (ExitCode.PASS if code == ExitCode.FAIL else code)
    assert demo(code, "--seed=7").returncode == code


def test_the_demo_repeats_what_is_inconclusive(demo: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    setup, run_line = demo(0).stdout.splitlines()
    assert (setup, run_line) == ("setup ", "run scenarios/incident/short.yaml --attempts 3")
    setup, run_line = demo(0, "--attempts", "1", "--vm").stdout.splitlines()
    assert (setup, run_line) == ("setup --vm", "run scenarios/incident/short.yaml --attempts 3 --attempts 1 --vm")


@pytest.mark.parametrize(("script", "arguments"), GOOD_USAGE)
def test_nothing_of_the_caller_s_shell_changes_what_a_script_does(
    checkout: Path, script: str, arguments: list[str], tmp_path: Path
) -> None:
    traps = tmp_path / "traps"
    (traps / "scripts").mkdir(parents=True)
    (traps / "startup").write_text("echo the startup file of somebody else; exit 1\n")
    environ = {
        **dict.fromkeys(("BASH_ENV", "ENV"), str(traps / "startup")),
        **{f"BASH_FUNC_{name}%%": "() { echo the function of somebody else; }" for name in ("dirname", "cd", "stat")},
        "CDPATH": str(traps),
        "SHELLOPTS": "noglob:nounset:xtrace",
        "POSIXLY_CORRECT": "1",
        "TMPDIR": str(traps / "missing"),
    }
    ended = run(checkout, script, *arguments, environ=environ)
    assert (ended.returncode, ended.stdout, ended.stderr) == (STAND_IN_CODE, "reached setup\n", "")


@pytest.mark.parametrize(
    ("script", "arguments", "last"),
    [
        ("scripts/test", ["-m", "not root and not vm", "-k", "", "tests/a b.py"], None),
        (".ci/run", [], ["-m", "", "--no-skips"]),
    ],
)
def test_arguments_come_to_pytest_as_they_were_given_and_last(
    checkout: Path, script: str, arguments: list[str], last: list[str] | None
) -> None:
    """The last of several `-m` counts. CI leaves out none of the tests, whatever pytest leaves out by default."""
    _write_stand_in(checkout / "scripts" / "setup", "true", 0)
    _write_stand_in(checkout / "scripts" / "check", "true", 0)
    _write_stand_in(checkout / ".venv" / "bin" / "python", "printf '%s\\n' \"$@\"", 0)
    ended = subprocess.run(
        [f"./{script}", *arguments], cwd=checkout, capture_output=True, text=True, check=True, timeout=20
    )
    given = ended.stdout.split("\n")[:-1]
    expected = arguments if last is None else last
    assert given[:2] == ["-m", "pytest"]
    assert given[-len(expected) :] == expected
    assert {"-m", "-k"}.isdisjoint(given[2 : -len(expected)])


LISTED = """
import pytest
listed = ["--collect-only", "-q", "-p", "no:cacheprovider", "tests/test_vm.py"]
pytest.main(listed)
print("asked")
pytest.main([*listed, "-m", ""])
"""


def test_virtual_machines_are_booted_only_for_those_who_ask() -> None:
    argv = [sys.executable, "-c", LISTED]
    done = subprocess.run(argv, cwd=PROJECT, capture_output=True, text=True, check=True)
    assert [part.count("\ntests/test_vm.py::") for part in f"\n{done.stdout}".split("\nasked\n")] == [0, 4]


def settings_in_texts() -> list[tuple[str, str]]:
    """What scripts and pages have a reader set, where the value is written out, and the scenario beside it or ''."""
    texts = [*(PROJECT / "scripts").iterdir(), PROJECT / "README.md", *(PROJECT / "docs").glob("*.md")]
    setting = re.compile(r"(?:(scenarios/[\w./-]+\.yaml)[^\n]*)?--set (relays\.[\w.-]+=[\w./-]+)")
    return sorted({found for text in texts if text.is_file() for found in setting.findall(text.read_text())})


@pytest.mark.parametrize(("scenario", "setting"), settings_in_texts())
def test_what_a_reader_is_told_to_set_can_be_set(scenario: str, setting: str) -> None:
    assert load_plan(PROJECT / (scenario or "scenarios/incident/short.yaml"), overrides=[setting])
