"""Runs that are repeated until one is decided, told to the user and kept; without running anything."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from math import ceil
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from hostio.timing import S
from results.report.report import make_report
from results.run_files.documents import dump
from results.run_files.run_dir import RunDir
from results.verdict.summary import Summary
from scenarios.cli import play
from scenarios.cli.exit_codes import ExitCode
from scenarios.cli.guest_error import GuestError
from scenarios.cli.play import InMachine, decide, decide_in_machine, lack_of_room
from scenarios.language.library import LIBRARY, load_plan
from scenarios.suites.attempts import Attempt, attempted, spoilt_by_machine
from scenarios.vm.machine import Clock
from scenarios.vm.wall_time import virtual_wall_s

RECORDED = Path(__file__).parent.parent / "results" / "recorded" / "one-blip" / "run"
ONE_BLIP = LIBRARY / "one-blip.yaml"
LATE = SimpleNamespace(ok=False)


def attempt(verdict: str, obstacle: str | None = None, checks: tuple[SimpleNamespace, ...] = (LATE,)) -> Attempt:
    summary = SimpleNamespace(verdict=verdict, reasons=["late: 9 ms", "more"], fidelity=checks, expectations=[])
    return Attempt(cast("Summary", summary), Path("runs") / verdict, obstacle)


def played(*attempts: Attempt) -> Callable[[], Attempt]:
    return iter(attempts).__next__


@pytest.mark.parametrize(
    ("verdicts", "at_most", "runs"),
    [
        (["fail"], 3, 1),
        (["pass"], 3, 1),
        (["inconclusive", "fail", "pass"], 3, 2),
        (["inconclusive", "inconclusive", "inconclusive", "pass"], 3, 3),
        (["inconclusive", "pass"], 1, 1),
    ],
)
def test_a_run_without_a_verdict_is_repeated_and_no_other(verdicts: list[str], at_most: int, runs: int) -> None:
    said: list[str] = []
    made = attempted(played(*map(attempt, verdicts)), at_most, said.append)
    assert [each.summary.verdict for each in made] == verdicts[:runs]
    assert said == [
        f"attempt {number} of {at_most} was inconclusive: late: 9 ms; trying again" for number in range(1, runs)
    ]


def test_a_run_is_not_repeated_against_an_obstacle() -> None:
    said: list[str] = []
    made = attempted(played(attempt("inconclusive", "0 MB are free")), 3, said.append)
    assert len(made) == 1
    assert said == ["attempt 1 of 3 was inconclusive: late: 9 ms; not tried again: 0 MB are free"]


@pytest.mark.parametrize(
    ("attempts", "by_machine"),
    [
        ([attempt("inconclusive"), attempt("inconclusive")], True),
        ([attempt("inconclusive")], False),
        ([attempt("inconclusive"), attempt("pass")], False),
        ([attempt("inconclusive"), attempt("inconclusive", checks=())], False),
    ],
)
def test_the_machine_is_blamed_if_it_disturbed_every_attempt(attempts: list[Attempt], by_machine: bool) -> None:
    assert spoilt_by_machine(attempts) == by_machine


def test_a_figure_that_decides_nothing_is_blamed_on_the_machine_and_an_unknown_one_is_not() -> None:
    def undecided(value: float | None) -> Attempt:
        rows = [SimpleNamespace(ok=None, value=value)]
        summary = SimpleNamespace(verdict="inconclusive", reasons=["?"], fidelity=[], expectations=rows)
        return Attempt(cast("Summary", summary), Path("run"))

    assert spoilt_by_machine([undecided(3.0)] * 2)
    assert not spoilt_by_machine([undecided(None)] * 2)


@pytest.fixture(scope="module")
def spoilt(tmp_path_factory: pytest.TempPathFactory) -> Summary:
    """Of a recorded run, as if a busy machine had spoilt it."""
    run = RunDir(tmp_path_factory.mktemp("spoilt") / "run")
    shutil.copytree(RECORDED, run.root)
    found = make_report(run)
    checks = [replace(check, ok=False) for check in found.fidelity]
    return replace(found, verdict="inconclusive", reasons=["late: 9 ms"], fidelity=checks)


def test_what_was_repeated_is_named_and_the_last_run_decides(
    spoilt: Summary, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = Attempt(spoilt, tmp_path / "runs" / "first")
    second = Attempt(replace(spoilt, verdict="fail"), tmp_path / "runs" / "second")
    assert decide(played(first, second), load_plan(ONE_BLIP), 3) == ExitCode.FAIL
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["attempt", "1", "inconclusive", str(first.root)] in lines
    assert ["attempt", "2", "fail", str(second.root)] in lines
    assert not any("--vm" in line for line in lines)


def test_a_machine_that_can_do_no_better_is_told_what_can_and_how_long_it_takes(
    spoilt: Summary, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = load_plan(ONE_BLIP)
    assert decide(lambda: Attempt(spoilt, tmp_path), plan, 2) == ExitCode.INCONCLUSIVE
    said = capsys.readouterr().out
    assert "attempt 1 of 2 was inconclusive: late: 9 ms; trying again" in said
    minutes = virtual_wall_s(plan.duration_ns, Clock("virtual", plan.clock_shift)) / 60
    assert f"add --vm --clock virtual, which takes up to about {ceil(minutes)} minutes" in said


def test_wall_time_grows_with_duration_and_with_the_speed_of_the_virtual_cpu() -> None:
    """Ten seconds of a CPU of a thousand million instructions a second, on an emulator that does a tenth."""
    longer = virtual_wall_s(20 * S, Clock("virtual", 0)) - virtual_wall_s(10 * S, Clock("virtual", 0))
    assert longer == pytest.approx(100, rel=0.5)
    assert virtual_wall_s(10 * S, Clock("virtual", 2)) < virtual_wall_s(10 * S, Clock("virtual", 1))


def test_a_full_disk_is_an_obstacle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "raw").write_bytes(bytes(5_000_000))
    assert lack_of_room(tmp_path) is None
    assert lack_of_room(tmp_path / "gone") == f"{tmp_path / 'gone'}: No such file or directory"
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=2_000_000))
    assert (lack_of_room(tmp_path) or "").startswith(f"2 MB are free where {tmp_path} lies, and it took 5 MB")


UNREPORTED = -3
"""Of a run that is inconclusive and could not be reported on."""


class Guest:
    """In place of a virtual machine: the codes and summaries of its runs, one after another."""

    def __init__(self, *codes: int, summary: Summary) -> None:
        self._codes = iter(codes)
        self._summary = summary
        self.roots: list[Path] = []

    def run(
        self,
        _file: Path,
        _options: list[str],
        root: Path,
        _clock: Clock,
        print_line: Callable[[str], None],
        _within_s: float,
    ) -> int:
        print_line("a line")
        root.mkdir(parents=True)
        self.roots.append(root)
        code = next(self._codes)
        verdict = {0: "pass", 1: "fail"}.get(code, "inconclusive")
        if code != UNREPORTED:
            RunDir(root).summary.write_text(dump(replace(self._summary, verdict=verdict)))  # type: ignore[arg-type]
        return 3 if code == UNREPORTED else code


@pytest.fixture
def in_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., int]:
    """Plays one-blip in a stand-in for the virtual machine, three times at most."""

    def played_there(guest: Guest, clock: Clock) -> int:
        monkeypatch.setattr(play, "run_scenario_in_machine", guest.run)
        machine = InMachine(ONE_BLIP, [], tmp_path, clock, print)
        return decide_in_machine(partial(machine.play, load_plan(ONE_BLIP)), 3)

    return played_there


def test_runs_in_a_virtual_machine_are_repeated_too(
    in_machine: Callable[..., int], spoilt: Summary, capsys: pytest.CaptureFixture[str]
) -> None:
    guest = Guest(3, 1, summary=spoilt)
    assert in_machine(guest, Clock("real")) == ExitCode.FAIL
    said = capsys.readouterr().out
    assert "attempt 1 of 3 was inconclusive: late: 9 ms; trying again" in said
    assert len(set(guest.roots)) == 2
    assert all(str(root) in said for root in guest.roots)


def test_a_run_on_the_virtual_clock_is_not_repeated_because_it_would_be_the_same(
    in_machine: Callable[..., int], spoilt: Summary, capsys: pytest.CaptureFixture[str]
) -> None:
    guest = Guest(3, summary=spoilt)
    assert in_machine(guest, Clock("virtual")) == ExitCode.INCONCLUSIVE
    assert "not tried again: on the virtual clock a repetition would be the same run" in capsys.readouterr().out
    assert len(guest.roots) == 1


@pytest.mark.parametrize(("code", "ours"), [(2, 2), (70, 70), (74, 74), (127, 70), (UNREPORTED, 3)])
def test_a_run_in_a_virtual_machine_that_comes_to_no_verdict_is_not_repeated(
    in_machine: Callable[..., int], spoilt: Summary, code: int, ours: int
) -> None:
    guest = Guest(code, summary=spoilt)
    with pytest.raises(GuestError, match=f"ended with exit code {abs(code)}; what it recorded is in ") as caught:
        in_machine(guest, Clock("real"))
    assert caught.value.code == ours
    assert len(guest.roots) == 1
