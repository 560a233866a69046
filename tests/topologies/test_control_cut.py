"""The cut between switches and controller, in a network namespace of its own, against the kernel."""

from __future__ import annotations

import os
import subprocess
import sys
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from topologies.bpf.filters import port_filter
from topologies.bpf.program import Program

PROJECT = Path(__file__).resolve().parent.parent.parent

SCRIPT = """
import os, socket
from hostio.commands import run
from topologies.tc.control_cut import ControlCut

run(["ip", "link", "set", "dev", "lo", "up"])
before = run(["tc", "qdisc", "show", "dev", "lo"])

def reaches(port, address="127.0.0.1", within_s=20):
    with socket.socket() as listener, socket.socket() as caller:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
        listener.listen()
        caller.settimeout(within_s)
        try:
            caller.connect((address, port))
        except TimeoutError:
            return False
        return True

def carries(one, other, within_s=20):
    one.send(b"x")
    other.settimeout(within_s)
    try:
        return other.recv(1) == b"x"
    except TimeoutError:
        return False

listener = socket.create_server(("127.0.0.1", 6653))
switch = socket.create_connection(("127.0.0.1", 6653))
controller, _ = listener.accept()
listener.close()
cut = ControlCut(6653)
assert cut.verify() and carries(switch, controller) and carries(controller, switch)
cut.begin()
assert cut.verify()
assert not carries(switch, controller, 0.3) and not carries(controller, switch, 0.3)
assert not reaches(6653, within_s=0.3) and reaches(6654)
assert "bytecode" in run(["tc", "filter", "show", "dev", "lo", "ingress"])
cut.end()
cut.end()
assert cut.verify()
assert run(["tc", "filter", "show", "dev", "lo", "ingress"]).strip() == ""
for end in (switch, controller):
    end.settimeout(20)
    assert end.recv(1) == b"x", "what was lost in the cut is sent again, on the same connection"
assert reaches(6653)
one = ControlCut(6653, "127.0.1.3")
one.begin()
cut.begin()
assert one.verify() and cut.verify() and not reaches(6653, within_s=0.3)
cut.end()
assert one.verify() and cut.verify()
assert reaches(6653) and not reaches(6653, "127.0.1.3", 0.3) and reaches(6653, "127.0.1.4")
one.end()
assert one.verify() and reaches(6653, "127.0.1.3")
cut.close()
assert run(["tc", "qdisc", "show", "dev", "lo"]) == before
print("done")
"""


@pytest.mark.root
def test_nothing_passes_either_way_while_it_is_cut_and_nothing_is_left_after() -> None:
    command = ["unshare", "--net", sys.executable, "-c", SCRIPT]
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment, check=False)
    assert done.stdout == "done\n", done.stderr


@pytest.mark.parametrize(
    ("source", "destination", "protocol", "dropped"),
    [(6653, 40000, 6, True), (40000, 6653, 6, True), (40000, 6654, 6, False), (6653, 6653, 17, False)],
)
@pytest.mark.parametrize("options", [0, 3])
def test_the_program_takes_tcp_of_that_port_only(
    source: int, destination: int, protocol: int, dropped: bool, options: int
) -> None:
    header = bytearray(20 + 4 * options)
    header[0], header[9] = 0x45 + options, protocol
    ports = source.to_bytes(2, "big") + destination.to_bytes(2, "big")
    assert (run_program(port_filter(6653), bytes(12) + b"\x08\x00" + bytes(header) + ports) == 2) is dropped


def test_other_frames_go_on() -> None:
    assert run_program(port_filter(6653), bytes(12) + b"\x08\x06" + bytes(40)) == 0xFFFFFFFF


def run_program(program: Program, frame: bytes) -> int:
    """What a machine of classic BPF returns, as far as this program needs one."""
    accumulator, index, at = 0, 0, 0
    while True:
        code, if_true, if_false, operand = program[at]
        at += 1
        if code == 0x06:
            return operand
        if code == 0x15:
            at += if_true if accumulator == operand else if_false
        elif code == 0xB1:
            index = 4 * (frame[operand] & 0xF)
        else:
            place = operand + (index if code == 0x48 else 0)
            accumulator = int.from_bytes(frame[place : place + {0x30: 1, 0x20: 4}.get(code, 2)], "big")


@pytest.mark.parametrize(
    ("source", "destination", "dropped"),
    [("127.0.0.1", "127.0.1.3", True), ("127.0.1.3", "127.0.0.1", True), ("127.0.0.1", "127.0.1.4", False)],
)
@pytest.mark.parametrize("port", [6653, 6654])
def test_the_program_of_one_connection_takes_that_address_only(
    source: str, destination: str, dropped: bool, port: int
) -> None:
    header = (
        bytes([0x45]) + bytes(8) + bytes([6]) + bytes(2) + IPv4Address(source).packed + IPv4Address(destination).packed
    )
    frame = bytes(12) + b"\x08\x00" + header + (40_000).to_bytes(2, "big") + port.to_bytes(2, "big")
    assert (run_program(port_filter(6653, "127.0.1.3"), frame) == 2) is (dropped and port == 6653)
