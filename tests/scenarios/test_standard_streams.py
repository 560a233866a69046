"""What becomes of output and errors, whatever standard output and standard error lead to."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import Any, cast

import pytest
from command_lab import ONE_BLIP, RUN_SCENARIO, run_command, started


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    return partial(run_command, monkeypatch)


def test_the_reader_of_the_output_may_leave(
    command: Callable[..., int], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with monkeypatch.context() as stream, os.fdopen(writing, "w") as pipe:
        stream.setattr(sys, "stdout", pipe)
        assert command("check", ONE_BLIP) == 128 + 13
    assert capsys.readouterr().err == ""


def test_the_shell_sees_what_it_sees_of_other_programs() -> None:
    """The reader has left when it says so: the shell waits for it before it starts the command."""
    piped = f"exec 3> >(exec true); wait $!; {sys.executable} {RUN_SCENARIO} --version >&3; echo $?"
    done = subprocess.run(["bash", "-c", piped], capture_output=True, check=False, timeout=60)
    assert (done.stdout, done.stderr) == (b"141\n", b"")


@pytest.mark.parametrize("arguments", [("check", ONE_BLIP), ("list",), ("--help",), ("--version",)])
def test_output_that_cannot_be_written_is_one_line(
    command: Callable[..., int],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
) -> None:
    with monkeypatch.context() as stream, Path("/dev/full").open("w") as full:
        stream.setattr(sys, "stdout", full)
        assert command(*arguments) == 74
    assert capsys.readouterr().err == "run_scenario.py: standard output: No space left on device\n"


def test_the_code_is_right_where_nothing_can_be_said() -> None:
    with Path("/dev/full").open("wb") as full:
        assert started("--version", stdout=full, stderr=full).returncode == 74


def test_closed_descriptors_are_like_dev_null() -> None:
    argv = ["bash", "-c", f"{sys.executable} {RUN_SCENARIO} check {ONE_BLIP} <&- >&-"]
    done = subprocess.run(argv, capture_output=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_characters_that_an_encoding_lacks_are_replaced(
    command: Callable[..., int], monkeypatch: pytest.MonkeyPatch, encoding: str, tmp_path: Path
) -> None:
    good, bad = tmp_path / "é→.yaml", tmp_path / "é→ bad.yaml"
    shutil.copy(ONE_BLIP, good)
    bad.write_text(good.read_text().replace("one-blip", "é→"))
    for arguments, code in ((("list",), 0), (("--help",), 0), (("check", good), 0), (("check", bad), 2), (("é→",), 2)):
        output, errors = BytesIO(), BytesIO()
        monkeypatch.setattr(sys, "stdout", TextIOWrapper(output, encoding))
        monkeypatch.setattr(sys, "stderr", TextIOWrapper(errors, encoding))
        assert command(*arguments) == code
        assert len(errors.getvalue().decode(encoding).splitlines()) == (code != 0)
        assert bool(output.getvalue().decode(encoding)) == (code == 0)


class FullAtFirst(BytesIO):
    """What a descriptor that does not block is at times: `write` takes nothing, and says so by None."""

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._descriptor = descriptor
        self._refusals = 2

    def fileno(self) -> int:
        return self._descriptor

    def write(self, data: Any, /) -> int:
        self._refusals -= 1
        return cast("int", None) if self._refusals >= 0 else super().write(data)


def test_a_full_pipe_that_does_not_block_is_waited_for(
    command: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    with Path(os.devnull).open("w") as ready:
        pipe = FullAtFirst(ready.fileno())
        monkeypatch.setattr(sys, "stdout", TextIOWrapper(pipe, "utf-8"))
        assert command("check", ONE_BLIP) == 0
    assert pipe.getvalue().decode().endswith("one-blip is valid\n")


@pytest.mark.long
def test_a_poor_locale_is_no_error() -> None:
    done = started("list", env={"LC_ALL": "C", "PYTHONUTF8": "0"})
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.isascii()


def test_a_name_that_is_no_utf8_is_printed(
    command: Callable[..., int], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / os.fsdecode(b"\xff.yaml")
    shutil.copy(ONE_BLIP, file)
    assert command("check", file) == 0
    assert capsys.readouterr().out == f"{tmp_path}/?.yaml: one-blip is valid\n"
