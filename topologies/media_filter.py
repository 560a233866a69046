"""Which frames are media: UDP to the media's ports, over IPv4 without options, as a classic BPF program. Pure."""

from __future__ import annotations

from topologies.classic_bpf import (
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

    It tells the same frames as `wire_frame_loop.udp_destination`.
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
