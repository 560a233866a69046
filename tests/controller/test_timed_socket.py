"""When messages had been written: by arithmetic, and of what os-ken itself writes to a TCP connection."""

from __future__ import annotations

import socket
from threading import Thread
from time import monotonic_ns

import pytest
from controller_samples import triangle
from os_ken.base.app_manager import Datapath

from controller.openflow import barrier_token, encode
from controller.routing_rules import reroute_rules
from controller.timed_socket import TimedSocket

BARRIER_77 = bytes.fromhex("04 14 0008 0000004d")
"""ofp_header of OpenFlow 1.3: version 4, OFPT_BARRIER_REQUEST (20), length 8, transaction id 77."""

FLOW_MOD = encode(reroute_rules(triangle(), "east", "west", ("central",), (5,))[0])


class SlowSocket:
    """Takes `per_byte` of its own time for each byte."""

    def __init__(self, per_byte: int) -> None:
        self.now = 0
        self.per_byte = per_byte
        self.sent = b""

    def sendall(self, data: bytes, /) -> None:
        self.sent += data
        self.now += self.per_byte * len(data)

    def gettimeout(self) -> float:
        return 5.0


class BrokenSocket:
    def sendall(self, data: bytes, /) -> None:
        raise OSError(len(data))


def test_the_time_is_that_of_the_end_of_the_write() -> None:
    slow = SlowSocket(per_byte=10)
    timed = TimedSocket(slow, barrier_token, lambda: slow.now)
    timed.sendall(FLOW_MOD + BARRIER_77)
    timed.sendall(FLOW_MOD)
    assert slow.sent == FLOW_MOD + BARRIER_77 + FLOW_MOD
    assert timed.written_ns(77, answered_ns=10**9) == 10 * (len(FLOW_MOD) + 8)


def test_an_answer_that_is_read_first_bounds_the_time() -> None:
    slow = SlowSocket(per_byte=10)
    timed = TimedSocket(slow, barrier_token, lambda: slow.now)
    assert timed.written_ns(77, answered_ns=50) == 50
    timed.sendall(BARRIER_77)
    assert timed.written_ns(77, answered_ns=79) == 79


def test_what_could_not_be_written_has_no_time() -> None:
    timed = TimedSocket(BrokenSocket(), barrier_token, lambda: 1)
    with pytest.raises(OSError, match="8"):
        timed.sendall(BARRIER_77)
    assert timed.written_ns(77, answered_ns=50) == 50


def test_all_else_is_the_sockets_own() -> None:
    assert TimedSocket(SlowSocket(1), barrier_token).gettimeout() == 5.0


@pytest.mark.parametrize("written", [b"", b"\x04\x14", BARRIER_77[:-1], FLOW_MOD, BARRIER_77 + FLOW_MOD])
def test_only_a_barrier_request_at_the_end_has_a_token(written: bytes) -> None:
    assert barrier_token(written) is None
    assert barrier_token(written + BARRIER_77) == 77


def test_the_framework_writes_through_it_and_its_send_comes_before() -> None:
    """os-ken's send only queues: with nothing that takes from the queue, no time is noted."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        switch = socket.create_connection(server.getsockname())
        connected, address = server.accept()
    with switch, connected:
        timed = TimedSocket(connected, barrier_token)
        datapath = Datapath(timed, address)
        datapath.send(FLOW_MOD + BARRIER_77, close_socket=True)
        never = 2**63
        assert timed.written_ns(77, never) == never
        begun_ns = monotonic_ns()
        sending = Thread(target=datapath._send_loop)
        sending.start()
        received = b"".join(iter(lambda: switch.recv(4096), b""))
        sending.join()
        assert received == FLOW_MOD + BARRIER_77
        assert begun_ns <= timed.written_ns(77, never) <= monotonic_ns()
