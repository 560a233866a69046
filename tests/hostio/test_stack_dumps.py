"""Stacks of children whose functions, or whose words at SIGQUIT, are known."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hostio.stack_dumps import StackError, dump_stacks

STUCK = """
import signal, sys, threading
def stuck_in_here():
    print("ready", flush=True)
    sys.stdin.read()
"""
GOES_ON = (
    STUCK + "signal.signal(signal.SIGQUIT, lambda *_: print('goroutine 1 [running]', file=sys.stderr, flush=True))\n"
)


@contextmanager
def child(program: str, log: Path) -> Iterator[int]:
    with log.open("wb") as output:
        argv = [sys.executable, "-c", f"{program}stuck_in_here()\n"]
        with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=output, stderr=output) as process:
            while b"ready" not in log.read_bytes():
                assert process.poll() is None
            yield process.pid
            assert process.stdin
            process.stdin.close()
            assert process.wait() == 0, "it goes on"


def test_gdb_shows_the_threads_and_the_call_they_are_in(tmp_path: Path) -> None:
    with child(STUCK, tmp_path / "log") as pid:
        text = dump_stacks("gdb", [pid])
    assert f"process {pid}" in text
    assert "#0 " in text
    assert "read" in text


def test_py_spy_shows_the_functions(tmp_path: Path) -> None:
    with child(STUCK, tmp_path / "log") as pid:
        text = dump_stacks("py-spy", [pid])
    assert "stuck_in_here" in text


def test_what_a_program_prints_at_sigquit_is_kept(tmp_path: Path) -> None:
    with child(GOES_ON, tmp_path / "log") as pid:
        assert dump_stacks("SIGQUIT", [pid]) == "goroutine 1 [running]\n"


def test_a_program_that_would_only_end_is_not_asked(tmp_path: Path) -> None:
    with child(STUCK, tmp_path / "log") as pid, pytest.raises(StackError, match="does not handle SIGQUIT"):
        dump_stacks("SIGQUIT", [pid])


def test_a_tool_that_is_missing_or_fails_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    with pytest.raises(StackError, match="gdb failed: "):
        dump_stacks("gdb", [ended.pid])
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StackError, match="gdb is not installed"):
        dump_stacks("gdb", [1])
