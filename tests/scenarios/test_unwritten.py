"""A process whose records cannot be written ends, and its runner knows what and why, whenever it asks."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from hanging_run import fail_to_write, keep

from hostio.control import Failed, Stop, Stopped
from relay_app.messages import Quiesced, StopSending
from scenarios.supervision.processes import ProcessError, RunProcess, request_all, spawn, start_fork_server, stop_all

WITHIN_S = 60.0


pytestmark = pytest.mark.waits


@pytest.fixture(scope="module", autouse=True)
def fork_server() -> None:
    """Has imported what the module of the processes needs, so that each need not."""
    start_fork_server(["scenarios.supervision.run_control"])


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "logs").mkdir()
    return tmp_path


def failing(root: Path, number: int, name: str = "client-a") -> RunProcess:
    error = OSError(number, os.strerror(number), str(root / "staging" / "sent-a.npy"))
    process = spawn(name, fail_to_write, error, root / "logs" / f"{name}.log")
    process.await_ready(WITHIN_S)
    return process


def test_what_a_process_could_not_write_is_known_when_it_is_stopped(root: Path) -> None:
    numbers = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO)
    processes = [failing(root, number, f"client-{number}") for number in numbers]
    kept = spawn("client-b", keep, str(root / "records"), root / "logs" / "client-b.log")
    kept.await_ready(WITHIN_S)
    assert stop_all([*processes, kept], WITHIN_S) == {"client-b": Stopped({})}
    for number, process in zip(numbers, processes, strict=True):
        assert process.failures == [Failed(f"staging/sent-a.npy cannot be written: {os.strerror(number)}")]
        assert process.gone(WITHIN_S)
        assert process.log.read_text() == "", "no traceback for a full disk"
        process.close()
    assert kept.failures == []
    kept.close()


def test_any_other_error_is_a_bug_whose_traceback_is_in_its_log(root: Path) -> None:
    process = spawn("client-a", fail_to_write, ValueError("?"), root / "logs" / "client-a.log")
    process.await_ready(WITHIN_S)
    assert stop_all([process], WITHIN_S) == {}
    assert process.failures == [Failed("a bug in Blipnet itself; the traceback is in logs/client-a.log", bug=True)]
    assert process.gone(WITHIN_S)
    assert "ValueError: ?" in process.log.read_text()
    process.close()


def test_what_it_said_to_another_question_is_not_forgotten(root: Path) -> None:
    process = failing(root, errno.ENOSPC)
    request_all([process], StopSending(), Quiesced(), WITHIN_S)
    assert len(process.failures) == 1
    assert stop_all([process], WITHIN_S) == {}
    assert len(process.failures) == 1
    process.close()


def test_what_an_ended_process_said_before_it_was_asked_is_read(root: Path) -> None:
    process = failing(root, errno.ENOSPC)
    process.send(Stop())
    assert process.gone(WITHIN_S)
    stop_all([process], WITHIN_S)
    assert len(process.failures) == 1
    process.close()


def test_an_answer_that_is_a_failure_is_an_error_with_its_reason(root: Path) -> None:
    process = failing(root, errno.ENOSPC)
    process.send(Stop())
    with pytest.raises(
        ProcessError, match=r"^client-a: staging/sent-a\.npy cannot be written: No space left on device$"
    ):
        process.answer(WITHIN_S)
    process.close()
