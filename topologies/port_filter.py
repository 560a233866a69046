"""A TCP port that is cut off, as a classic BPF program for the kernel's direct action (tc-bpf(8)). Pure."""

from __future__ import annotations

from topologies.classic_bpf import IF_EQUAL, LOAD_BYTE, LOAD_HALF, RETURN, Instruction, Program

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
