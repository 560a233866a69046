"""UDP and packet sockets: deep buffers, kernel receive timestamps, counters of overflow, classic BPF filters."""

from __future__ import annotations

import ctypes
import socket
import struct
import sys
from collections.abc import Iterable
from time import CLOCK_REALTIME, clock_gettime_ns, monotonic_ns
from typing import NamedTuple

ETH_P_ALL = 0x0003
SOL_PACKET = 263
PACKET_STATISTICS = 6
PACKET_IGNORE_OUTGOING = 23
SO_TIMESTAMPNS = 35
SO_MEMINFO = 55
SO_RCVBUFFORCE = 33
SO_SNDBUFFORCE = 32
_SO_ATTACH_FILTER = 26
_IP_RECVTTL = 12

BUFFER_BYTES = 16 << 20
"""Some 40 000 packets of voice: no burst of the emulated traffic is to be lost in the emulator."""

_TIMESPEC = struct.Struct("qq")
_DATAGRAM_ANCILLARY_BYTES = socket.CMSG_SPACE(_TIMESPEC.size) + socket.CMSG_SPACE(struct.calcsize("i"))
_MEMINFO_WORDS = 9
_MEMINFO_RECEIVE = 0
_MEMINFO_DROPS = 8
_INSTRUCTION_BYTES = 8


def udp_socket(address: str, port: int, buffer_bytes: int = BUFFER_BYTES) -> socket.socket:
    """A non-blocking UDP socket, bound, with kernel receive timestamps and buffers of this size. OSError if taken."""
    endpoint = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    _prepare(endpoint, buffer_bytes)
    endpoint.bind((address, port))
    return endpoint


def packet_socket(interface: str) -> socket.socket:
    """A non-blocking packet socket that gets every frame that arrives at an interface, and none that leaves it."""
    endpoint = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    _prepare(endpoint, BUFFER_BYTES)
    endpoint.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
    endpoint.bind((interface, ETH_P_ALL))
    return endpoint


def _prepare(endpoint: socket.socket, buffer_bytes: int) -> None:
    endpoint.setblocking(False)
    endpoint.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    for forced, limited in ((SO_RCVBUFFORCE, socket.SO_RCVBUF), (SO_SNDBUFFORCE, socket.SO_SNDBUF)):
        try:  # beyond the machine's limit needs CAP_NET_ADMIN
            endpoint.setsockopt(socket.SOL_SOCKET, forced, buffer_bytes)
        except PermissionError:
            endpoint.setsockopt(socket.SOL_SOCKET, limited, buffer_bytes)


def frame_socket(interface: str, machine_code: bytes) -> socket.socket:
    """A non-blocking packet socket for the frames of an interface, either way, that a classic BPF program matches."""
    endpoint = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    _prepare(endpoint, BUFFER_BYTES)
    attach_filter(endpoint, machine_code)
    endpoint.bind((interface, ETH_P_ALL))
    return endpoint


class Frame(NamedTuple):
    """The beginning of a frame, whether it leaves the interface, and when it passed there, CLOCK_MONOTONIC ns."""

    data: bytes
    outgoing: bool
    at_ns: int


def receive_frame(endpoint: socket.socket, size: int) -> Frame | None:
    """The next frame of a `frame_socket`, truncated to `size` bytes; None if none waits."""
    try:
        data, ancillary, _, (_, _, kind, *_) = endpoint.recvmsg(size, socket.CMSG_SPACE(_TIMESPEC.size))
    except BlockingIOError:
        return None
    return Frame(data, kind == socket.PACKET_OUTGOING, _stamped_ns(ancillary))


class Arrival(NamedTuple):
    """A datagram, the address it came from, when the kernel received it, CLOCK_MONOTONIC ns, and, after `receive_ttl`,
    the time to live of its IP header."""

    datagram: bytes
    sender: str
    received_ns: int
    ttl: int = 0


def receive_ttl(endpoint: socket.socket) -> None:
    """Have the kernel tell the time to live of what a `udp_socket` receives (ip(7), IP_RECVTTL)."""
    endpoint.setsockopt(socket.IPPROTO_IP, _IP_RECVTTL, 1)


def receive_stamped(endpoint: socket.socket, size: int) -> Arrival | None:
    """The next datagram of a `udp_socket`, truncated to `size` bytes; None if none waits."""
    try:
        datagram, ancillary, _, (sender, _) = endpoint.recvmsg(size, _DATAGRAM_ANCILLARY_BYTES)
    except BlockingIOError:
        return None
    return Arrival(datagram, sender, _stamped_ns(ancillary), _ttl(ancillary))


def _ttl(ancillary: Iterable[tuple[int, int, bytes]]) -> int:
    found = (data for level, kind, data in ancillary if (level, kind) == (socket.IPPROTO_IP, socket.IP_TTL))
    return int.from_bytes(next(found, b""), sys.byteorder)


def _stamped_ns(ancillary: Iterable[tuple[int, int, bytes]]) -> int:
    """The kernel's time stamp in CLOCK_MONOTONIC: now less its age by CLOCK_REALTIME.

    Only a clock step in between would be wrong.
    """
    realtime_ns = clock_gettime_ns(CLOCK_REALTIME)
    waited_ns = 0
    for level, kind, data in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, SO_TIMESTAMPNS):
            seconds, nanoseconds = _TIMESPEC.unpack(data)
            waited_ns = realtime_ns - (seconds * 1_000_000_000 + nanoseconds)
    return monotonic_ns() - waited_ns


def udp_drops(endpoint: socket.socket) -> int:
    """Datagrams lost because this socket's receive buffer was full (SK_MEMINFO_DROPS), since it was opened."""
    return _memory_info(endpoint)[_MEMINFO_DROPS]


def waiting_bytes(endpoint: socket.socket) -> int:
    """Memory of the datagrams in a socket's receive buffer with the kernel's overhead (SK_MEMINFO_RMEM_ALLOC)."""
    return _memory_info(endpoint)[_MEMINFO_RECEIVE]


def _memory_info(endpoint: socket.socket) -> tuple[int, ...]:
    info = endpoint.getsockopt(socket.SOL_SOCKET, SO_MEMINFO, 4 * _MEMINFO_WORDS)
    return struct.unpack(f"{len(info) // 4}I", info)


def packet_drops(endpoint: socket.socket) -> int:
    """Frames lost because this packet socket's buffer was full, since the last call: reading clears it (packet(7))."""
    _, drops = struct.unpack("II", endpoint.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))
    return int(drops)


def attach_filter(endpoint: socket.socket, machine_code: bytes) -> None:
    """Have a socket receive only what a classic BPF program (an array of struct sock_filter) matches."""
    code = ctypes.create_string_buffer(machine_code, len(machine_code))
    program = struct.pack("HL", len(machine_code) // _INSTRUCTION_BYTES, ctypes.addressof(code))
    endpoint.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, program)


class PacketCounter:
    """Counts the frames of an interface that a classic BPF program matches; `incoming`: only those that arrive there.

    Nobody reads the socket. Its receive buffer is the smallest there is, and once that is full the kernel copies no
    more frames, but counts them still: PACKET_STATISTICS includes those dropped (packet(7)).
    """

    def __init__(self, interface: str, machine_code: bytes, *, incoming: bool) -> None:
        self._counted = 0
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 0)
        self._socket.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, int(incoming))
        attach_filter(self._socket, machine_code)
        self._socket.bind((interface, ETH_P_ALL))

    def read(self) -> int:
        """Frames since it was made."""
        packets, _ = struct.unpack("II", self._socket.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))
        self._counted += packets
        return self._counted

    def close(self) -> None:
        """Stop counting."""
        self._socket.close()
