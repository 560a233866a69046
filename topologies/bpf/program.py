"""Classic BPF programs and their two formats, for tc and for packet sockets (bpf(4), linux/filter.h). Pure."""

from __future__ import annotations

import struct
from typing import NamedTuple

LOAD_WORD, LOAD_HALF, LOAD_BYTE, LOAD_NUMBER, LOAD_MEMORY = 0x20, 0x28, 0x30, 0x00, 0x60
LOAD_LENGTH = 0x80
STORE, COPY_TO_X, LOAD_X = 0x02, 0x07, 0x61
XOR_X, XOR, MULTIPLY, SHIFT_RIGHT = 0xAC, 0xA4, 0x24, 0x74
JUMP, IF_EQUAL, IF_ABOVE, IF_AT_LEAST, RETURN = 0x05, 0x15, 0x25, 0x35, 0x06

MATCH, NO_MATCH = 0xFFFFFFFF, 0
"""Results of a socket filter: bytes to keep of a frame, or 0 to leave it out."""

PACKET_TYPE = 0xFFFFF000 + 4
"""Offset at which a program loads the packet's type (SKF_AD_OFF + SKF_AD_PKTTYPE)."""

OUTGOING = 4
"""The type of a packet that leaves (PACKET_OUTGOING)."""


class Instruction(NamedTuple):
    """One of struct sock_filter: code, jumps if true and if false, operand."""

    code: int
    jump_true: int = 0
    jump_false: int = 0
    operand: int = 0


Program = tuple[Instruction, ...]


def bytecode(program: Program) -> str:
    """The program for tc: the number of instructions, then the four numbers of each."""
    return ",".join([str(len(program)), *(" ".join(map(str, instruction)) for instruction in program)])


def machine_code(program: Program) -> bytes:
    """The program as an array of struct sock_filter."""
    return b"".join(struct.pack("HBBI", *instruction) for instruction in program)
