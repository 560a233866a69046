"""How many runs may be without a verdict, and what becomes of a session and of a test that meets none."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import run_lab
from run_lab import ONE_BLIP, Run, attempted
from run_record import RunRecord

TESTS = Path(__file__).resolve().parent


def summary(verdict: str, *, ok: bool = True, others: float = 0.0, stolen: float = 0.0) -> dict[str, Any]:
    machine = {"others": {"percent": others}, "stolen": {"percent": stolen}}
    return {"verdict": verdict, "fidelity": [{"ok": True}, {"ok": ok}], "machine": machine}


@pytest.mark.parametrize(
    ("played", "disturbed", "unexplained", "too_many"),
    [
        (0, 0, 0, False),
        (2, 0, 2, False),
        (3, 0, 3, True),
        (14, 0, 3, True),
        (15, 0, 3, False),
        (30, 12, 3, False),
        (20, 20, 0, False),
    ],
)
def test_of_a_sessions_runs_a_fifth_may_be_without_a_verdict_that_nothing_disturbed(
    played: int, disturbed: int, unexplained: int, too_many: bool
) -> None:
    assert RunRecord(played, disturbed, unexplained).too_many is too_many


def test_a_run_without_a_verdict_is_put_down_to_the_machine_if_its_records_do() -> None:
    record = RunRecord()
    for each in (
        summary("pass", ok=False),
        summary("inconclusive"),
        summary("inconclusive", ok=False),
        summary("inconclusive", others=25.0),
        summary("inconclusive", stolen=3.0),
        {**summary("inconclusive"), "machine": None},
    ):
        record.enter(each)
    assert record == RunRecord(played=6, disturbed=4, unexplained=1)
    assert str(record) == "runs played: 6, inconclusive: 5, of which the machine disturbed 4"


def test_a_run_that_is_not_believed_is_repeated_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    done: list[str] = []

    def played(out: Path, *_: object) -> Run:
        done.append(out.name)
        return Run(out, 0, "", summary("pass"))

    monkeypatch.setattr(run_lab, "played", played)
    record = RunRecord(alone=lambda: done.append("alone"))
    found = attempted(record, tmp_path, ONE_BLIP, believed=lambda run: run.root.name == "attempt-1")
    assert (found.root.name, done) == ("attempt-1", ["attempt-0", "alone", "attempt-1"])
    assert record.counts() == {"played": 2, "disturbed": 0, "unexplained": 0, "unmet": 0, "players": 0}


@pytest.mark.parametrize(
    ("undecided", "tests", "too_few"), [(2, 4, False), (3, 4, True), (10, 40, False), (11, 40, True)]
)
def test_two_tests_or_a_quarter_of_those_that_play_runs_may_be_undecided(
    undecided: int, tests: int, too_few: bool
) -> None:
    assert RunRecord(players=tests).too_few_tests_decided(undecided) is too_few


UNDECIDED = """
import pytest
from run_record import InconclusiveError, RunRecord

@pytest.fixture(scope="module")
def undecided(runs: RunRecord) -> None:
    for _ in range({inconclusive}):
        quiet = {{"others": {{"percent": 0}}, "stolen": {{"percent": 0}}}}
        runs.enter({{"verdict": "inconclusive", "fidelity": [], "machine": quiet}})
    raise InconclusiveError("late: 9 ms")

def test_one(undecided: None) -> None: ...

def test_two(undecided: None) -> None: ...
"""

OTHERS = """
from run_record import RunRecord

def test_others_pass(runs: RunRecord) -> None:
    for _ in range(10):
        runs.enter({"verdict": "pass"})
"""


@pytest.mark.parametrize(
    ("inconclusive", "options", "code"),
    [
        pytest.param(2, ("--no-skips", "-v", "--junitxml=junit.xml"), 0, marks=pytest.mark.long),
        (3, (), 1),
        pytest.param(3, ("-n2", "--dist=loadfile"), 1, marks=pytest.mark.long),
    ],
)
def test_an_undecided_test_is_told_apart_and_too_many_runs_fail_the_session(
    tmp_path: Path, inconclusive: int, options: tuple[str, ...], code: int
) -> None:
    """Two tests want the same run, which is played once for both; the third, in another file, is another worker's."""
    (tmp_path / "test_undecided.py").write_text(UNDECIDED.format(inconclusive=inconclusive))
    (tmp_path / "test_others.py").write_text(OTHERS)
    done = session(tmp_path, *options)
    assert done.returncode == code, done.stdout + done.stderr
    assert "INCONCLUSIVE test_undecided.py::test_two - late: 9 ms" in done.stdout
    counts = f"runs played: {10 + inconclusive}, inconclusive: {inconclusive}, of which the machine disturbed 0"
    assert done.stdout.count(f"{counts}\n") == 1
    assert ("inconclusive tests: 2 of 3: too many" in done.stdout) == (code == 1)
    assert "1 passed, 2 inconclusive" in done.stdout


def session(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """pytest on the tests in a folder, with this project's conftest and nothing else of it."""
    command = [sys.executable, "-m", "pytest", "-p", "conftest", "-p", "no:cacheprovider", *options, str(folder)]
    environment = {**os.environ, "PYTHONPATH": f"{TESTS}:{TESTS.parent}"}
    for name in [name for name in environment if name.startswith("PYTEST_XDIST")]:
        del environment[name]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, env=environment, check=False)


TURNS = """
import time
from contextlib import contextmanager
from pathlib import Path
import pytest

@contextmanager
def noted(kind):
    begun_ns = time.monotonic_ns()
    for _ in range(3):
        Path("scratch-{number}").write_text("work")
    yield
    with Path("times").open("a") as log:
        print(kind, begun_ns, time.monotonic_ns(), file=log)
"""

AMONG_ALL = """
def test_the_other_file_has_its_turn_too():
    Path("here-{number}").touch()
    end = time.monotonic() + 20
    while len(list(Path().glob("here-*"))) < 2:
        assert time.monotonic() < end

@pytest.mark.parametrize("n", range(25))
def test_among_all(n):
    with noted("all"): ...
"""

LATE = """
@pytest.mark.vm
@pytest.mark.parametrize("n", range(20))
def test_alone(n):
    with noted("alone"): ...

@pytest.mark.parametrize("n", range(20))
def test_among_few(n):
    with noted("few"): ...

@pytest.mark.vm
@pytest.mark.repeats_alone
@pytest.mark.parametrize("n", range(20))
def test_repeats_alone(n, runs):
    with noted("few"): ...
    runs.alone()
    with noted("alone"): ...
"""


@pytest.mark.long
def test_workers_run_tests_side_by_side_but_those_that_need_the_machine_alone(tmp_path: Path) -> None:
    """Two files of those that come first, at once; then two of those that come late."""
    for number, tests in ((11, AMONG_ALL), (12, AMONG_ALL), (21, LATE), (22, LATE)):
        (tmp_path / f"test_{number}.py").write_text((TURNS + tests).replace("{number}", str(number)))
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers =\n vm\n repeats_alone\n timeout\n")
    done = session(tmp_path, "-n2", "--dist=loadfile", "--no-loadscope-reorder")
    assert "172 passed" in done.stdout, done.stdout + done.stderr
    lines = [line.split() for line in (tmp_path / "times").read_text().splitlines()]
    times = [(int(begun), int(ended), kind) for kind, begun, ended in lines]
    assert len(times) == 2 * 25 + 2 * 80
    for (begun, ended, kind), (other_begun, other_ended, other_kind) in combinations(times, 2):
        may = {kind, other_kind} in ({"all"}, {"few"})
        assert may or ended <= other_begun or other_ended <= begun, (kind, other_kind)
