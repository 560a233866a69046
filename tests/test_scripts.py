"""Every script says what it does, and refuses what it does not know, before it installs or writes anything.

Scripts run in a copy of their own. Its `scripts/setup` is a stand-in that says that it was called, and so are the
programs that install: a script that goes on where it should stop fails its test, and changes nothing on this machine.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import pytest

PROJECT = Path(__file__).resolve().parent.parent
SCRIPTS = ("scripts/bench", "scripts/check", "scripts/demo", "scripts/setup", "scripts/test", "scripts/vm", ".ci/run")
STAND_IN_CODE = 99
"""Exit code of the stand-ins."""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The scripts, with what isolates what they start, beside stand-ins for what installs."""
    copy, programs = tmp_path / "checkout", tmp_path / "programs"
    for folder in ("scripts", ".ci"):
        shutil.copytree(PROJECT / folder, copy / folder)
    (copy / "hostio").mkdir()
    shutil.copy(PROJECT / "hostio" / "isolation.py", copy / "hostio")
    programs.mkdir()
    for name in ("apt-get", "sudo"):
        _write_stand_in(programs / name)
    return copy


def _write_stand_in(path: Path) -> None:
    path.write_text(f"#!/bin/sh\necho reached {path.name}\nexit {STAND_IN_CODE}\n")
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
        ("scripts/check", ["file.py"]),
        ("scripts/demo", ["--set", "relays.version=2026-05-20", "--no-such-option"]),
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
    ("scripts/check", []),
    ("scripts/demo", ["--seed=7", "--set", "relays.version=2026-05-20"]),
    ("scripts/test", ["-m", "not root", "--no-such-option-of-ours"]),
    ("scripts/vm", ["--clock", "virtual", "--shift=2", "uname", "-r"]),
    (".ci/run", []),
]


@pytest.mark.parametrize(("script", "arguments"), GOOD_USAGE)
def test_good_usage_goes_on_to_the_installation(checkout: Path, script: str, arguments: list[str]) -> None:
    ended = run(checkout, script, *arguments)
    assert (ended.returncode, ended.stdout, ended.stderr) == (STAND_IN_CODE, "reached setup\n", "")


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
