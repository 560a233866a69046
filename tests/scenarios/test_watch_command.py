"""`watch` as a user starts it: mistakes, a pipe, and terminals of several kinds."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys

import pytest
from command_lab import RUN_SCENARIO, one_line, run_command
from watch_lab import RECORDED

INCIDENT = RECORDED / "incident-short" / "run"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("/nosuch",), "does not exist"),
        ((str(RUN_SCENARIO),), "is a file"),
        ((str(RECORDED),), "no run directory: it has no plan.json; did you mean"),
        (
            (str(INCIDENT), "--speed", "0"),
            "'0' is no speed; write a number from 0.001 to 1000, such as",
        ),
        ((str(INCIDENT), "--speed", "-1"), "no speed"),
        ((str(INCIDENT), "--speed", "nan"), "no speed"),
        ((str(INCIDENT), "--speed", "1e-300"), "no speed"),
        ((str(INCIDENT), "--speed", "fast"), "no speed"),
        ((str(INCIDENT), "--from", "3"), "unit"),
        ((str(INCIDENT), "--from", "10min"), "the run has come to 25.0 s; give less"),
        ((str(INCIDENT), "--form", "3s"), "did you mean"),
    ],
)
def test_a_mistake_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], words: str
) -> None:
    assert run_command(monkeypatch, "watch", *arguments) == 2
    assert words in one_line(capsys.readouterr().err)


def test_without_a_terminal_changes_are_lines(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(monkeypatch, "watch", INCIDENT, "--speed", "max", "--from", "3s") == 0
    out, err = capsys.readouterr()
    assert "   3.000 s  blackhole begins on us-east–us-west (+0.3 ms)" in out.splitlines()
    assert "\x1b" not in out
    assert err == ""


def command(*arguments: str) -> list[str]:
    return [sys.executable, str(RUN_SCENARIO), "watch", *arguments]


def on_terminal(*arguments: str, until: str = "", **variables: str) -> tuple[int, str]:
    """Exit code and output of the command on a terminal of 80 by 24; `until` it has shown this, it is interrupted."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "COLUMNS": "80", "LINES": "24", "TERM": "xterm", **variables}
    environment = {name: value for name, value in environment.items() if value}
    process = subprocess.Popen(command(*arguments), stdin=theirs, stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    shown = b""
    try:
        while part := os.read(ours, 1 << 16):
            shown += part
            if until and until in shown.decode(errors="replace"):
                process.send_signal(signal.SIGINT)
                until = ""
    except OSError:  # EIO: the other end is closed
        pass
    finally:
        os.close(ours)
    return process.wait(timeout=60), shown.decode(errors="replace")


SCREEN_ON, SCREEN_OFF = "\x1b[?1049h", "\x1b[?1049l"


def test_the_screen_is_given_back_and_the_last_frame_stays() -> None:
    code, shown = on_terminal(str(INCIDENT), "--speed", "max")
    assert code == 0
    before, _, after = shown.partition(SCREEN_OFF)
    assert SCREEN_ON in before
    assert "over" in after
    assert "via us-central" in after
    assert len(after.splitlines()) <= 24


@pytest.mark.long
def test_an_interrupt_ends_it_quietly() -> None:
    code, shown = on_terminal(str(INCIDENT), until="LINKS")
    assert code == 130
    assert SCREEN_OFF in shown
    assert "Traceback" not in shown


@pytest.mark.long
def test_no_color_is_heeded_and_a_dumb_terminal_gets_lines() -> None:
    _, shown = on_terminal(str(INCIDENT), "--speed", "max", NO_COLOR="1")
    assert not re.search(r"\x1b\[[\d;]*(?:3[0-7]|4[0-7]|9[0-7])[;m]", shown)
    code, lines = on_terminal(str(INCIDENT), "--speed", "max", TERM="dumb")
    assert code == 0
    assert "\x1b" not in lines
    assert "blackhole begins" in lines


@pytest.mark.long
def test_a_terminal_without_unicode_gets_ascii() -> None:
    _, shown = on_terminal(str(INCIDENT), "--speed", "max", PYTHONIOENCODING="ascii", PYTHONUTF8="0", LC_ALL="C")
    assert "us-east = us-west" in shown
    assert shown.isascii()


def test_a_reader_that_goes_away_ends_it_quietly() -> None:
    process = subprocess.Popen(
        command(str(INCIDENT), "--from", "2s", "--speed", "20"), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout
    process.stdout.readline()
    process.stdout.close()
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 141
    assert errors == b""
