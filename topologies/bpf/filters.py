"""Which frames are media, and which are a TCP port's: classic BPF programs for packet sockets and tc. Pure."""

from __future__ import annotations

from topologies.bpf.program import (
    IF_ABOVE,
    IF_AT_LEAST,
    IF_EQUAL,
    LOAD_BYTE,
    LOAD_HALF,
    MATCH,
    NO_MATCH,
    OUTGOING,
    PACKET_TYPE,
    RETURN,
    Instruction,
    Program,
)


def media_filter(ports: tuple[int, int], *, outgoing: bool = False) -> Program:
    """Matches frames to the ports from the first to the last; of those that leave an interface only, if `outgoing`.

    It tells the same frames as `topologies.wire.frame_compiled.udp_destination`.
    """
    first, last = ports
    tests = [
        (LOAD_HALF, 12, IF_EQUAL, 0x0800),
        (LOAD_BYTE, 14, IF_EQUAL, 0x45),
        (LOAD_BYTE, 23, IF_EQUAL, 17),
        (LOAD_HALF, 36, IF_AT_LEAST, first),
    ]
    if outgoing:
        tests.insert(0, (LOAD_BYTE, PACKET_TYPE, IF_EQUAL, OUTGOING))
    steps: list[Instruction] = []
    for left, (load, at, test, operand) in zip(range(len(tests), 0, -1), tests, strict=True):
        steps += [Instruction(load, operand=at), Instruction(test, 0, 2 * left, operand)]
    return (
        *steps,
        Instruction(IF_ABOVE, 1, 0, operand=last),
        Instruction(RETURN, operand=MATCH),
        Instruction(RETURN, operand=NO_MATCH),
    )


_LOAD_HALF_AT_X, _HEADER_LENGTH_TO_X = 0x48, 0xB1

_ETH_TYPE_IPV4, _IP_PROTO_TCP = 0x0800, 6
_GO_ON, _DROP = 0xFFFFFFFF, 2
"""TC_ACT_UNSPEC and TC_ACT_SHOT of linux/pkt_cls.h."""


def port_filter(port: int) -> Program:
    """The program that drops IPv4 frames of TCP from or to a port, and lets all others go on."""
    return (
        Instruction(LOAD_HALF, operand=12),
        Instruction(IF_EQUAL, 0, 7, operand=_ETH_TYPE_IPV4),
        Instruction(LOAD_BYTE, operand=23),
        Instruction(IF_EQUAL, 0, 5, operand=_IP_PROTO_TCP),
        Instruction(_HEADER_LENGTH_TO_X, operand=14),
        Instruction(_LOAD_HALF_AT_X, operand=14),
        Instruction(IF_EQUAL, 3, 0, operand=port),
        Instruction(_LOAD_HALF_AT_X, operand=16),
        Instruction(IF_EQUAL, 1, 0, operand=port),
        Instruction(RETURN, operand=_GO_ON),
        Instruction(RETURN, operand=_DROP),
    )
