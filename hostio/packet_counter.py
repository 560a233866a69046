"""Counts frames in the kernel: a packet socket that is never read, behind a filter."""

from __future__ import annotations

import ctypes
import socket
import struct

from hostio.sockets import ETH_P_ALL, PACKET_IGNORE_OUTGOING, PACKET_STATISTICS, SOL_PACKET

_SO_ATTACH_FILTER = 26
_INSTRUCTION_BYTES = 8


class PacketCounter:
    """The frames of an interface that a classic BPF program matches; `incoming`: those that arrive there only.

    Once its least of buffers is full nothing is copied, and the kernel counts what it turns away with what it took
    (packet(7), PACKET_STATISTICS).
    """

    def __init__(self, interface: str, machine_code: bytes, *, incoming: bool) -> None:
        self._counted = 0
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 0)
        self._socket.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, int(incoming))
        attach_filter(self._socket, machine_code)
        self._socket.bind((interface, ETH_P_ALL))

    def read(self) -> int:
        """How many so far."""
        packets, _ = struct.unpack("II", self._socket.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))
        self._counted += packets
        return self._counted

    def close(self) -> None:
        """Stop counting."""
        self._socket.close()


def attach_filter(endpoint: socket.socket, machine_code: bytes) -> None:
    """Have a socket get only what a classic BPF program (an array of struct sock_filter) matches."""
    code = ctypes.create_string_buffer(machine_code, len(machine_code))
    program = struct.pack("HL", len(machine_code) // _INSTRUCTION_BYTES, ctypes.addressof(code))
    endpoint.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, program)
