"""`run_scenario.py` works whatever shell, locale, home and folder it is started from."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import venv
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from run_lab import PROJECT, SMALL, STARTED_WITHIN_S, command_name, descendants, finished, seen, start, written

from hostio.timing import wait_until
from results.report.report import make_report
from results.run_files.run_dir import RunDir

ONE_BLIP = "scenarios/one-blip.yaml"
OWN_LIBRARIES = os.environ.get("LD_LIBRARY_PATH", "")
"""Without these some Pythons do not start, as those of hosted CI runners."""


@pytest.fixture(scope="module")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with packages and libraries that break whoever loads them, in all the places where shells point to."""
    home = tmp_path_factory.mktemp("foreign")
    libraries = f".local/lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"
    for place in ("packages", libraries):
        for name in ("click", "numpy", "hostio", "scenarios"):
            (home / place / name).mkdir(parents=True)
            (home / place / name / "__init__.py").write_text(f"raise RuntimeError('the {name} of somebody else')\n")
    (home / "libraries").mkdir()
    for name in ("libffi.so.7", "libffi.so.8", "libstdc++.so.6"):
        (home / "libraries" / name).write_text("no library")
    (home / "read-only").mkdir(mode=0o555)
    (home / "matplotlibrc").write_text("font.size: 1000\n")
    return home


def hostile(variables: Mapping[str, str], foreign: Path) -> dict[str, str]:
    return {**os.environ, **{name: value.replace("{}", str(foreign)) for name, value in variables.items()}}


def run(
    *arguments: str,
    environ: Mapping[str, str],
    project: Path = PROJECT,
    at: Path = PROJECT,
    by: Sequence[str] = (),
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*by, project / "run_scenario.py", *arguments],
        cwd=at,
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=100,
    )


def assert_valid(done: subprocess.CompletedProcess[str]) -> None:
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{ONE_BLIP}: one-blip is valid\n", "")


PYTHON_S_OWN = {
    "PYTHONPATH": "{}/packages",
    "PYTHONUSERBASE": "{}/.local",
    "HOME": "{}",
    "PYTHONSAFEPATH": "1",
    "PYTHONINSPECT": "1",
    "PYTHONSTARTUP": "{}/missing",
    "PYTHONWARNINGS": "error",
    "NUMBA_DISABLE_JIT": "maybe",
}
OF_ANOTHER_PYTHON = {"PYTHONHOME": "{}", "PYTHONPLATLIBDIR": "{}"}
"""With these no interpreter starts that looks at them."""
OF_THE_SHELL = {
    "LD_LIBRARY_PATH": f"{{}}/libraries:{OWN_LIBRARIES}",
    "CONDA_PREFIX": "{}",
    "VIRTUAL_ENV": "{}",
    "PATH": "{}/bin:/usr/bin:/bin",
    "TMPDIR": "{}/missing",
    "HOME": "{}/read-only/missing",
    "XDG_CACHE_HOME": "{}/read-only",
    "XDG_CONFIG_HOME": "/proc",
    "LC_ALL": "C",
}


@pytest.mark.parametrize(
    ("by", "variables"),
    [([], OF_THE_SHELL), ([], {**PYTHON_S_OWN, **OF_ANOTHER_PYTHON}), ([sys.executable], PYTHON_S_OWN)],
    ids=["the shell's", "Python's", "Python's, by Python"],
)
def test_no_variable_of_the_caller_changes_what_is_run(by: list[str], variables: dict[str, str], foreign: Path) -> None:
    assert_valid(run("check", ONE_BLIP, environ=hostile(variables, foreign), by=by))


def test_no_environment_at_all_is_enough() -> None:
    assert_valid(run("check", ONE_BLIP, environ={"LD_LIBRARY_PATH": OWN_LIBRARIES} if OWN_LIBRARIES else {}))


def test_files_are_utf_8_in_every_locale_and_output_is_the_terminal_s(tmp_path: Path) -> None:
    """A locale without é, on a terminal that has it as one byte."""
    scenario = tmp_path / "é.yaml"
    shutil.copy(PROJECT / ONE_BLIP, scenario)
    no_utf_8 = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "latin-1"}
    command = [sys.executable, str(PROJECT / "run_scenario.py"), "check", str(scenario)]
    done = subprocess.run(command, env={**os.environ, **no_utf_8}, capture_output=True, check=False)
    assert done.stderr == b""
    assert done.stdout == f"{scenario}: one-blip is valid\n".encode("latin-1")


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the checkout in a folder with spaces and accents in its name. Its environment borrows the packages."""
    copy = tmp_path_factory.mktemp("accent") / "Été à la mer"
    shutil.copytree(PROJECT, copy, ignore=shutil.ignore_patterns(".*", "runs"))
    venv.create(copy / ".venv", system_site_packages=True, symlinks=True)
    (packages,) = (copy / ".venv" / "lib").glob("python3*/site-packages")
    for borrowed in Path(sys.prefix).glob("lib/python3*/site-packages"):
        (packages / "borrowed.pth").write_text(f"{borrowed}\n")
    if (fonts := PROJECT / ".venv" / "matplotlib").is_dir():  # to look at every font takes seconds
        shutil.copytree(fonts, copy / ".venv" / "matplotlib")
    return copy


def test_a_path_with_a_space_and_an_accent_is_like_any_other(elsewhere: Path) -> None:
    done = run("list", environ={**os.environ, "LC_ALL": "C"}, project=elsewhere, at=elsewhere)
    assert (done.returncode, done.stderr) == (0, "")
    assert ONE_BLIP in done.stdout


@pytest.mark.long
def test_a_report_has_the_style_of_the_project_whatever_that_of_the_user(
    elsewhere: Path, foreign: Path, tmp_path: Path
) -> None:
    """The rc file of the working directory comes before all others (matplotlib's own rule)."""
    for copy in ("plain", "styled"):
        shutil.copytree(PROJECT / "tests" / "results" / "recorded" / "one-blip" / "run", tmp_path / copy)
    make_report(RunDir(tmp_path / "plain"))
    variables = {"MPLBACKEND": "nothing", "MATPLOTLIBRC": str(foreign), "HOME": str(foreign), "LC_ALL": "C"}
    done = run("report", str(tmp_path / "styled"), environ={**os.environ, **variables}, project=elsewhere, at=foreign)
    assert done.stderr == ""
    assert (tmp_path / "styled" / "latency.png").read_bytes() == (tmp_path / "plain" / "latency.png").read_bytes()


def test_an_environment_without_its_packages_is_one_line(elsewhere: Path) -> None:
    (borrowed,) = (elsewhere / ".venv" / "lib").glob("python3*/site-packages/borrowed.pth")
    aside = borrowed.rename(borrowed.with_suffix(".aside"))
    try:
        done = run("list", environ=os.environ, project=elsewhere, at=elsewhere)
    finally:
        aside.rename(borrowed)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("run_scenario.py: the project's environment lacks ")
    assert line.endswith("; run scripts/setup first")


POINTING_ELSEWHERE = (
    *("PYTHONPATH", "PYTHONUSERBASE", "LD_LIBRARY_PATH", "CONDA_PREFIX", "VIRTUAL_ENV", "MPLCONFIGDIR", "OVS_RUNDIR"),
    *("BASH_ENV", "PROMPT_COMMAND", "TMPDIR"),
)


def name_and_environment(pid: int) -> tuple[str, bytes]:
    return command_name(pid), Path(f"/proc/{pid}/environ").read_bytes()


@pytest.mark.root
def test_no_process_of_a_run_has_them(foreign: Path, tmp_path: Path) -> None:
    environ = {**os.environ, "LC_ALL": "C", **dict.fromkeys(POINTING_ELSEWHERE, f"{foreign}/libraries/x")}
    with start("run", PROJECT / ONE_BLIP, "--out", tmp_path, *SMALL, env=environ) as process:
        assert wait_until(lambda: '"start"' in written(tmp_path, "events.jsonl"), STARTED_WITHIN_S)
        environments = dict(seen(list(descendants(process.pid)), name_and_environment))
        process.send_signal(signal.SIGINT)
        code, output = finished(process)
    assert code == 130, output
    assert {"ovs-vswitchd", "redis-server", "relay-us-centra", "bash"} <= environments.keys()
    assert [name for name, variables in environments.items() if bytes(foreign) in variables] == []
