"""A run that is watched, by a clock that only waiting moves; and the command, as a user starts it."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from math import inf
from pathlib import Path

import pytest
from command_lab import RUN_SCENARIO, one_line, run_command
from watch_lab import BLIP, CENTRAL, RECORDED, START, Directory, at, drawn, edge, end, move

from hostio.timing import S
from results.run_files.run_dir import RunDir
from scenarios.watch.entries import time_of
from scenarios.watch.moment import Moment
from scenarios.watch.playback import Asked, NothingThereError, Playback, playback
from scenarios.watch.reading import RunReading
from scenarios.watch.watching import Clock, Watch

INCIDENT = RECORDED / "incident-short" / "run"


@dataclass
class ManualClock:
    """A clock that only waiting moves. `on_wait` sees each new time."""

    now_ns: int = START - S
    on_wait: Callable[[int], None] = lambda _: None
    waits: list[float] = field(default_factory=list)

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now_ns += max(1, round(seconds * S))
        self.on_wait(self.now_ns)

    @property
    def clock(self) -> Clock:
        return Clock(lambda: self.now_ns, self.wait)


@pytest.fixture
def over(tmp_path: Path) -> Directory:
    """A run that is over."""
    directory = Directory(tmp_path / "over")
    directory.add(*BLIP)
    directory.run.summary.write_text('{"verdict": "pass", "reasons": ["all held"]}')
    return directory


@pytest.fixture
def going_on(tmp_path: Path) -> Iterator[tuple[Directory, ManualClock]]:
    """A run that writes each record when its time has come, and whose runner ends after the last."""
    directory, pending = Directory(tmp_path / "run"), sorted(BLIP, key=time_of)
    with directory.run.log("runner").open("rb") as log:
        fcntl.flock(log, fcntl.LOCK_EX)

        def write(now_ns: int) -> None:
            while pending and time_of(pending[0]) <= now_ns:
                directory.add(pending.pop(0))
            if not pending:
                fcntl.flock(log, fcntl.LOCK_UN)

        yield directory, ManualClock(START - 2 * S, write)


def watch(directory: Directory, asked: Asked, clock: ManualClock | None = None) -> Watch:
    return Watch(RunReading(directory.run), asked, (clock or ManualClock()).clock)


def seconds_of(moments: list[Moment]) -> list[float]:
    return [each.now_s for each in moments if each.now_s is not None]


@pytest.mark.parametrize(("speed", "from_s"), [(1.0, 0.0), (4.0, 3.0), (0.5, 12.0)])
def test_a_replay_goes_from_where_it_was_told_to_the_end_in_its_time(
    over: Directory, speed: float, from_s: float
) -> None:
    clock = ManualClock()
    moments = list(watch(over, Asked(round(from_s * S), speed), clock).moments())
    shown = seconds_of(moments)
    assert (shown[0], shown[-1]) == (from_s, 13.0)
    assert shown == sorted(shown)
    assert sum(clock.waits) * speed == pytest.approx(13.0 - from_s, abs=0.1 * speed)
    assert [each.mode for each in moments] == ["replay"] * (len(moments) - 1) + ["over"]
    assert moments[0].verdict is None
    assert moments[-1].verdict


def test_at_the_greatest_speed_the_end_is_all(over: Directory) -> None:
    (only,) = watch(over, Asked(None, inf)).moments()
    assert (only.mode, only.now_s) == ("over", 13.0)


def test_a_run_that_goes_on_is_followed_to_its_end(going_on: tuple[Directory, ManualClock]) -> None:
    directory, clock = going_on
    moments = list(watch(directory, Asked(), clock).moments())
    assert {each.mode for each in moments[:-1]} == {"live"}
    assert moments[0].now_s is None
    assert (moments[-1].mode, moments[-1].now_s) == ("over", 13.0)
    mid = next(each for each in moments if each.now_s is not None and each.now_s > 4.5)
    assert set(mid.state.lanes.values()) == {((CENTRAL,),) * 16}


def test_a_run_that_goes_on_is_caught_up_with(going_on: tuple[Directory, ManualClock]) -> None:
    directory, clock = going_on
    clock.wait(12.0)  # to 10 s after the media start
    moments = list(watch(directory, Asked(0, 8.0), clock).moments())
    modes = [each.mode for each in moments]
    assert modes[0] == "replay"
    assert modes == sorted(modes, key=["replay", "live", "over"].index)
    assert "live" in modes


def test_lines_are_one_per_change_and_each_is_told_once(
    over: Directory, going_on: tuple[Directory, ManualClock]
) -> None:
    directory, clock = going_on
    live = list(watch(directory, Asked(), clock).lines())
    again = list(watch(over, Asked(None, inf)).lines())
    assert live[0] == "one-blip  seed 1, 12 s, going on"
    assert live[1:-1] == again[1:-2]
    assert again[-2:] == ["verdict: pass", "  all held"]
    assert [line.split("  ")[-1] for line in again[1:-3] if "blackhole" in line] == [
        "blackhole begins on us-east–us-west (+0.5 ms)",
        "blackhole ends on us-east–us-west (+0.5 ms)",
    ]


def test_lines_begin_where_they_were_told_to(over: Directory) -> None:
    lines = list(watch(over, Asked(5 * S, inf)).lines())
    assert [float(found[1]) for each in lines if (found := re.match(r" +([\d.]+) s", each))] == [
        5.0, 6.0, 6.5, 6.5, 9.5, 13.0,
    ]  # fmt: skip


def test_lines_of_a_replay_wait_for_the_time_of_each(over: Directory) -> None:
    clock = ManualClock()
    watched, told = watch(over, Asked(None, 2.0), clock), {}
    for line in watched.lines():
        told[line.split("  ")[-1]] = clock.now_ns
    begun = told["media start"]
    assert (told["blackhole ends on us-east–us-west (+0.5 ms)"] - begun) / S == pytest.approx(3.0, abs=0.001)


def test_a_record_that_comes_late_is_told_after_all(going_on: tuple[Directory, ManualClock]) -> None:
    directory, clock = going_on
    lines = watch(directory, Asked(), clock).lines()
    for line in lines:
        if "over us-central" in line:
            directory.add(move("us-late", 2.0))
            break
    assert any("over us-late" in line for line in lines)


def test_a_run_that_was_killed_before_its_first_record_ends(tmp_path: Path) -> None:
    directory = Directory(tmp_path / "run")
    directory.run.events.touch()
    assert list(watch(directory, Asked()).lines())[-1] == "no verdict: the run has no summary"
    assert [each.mode for each in watch(directory, Asked()).moments()] == ["over"]


def test_what_is_beyond_the_end_is_refused() -> None:
    with pytest.raises(NothingThereError, match=r"come to 13\.0 s"):
        playback(Asked(14 * S), START, START, at(13), 0)
    with pytest.raises(NothingThereError, match="not begun"):
        playback(Asked(1), None, START, at(13), 0)


def test_a_position_is_never_later_than_what_there_is() -> None:
    play = Playback(first_ns=100, begun_ns=1000, speed=2.0)
    assert [play.position_ns(now_ns, 150) for now_ns in (1000, 1010, 5000)] == [100, 120, 150]
    assert Playback(100, 1000, inf).position_ns(1000, 150) == 150


# The command


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("/nosuch",), "does not exist"),
        ((str(RUN_SCENARIO),), "is a file"),
        ((str(RECORDED),), "no run directory: it has no plan.json; did you mean"),
        ((str(INCIDENT), "--speed", "0"), "'0' is no speed; write a number above 0"),
        ((str(INCIDENT), "--speed", "-1"), "no speed"),
        ((str(INCIDENT), "--speed", "nan"), "no speed"),
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


def test_an_interrupt_ends_it_quietly() -> None:
    code, shown = on_terminal(str(INCIDENT), until="LINKS")
    assert code == 130
    assert SCREEN_OFF in shown
    assert "Traceback" not in shown


def test_no_color_is_heeded_and_a_dumb_terminal_gets_lines() -> None:
    _, shown = on_terminal(str(INCIDENT), "--speed", "max", NO_COLOR="1")
    assert not re.search(r"\x1b\[[\d;]*(?:3[0-7]|4[0-7]|9[0-7])[;m]", shown)
    code, lines = on_terminal(str(INCIDENT), "--speed", "max", TERM="dumb")
    assert code == 0
    assert "\x1b" not in lines
    assert "blackhole begins" in lines


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


def test_the_end_of_a_run_without_media_is_shown(tmp_path: Path) -> None:
    directory = Directory(tmp_path / "run")
    directory.add(end(), edge(0, "start", 4))
    lines = list(watch(directory, Asked(None, inf)).lines())
    assert any("set-up  the run is over" in line for line in lines)


def test_the_screen_of_the_page_is_what_is_drawn() -> None:
    page = (RUN_SCENARIO.parent / "docs" / "watch.md").read_text(encoding="utf-8")
    block = page[page.index("    incident-short") :].partition("\n\n")[0]
    watched = Watch(RunReading(RunDir(INCIDENT)), Asked(round(5.2 * S), 1.0), ManualClock().clock)
    lines = drawn(next(watched.moments()), 80, 24)
    assert [line.rstrip() for line in lines] == [line[4:] for line in block.splitlines()]
