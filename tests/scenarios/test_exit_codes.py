"""Every way in which a command can end has its exit code and at most one line, and every page agrees on the codes."""

from __future__ import annotations

import errno
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import cast

import pytest
from command_lab import ONE_BLIP, PROJECT, one_line, run_command, started

from results.report import report as reporting
from results.run_files.plan import Environment
from results.run_files.run_dir import RunDir
from scenarios.cli.exit_codes import MEANINGS, ExitCode, worst
from scenarios.cli.play import InSandbox
from scenarios.commands import checks
from scenarios.errors import BugError
from scenarios.language.library import load_plan
from scenarios.run import host_side
from topologies.sandbox import Sandbox

RECORDED = PROJECT / "tests" / "results" / "recorded" / "one-blip" / "run"
COMMANDS = ("run", "vm", "suite", "list", "check", "doctor", "report")

_ROW = re.compile(r"^\| (\d+) \| (.+) \|$", re.MULTILINE)


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    return partial(run_command, monkeypatch)


def broken(*_: object, **__: object) -> None:
    """In place of a function of ours."""
    raise KeyError("no such\nkey")


def test_the_readme_has_every_code_with_its_meaning() -> None:
    rows = _ROW.findall((PROJECT / "README.md").read_text())
    assert {int(code): meaning for code, meaning in rows} == {int(code): text for code, text in MEANINGS.items()}
    assert set(MEANINGS) == set(ExitCode)


@pytest.mark.parametrize("arguments", [(), *((name,) for name in COMMANDS)])
def test_every_help_has_all_codes(
    command: Callable[..., int], capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    assert command(*arguments, "--help") == 0
    listed = capsys.readouterr().out.partition("Exit codes:")[2].splitlines()[1:]
    assert [tuple(line.split(maxsplit=1)) for line in listed] == [(str(int(c)), text) for c, text in MEANINGS.items()]


@pytest.mark.parametrize(
    ("codes", "most_severe"),
    [([0, 3], 3), ([3, 1, 0], 1), ([1, 2], 2), ([2, 74], 74), ([74, 70, 3], 70), ([0], 0)],
)
def test_the_worst_of_several_is_told(codes: list[int], most_severe: int) -> None:
    assert worst(map(ExitCode, codes)) == most_severe


def test_a_bug_has_a_code_a_line_and_a_traceback_in_a_file(
    command: Callable[..., int],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(checks, "load_plan", broken)
    assert command("check", ONE_BLIP) == 70
    out, err = capsys.readouterr()
    (file,) = tmp_path.iterdir()
    assert out == ""
    assert err == (f"run_scenario.py: a bug in Blipnet itself: KeyError: 'no such\\nkey'; the traceback is in {file}\n")
    assert f"check {ONE_BLIP}" in file.read_text().splitlines()[0]
    assert "Traceback (most recent call last)" in file.read_text()
    assert file.read_text().rstrip().endswith("KeyError: 'no such\\nkey'")


def test_a_traceback_that_no_folder_takes_is_printed(
    command: Callable[..., int],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    monkeypatch.setattr(checks, "load_plan", broken)
    assert command("check", ONE_BLIP) == 70
    first, second, *_ = capsys.readouterr().err.splitlines()
    assert first == "run_scenario.py: a bug in Blipnet itself: KeyError: 'no such\\nkey'; the traceback:"
    assert second == "Traceback (most recent call last):"


def test_a_module_that_cannot_be_imported_is_a_bug_too(tmp_path: Path) -> None:
    done = started("list", before="sys.modules['scenarios.commands.root'] = None", env={"TMPDIR": str(tmp_path)})
    (file,) = tmp_path.iterdir()
    assert done.returncode == 70
    assert one_line(done.stderr.decode()).endswith(f"the traceback is in {file}")
    assert "scenarios.commands" in one_line(done.stderr.decode())


def test_a_package_that_is_not_installed_is_no_bug() -> None:
    """Without site, an interpreter has the standard library alone."""
    code = (
        f"import sys; sys.path.insert(0, {str(PROJECT)!r}); from scenarios.commands.entry import main; sys.exit(main())"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 2
    said = r"run_scenario.py: the project's environment lacks \w+; run scripts/setup first"
    assert re.fullmatch(said, one_line(done.stderr))


def test_what_cannot_be_imported_in_the_sandbox_is_a_bug_too() -> None:
    code = (
        "import sys; sys.modules['mininet'] = sys.modules['mininet.net'] = None; "
        "from scenarios.run.sandbox_entry import main; sys.exit(main('/nonexistent', 1))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, check=False, timeout=60)
    assert done.returncode == 70
    assert b"Traceback" in done.stderr


def test_a_plot_that_cannot_be_drawn_is_a_bug_and_the_verdict_is_kept(
    command: Callable[..., int],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(reporting, "plot_latency", lambda *_: [][1])
    run = RunDir(tmp_path / "run")
    shutil.copytree(RECORDED, run.root)
    assert command("report", run.root) == 70
    assert "IndexError" in one_line(capsys.readouterr().err)
    assert run.summary.exists()


def test_a_bug_on_the_outside_of_a_run_leaves_its_traceback_beside_the_records(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(host_side, "run_plan", broken)
    plan = load_plan(Path(ONE_BLIP))
    outside = InSandbox(Sandbox("root"), cast("Environment", None), tmp_path)
    with pytest.raises(BugError, match="a bug in Blipnet itself: KeyError: 'no such") as caught:
        outside.play(plan)
    (file,) = tmp_path.glob("one-blip/*/logs/*")
    assert str(caught.value).endswith(f"; the traceback is in {file}")
    assert "Traceback" in file.read_text()


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EROFS, errno.EDQUOT, errno.EACCES])
def test_a_file_that_cannot_be_written_is_no_bug(
    command: Callable[..., int],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    error: int,
) -> None:
    def refuse(path: Path, _text: str) -> None:
        raise OSError(error, os.strerror(error), str(path))

    monkeypatch.setattr(reporting, "write_whole", refuse)
    run = RunDir(tmp_path / "run")
    shutil.copytree(RECORDED, run.root)
    assert command("report", run.root) == 74
    assert capsys.readouterr().err == f"run_scenario.py: {run.ledger}: {os.strerror(error)}\n"


def test_an_interrupt_while_modules_are_imported_is_an_interrupt() -> None:
    interrupt = "lambda name, *_: signal.raise_signal(signal.SIGINT) if name == 'click' else None"
    finder = f"type('Finder', (), {{'find_spec': staticmethod({interrupt})}})"
    done = started("list", before=f"import signal; sys.meta_path.insert(0, {finder})")
    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"")
