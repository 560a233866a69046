"""The share of a link's flows that vanish, as a classic BPF program for the kernel. Pure.

It computes the very hash of `wire_frame_loop.flow_hash`, so that both back ends take the same flows.
"""

from __future__ import annotations

from typing import NamedTuple

_LOAD_WORD, _LOAD_HALF, _LOAD_BYTE, _LOAD_NUMBER, _LOAD_MEMORY = 0x20, 0x28, 0x30, 0x00, 0x60
_STORE, _COPY_TO_X, _LOAD_X = 0x02, 0x07, 0x61
_XOR_X, _XOR, _MULTIPLY, _SHIFT_RIGHT = 0xAC, 0xA4, 0x24, 0x74
_JUMP, _IF_EQUAL, _IF_AT_LEAST, _RETURN = 0x05, 0x15, 0x35, 0x06

NO_FLOW = 0xFFFFFFFF
"""In place of the hash, for frames that are not IPv4: they vanish with all flows only."""

_MATCH, _NO_MATCH = 0xFFFFFFFF, 0
_LARGEST_WORD = 0xFFFFFFFF


class Instruction(NamedTuple):
    """One of struct sock_filter: code, jumps if true and if false, operand."""

    code: int
    jump_true: int = 0
    jump_false: int = 0
    operand: int = 0


def flow_filter(below: int) -> tuple[Instruction, ...]:
    """The program that matches frames whose flow's hash is below a bound, 1 to 2³²."""
    mixing = (
        Instruction(_COPY_TO_X),
        Instruction(_SHIFT_RIGHT, operand=16),
        Instruction(_XOR_X),
        Instruction(_MULTIPLY, operand=0x7FEB352D),
        Instruction(_COPY_TO_X),
        Instruction(_SHIFT_RIGHT, operand=15),
        Instruction(_XOR_X),
        Instruction(_MULTIPLY, operand=0x846CA68B),
        Instruction(_COPY_TO_X),
        Instruction(_SHIFT_RIGHT, operand=16),
        Instruction(_XOR_X),
    )
    ports = (
        Instruction(_LOAD_BYTE, operand=23),
        Instruction(_STORE, operand=0),
        Instruction(_IF_EQUAL, 2, 0, operand=17),
        Instruction(_IF_EQUAL, 1, 0, operand=6),
        Instruction(_JUMP, operand=4),
        Instruction(_LOAD_WORD, operand=34),
        Instruction(_LOAD_X, operand=0),
        Instruction(_XOR_X),
        Instruction(_STORE, operand=0),
    )
    addresses = (
        Instruction(_LOAD_WORD, operand=26),
        *mixing,
        Instruction(_STORE, operand=1),
        Instruction(_LOAD_WORD, operand=30),
        Instruction(_LOAD_X, operand=1),
        Instruction(_XOR_X),
        *mixing,
        Instruction(_LOAD_X, operand=0),
        Instruction(_XOR_X),
    )
    other = len(ports) + len(addresses) + len(mixing) + 1
    return (
        Instruction(_LOAD_HALF, operand=12),
        Instruction(_IF_EQUAL, 0, other + 2, operand=0x0800),
        Instruction(_LOAD_BYTE, operand=14),
        Instruction(_IF_EQUAL, 0, other, operand=0x45),
        *ports,
        *addresses,
        *mixing,
        Instruction(_JUMP, operand=1),
        Instruction(_LOAD_NUMBER, operand=NO_FLOW),
        Instruction(_IF_AT_LEAST, 0, 1, operand=min(below, _LARGEST_WORD)),
        Instruction(_RETURN, operand=_NO_MATCH if below <= _LARGEST_WORD else _MATCH),
        Instruction(_RETURN, operand=_MATCH),
    )


def bytecode(program: tuple[Instruction, ...]) -> str:
    """The program as tc reads it: their number, and each one's four numbers."""
    return ",".join([str(len(program)), *(" ".join(map(str, instruction)) for instruction in program)])
