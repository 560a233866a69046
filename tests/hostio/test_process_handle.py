"""Processes of our own, held and struck, against what the kernel says of them."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from hostio.process_handle import ProcessHandle
from hostio.timing import wait_until

THREADS = """
import threading
for _ in range(3):
    threading.Thread(target=threading.Event().wait, daemon=True).start()
print("started", flush=True)
threading.Event().wait()
"""


@pytest.fixture
def process() -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen([sys.executable, "-c", THREADS], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "started\n"
        yield child
        child.kill()


def test_a_stopped_process_has_every_thread_stopped_until_it_may_go_on(process: subprocess.Popen[str]) -> None:
    held = ProcessHandle(process.pid)
    assert "T" not in held.states()
    held.send(signal.SIGSTOP)
    assert wait_until(lambda: held.states() == {"T"}, 5)
    held.send(signal.SIGCONT)
    assert wait_until(lambda: "T" not in held.states(), 5)
    held.close()


def test_a_killed_process_is_gone_and_needs_no_more_signals(process: subprocess.Popen[str]) -> None:
    held = ProcessHandle(process.pid)
    assert not held.gone(0)
    held.send(signal.SIGKILL)
    assert held.gone(5)
    held.send(signal.SIGCONT)
    process.wait()
    assert held.states() == set()
    held.send(signal.SIGCONT)
    held.close()
    held.close()


def test_a_process_that_never_was_cannot_be_held(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait()
    with pytest.raises(ProcessLookupError):
        ProcessHandle(process.pid)
