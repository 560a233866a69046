"""How many runs may be without a verdict, and what becomes of a session and of a test that meets none."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from run_record import RunRecord

TESTS = Path(__file__).resolve().parent


@pytest.mark.parametrize(
    ("played", "inconclusive", "too_many"),
    [
        (0, 0, False),
        (1, 1, False),
        (2, 2, False),
        (3, 3, True),
        (14, 3, True),
        (15, 3, False),
        (40, 8, False),
        (40, 9, True),
    ],
)
def test_a_session_may_have_two_runs_or_a_fifth_without_a_verdict(
    played: int, inconclusive: int, too_many: bool
) -> None:
    record = RunRecord(["inconclusive"] * inconclusive + ["pass", "fail"] * (played - inconclusive))
    del record.verdicts[played:]
    assert record.too_many is too_many
    assert str(record) == f"runs played: {played}, inconclusive: {inconclusive}"


@pytest.mark.parametrize(
    ("undecided", "tests", "too_few"), [(2, 4, False), (3, 4, True), (8, 40, False), (9, 40, True)]
)
def test_two_tests_or_a_fifth_of_those_that_play_runs_may_be_undecided(
    undecided: int, tests: int, too_few: bool
) -> None:
    assert RunRecord().too_few_tests_decided(undecided, tests) is too_few


UNDECIDED = """
import pytest
from run_record import InconclusiveError, RunRecord

@pytest.fixture(scope="module")
def undecided(runs: RunRecord) -> None:
    for _ in range({inconclusive}):
        runs.enter("inconclusive")
    raise InconclusiveError("late: 9 ms")

def test_others_pass(runs: RunRecord) -> None:
    for _ in range(10):
        runs.enter("pass")

def test_one(undecided: None) -> None: ...

def test_two(undecided: None) -> None: ...
"""


@pytest.mark.parametrize(
    ("inconclusive", "options", "code"), [(2, (), 0), (3, (), 1), (2, ("--no-skips",), 0), (3, ("--no-skips",), 1)]
)
def test_an_undecided_test_is_told_apart_and_too_many_runs_fail_the_session(
    tmp_path: Path, inconclusive: int, options: tuple[str, ...], code: int
) -> None:
    """Two tests want the same run, which is played once for both."""
    (tmp_path / "test_undecided.py").write_text(UNDECIDED.format(inconclusive=inconclusive))
    command = [sys.executable, "-m", "pytest", "-p", "conftest", "-p", "no:cacheprovider", *options, str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": f"{TESTS}:{TESTS.parent}"}
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    assert "INCONCLUSIVE test_undecided.py::test_two - late: 9 ms" in done.stdout
    assert f"runs played: {10 + inconclusive}, inconclusive: {inconclusive}" in done.stdout
    assert "1 passed, 2 inconclusive" in done.stdout
