"""Classic BPF programs that match media, or frames longer than an MTU, and that drop the frames of a TCP port. Pure."""

from __future__ import annotations

from ipaddress import IPv4Address

from topologies.bpf.program import (
    IF_ABOVE,
    IF_AT_LEAST,
    IF_EQUAL,
    LOAD_BYTE,
    LOAD_HALF,
    LOAD_LENGTH,
    LOAD_WORD,
    MATCH,
    NO_MATCH,
    OUTGOING,
    PACKET_TYPE,
    RETURN,
    Instruction,
    Program,
)

_LOAD_HALF_AT_X, _HEADER_LENGTH_TO_X = 0x48, 0xB1

_IPV4, _IPV4_NO_OPTIONS = 0x0800, 0x45
_TCP, _UDP = 6, 17
_ETHERNET_HEADER = 14
_SOURCE_PORT = 34
"""Offset in a frame of UDP over IPv4 without options. In others it is something else, and they are left out anyhow."""

_GO_ON, _DROP = 0xFFFFFFFF, 2
"""TC_ACT_UNSPEC and TC_ACT_SHOT of linux/pkt_cls.h."""


def media_filter(ports: tuple[int, int], *, outgoing: bool = False, not_from: int | None = None) -> Program:
    """A socket filter that matches UDP frames to ports from the first to the last; `outgoing`: only those that leave.

    `not_from`: without those from this port. It matches the frames whose port
    `topologies.wire.frame_compiled.udp_destination` gives.
    """
    first, last = ports
    tests = [
        (LOAD_HALF, 12, IF_EQUAL, _IPV4),
        (LOAD_BYTE, 14, IF_EQUAL, _IPV4_NO_OPTIONS),
        (LOAD_BYTE, 23, IF_EQUAL, _UDP),
        (LOAD_HALF, 36, IF_AT_LEAST, first),
    ]
    if outgoing:
        tests.insert(0, (LOAD_BYTE, PACKET_TYPE, IF_EQUAL, OUTGOING))
    steps: list[Instruction] = []
    for left, (load, at, test, operand) in zip(range(len(tests), 0, -1), tests, strict=True):
        steps += [Instruction(load, operand=at), Instruction(test, 0, 2 * left, operand)]
    if not_from is not None:
        to_no_match = len(steps) + 2
        unwanted = Instruction(IF_EQUAL, to_no_match, 0, not_from)
        steps = [Instruction(LOAD_HALF, operand=_SOURCE_PORT), unwanted, *steps]
    return (
        *steps,
        Instruction(IF_ABOVE, 1, 0, operand=last),
        Instruction(RETURN, operand=MATCH),
        Instruction(RETURN, operand=NO_MATCH),
    )


def mtu_filter(mtu: int) -> Program:
    """The program that matches frames whose IP packet is longer than `mtu` bytes."""
    return (
        Instruction(LOAD_LENGTH),
        Instruction(IF_ABOVE, 0, 1, operand=mtu + _ETHERNET_HEADER),
        Instruction(RETURN, operand=MATCH),
        Instruction(RETURN, operand=NO_MATCH),
    )


def first_byte_filter(least: int, most: int) -> Program:
    """A socket filter that matches IPv4 UDP frames whose payload begins with a byte between these, both included."""
    return (
        Instruction(LOAD_HALF, operand=12),
        Instruction(IF_EQUAL, 0, 8, operand=_IPV4),
        Instruction(LOAD_BYTE, operand=14),
        Instruction(IF_EQUAL, 0, 6, operand=_IPV4_NO_OPTIONS),
        Instruction(LOAD_BYTE, operand=23),
        Instruction(IF_EQUAL, 0, 4, operand=_UDP),
        Instruction(LOAD_BYTE, operand=42),
        Instruction(IF_AT_LEAST, 0, 2, operand=least),
        Instruction(IF_ABOVE, 1, 0, operand=most),
        Instruction(RETURN, operand=MATCH),
        Instruction(RETURN, operand=NO_MATCH),
    )


def port_filter(port: int, address: str | None = None) -> Program:
    """A tc action that drops IPv4 frames of TCP from or to a port, and lets all others go on; those alone that are from
    or to an address, if one is given."""
    if address is None:
        return _port_filter(port)
    number = int(IPv4Address(address))
    rest = _port_filter(port)
    return (
        Instruction(LOAD_HALF, operand=12),
        Instruction(IF_EQUAL, 0, len(rest) + 2, operand=_IPV4),
        Instruction(LOAD_WORD, operand=26),
        Instruction(IF_EQUAL, 2, 0, operand=number),
        Instruction(LOAD_WORD, operand=30),
        Instruction(IF_EQUAL, 0, len(rest) - 2, operand=number),
        *rest,
    )


def _port_filter(port: int) -> Program:
    return (
        Instruction(LOAD_HALF, operand=12),
        Instruction(IF_EQUAL, 0, 7, operand=_IPV4),
        Instruction(LOAD_BYTE, operand=23),
        Instruction(IF_EQUAL, 0, 5, operand=_TCP),
        Instruction(_HEADER_LENGTH_TO_X, operand=14),
        Instruction(_LOAD_HALF_AT_X, operand=14),
        Instruction(IF_EQUAL, 3, 0, operand=port),
        Instruction(_LOAD_HALF_AT_X, operand=16),
        Instruction(IF_EQUAL, 1, 0, operand=port),
        Instruction(RETURN, operand=_GO_ON),
        Instruction(RETURN, operand=_DROP),
    )
