"""Processes of our own, signalled, and the buffers of their sockets, against what the kernel says of them."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from hostio.process_handle import ProcessHandle, enlarge_packet_buffers
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
    assert wait_until(lambda: held.states() == {"T"}, 30)
    held.send(signal.SIGCONT)
    assert wait_until(lambda: "T" not in held.states(), 30)
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


OTHER = """
import socket
packet = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
stream = socket.socket()
before = stream.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
print("open", flush=True)
input()
print(packet.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF))
print(stream.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) - before)
"""


@pytest.mark.root
def test_only_packet_sockets_of_the_other_process_get_deeper() -> None:
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", OTHER], **pipes) as process:  # type: ignore[call-overload]
        assert process.stdout.readline() == "open\n"
        assert enlarge_packet_buffers(process.pid, 3 << 20)
        answer, _ = process.communicate("\n")
    assert [int(line) for line in answer.split()] == [2 * 3 << 20, 0]  # the kernel doubles it, socket(7)


@pytest.mark.root
def test_a_process_without_packet_sockets_is_left_alone() -> None:
    with socket.socket(), subprocess.Popen(["sleep", "60"]) as process:
        assert enlarge_packet_buffers(process.pid)
        process.kill()


BUSY = """
import os
print("open", flush=True)
while True:
    for descriptor in [os.open("/dev/null", os.O_RDONLY) for _ in range(50)]:
        os.close(descriptor)
"""


@pytest.mark.root
def test_a_process_that_closes_files_meanwhile_does_no_harm() -> None:
    with subprocess.Popen([sys.executable, "-c", BUSY], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        assert [enlarge_packet_buffers(process.pid) for _ in range(200)] == [True] * 200
        process.kill()
