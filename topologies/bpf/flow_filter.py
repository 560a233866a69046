"""Classic BPF program that matches a share of a link's flows, which the link then drops. Pure.

It computes the hash of `topologies.wire.frame_compiled.flow_hash`, so that both link back ends drop the same flows.
"""

from __future__ import annotations

from topologies.bpf.program import (
    COPY_TO_X,
    IF_AT_LEAST,
    IF_EQUAL,
    JUMP,
    LOAD_BYTE,
    LOAD_HALF,
    LOAD_NUMBER,
    LOAD_WORD,
    LOAD_X,
    MATCH,
    MULTIPLY,
    NO_MATCH,
    RETURN,
    SHIFT_RIGHT,
    STORE,
    XOR_X,
    Instruction,
    Program,
)

NO_FLOW = 0xFFFFFFFF
"""Hash of frames that are not IPv4: they are dropped only where all flows are."""

_LARGEST_WORD = 0xFFFFFFFF


def flow_filter(below: int) -> Program:
    """The program that matches frames whose flow's hash is below a bound, 1 to 2³².

    Words are 32 bits, so the bound 2³² cannot be compared with: then the program matches every frame.
    """
    mixing = (
        Instruction(COPY_TO_X),
        Instruction(SHIFT_RIGHT, operand=16),
        Instruction(XOR_X),
        Instruction(MULTIPLY, operand=0x7FEB352D),
        Instruction(COPY_TO_X),
        Instruction(SHIFT_RIGHT, operand=15),
        Instruction(XOR_X),
        Instruction(MULTIPLY, operand=0x846CA68B),
        Instruction(COPY_TO_X),
        Instruction(SHIFT_RIGHT, operand=16),
        Instruction(XOR_X),
    )
    ports = (
        Instruction(LOAD_BYTE, operand=23),
        Instruction(STORE, operand=0),
        Instruction(IF_EQUAL, 2, 0, operand=17),
        Instruction(IF_EQUAL, 1, 0, operand=6),
        Instruction(JUMP, operand=4),
        Instruction(LOAD_WORD, operand=34),
        Instruction(LOAD_X, operand=0),
        Instruction(XOR_X),
        Instruction(STORE, operand=0),
    )
    addresses = (
        Instruction(LOAD_WORD, operand=26),
        *mixing,
        Instruction(STORE, operand=1),
        Instruction(LOAD_WORD, operand=30),
        Instruction(LOAD_X, operand=1),
        Instruction(XOR_X),
        *mixing,
        Instruction(LOAD_X, operand=0),
        Instruction(XOR_X),
    )
    other = len(ports) + len(addresses) + len(mixing) + 1
    return (
        Instruction(LOAD_HALF, operand=12),
        Instruction(IF_EQUAL, 0, other + 2, operand=0x0800),
        Instruction(LOAD_BYTE, operand=14),
        Instruction(IF_EQUAL, 0, other, operand=0x45),
        *ports,
        *addresses,
        *mixing,
        Instruction(JUMP, operand=1),
        Instruction(LOAD_NUMBER, operand=NO_FLOW),
        Instruction(IF_AT_LEAST, 0, 1, operand=min(below, _LARGEST_WORD)),
        Instruction(RETURN, operand=NO_MATCH if below <= _LARGEST_WORD else MATCH),
        Instruction(RETURN, operand=MATCH),
    )
