"""A run that is watched, by a clock that only waiting moves; and the command, as a user starts it."""

from __future__ import annotations

import fcntl
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from math import inf
from pathlib import Path

import pytest
from command_lab import RUN_SCENARIO
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
    """A clock that waiting moves. `on_wait` sees each new time."""

    now_ns: int = START - S
    on_wait: Callable[[int], None] = lambda _: None
    waits: list[float] = field(default_factory=list)
    tick_ns: int = 0
    """By how much it goes on whenever it is read."""

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now_ns += max(1, round(seconds * S))
        self.on_wait(self.now_ns)

    @property
    def clock(self) -> Clock:
        return Clock(self._read, self.wait)

    def _read(self) -> int:
        self.now_ns += self.tick_ns
        return self.now_ns


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
    clock.tick_ns = 1000
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
