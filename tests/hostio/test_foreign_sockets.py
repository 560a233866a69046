from __future__ import annotations

import socket
import subprocess
import sys

import pytest

from hostio.process_handle import enlarge_packet_buffers

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
        assert all(enlarge_packet_buffers(process.pid) for _ in range(200))
        process.kill()
