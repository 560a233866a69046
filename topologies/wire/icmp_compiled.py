"""Compiled: the ICMP answer of a router to a frame that is larger than the MTU of its next hop. No input or output."""

from __future__ import annotations

from typing import Any

import numpy as np

from hostio.compiled import compiled
from topologies.wire.frame_compiled import is_ipv4

ANSWER_BYTES = 14 + 20 + 8 + 20 + 8
"""Ethernet, IPv4 and ICMP headers; of the datagram that was too big its header and 64 bits (RFC 792)."""

_IP, _ICMP, _QUOTE = 14, 34, 42
_QUOTED = 28
_FRAGMENT, _PROTOCOL = 20, 23
_DONT_FRAGMENT, _OFFSET = 0x4000, 0x1FFF
_ICMP_PROTOCOL = 1
_TTL = 64
_UNREACHABLE, _FRAGMENTATION_NEEDED = 3, 4


@compiled
def wants_answer(frame: Any, length: int) -> bool:
    """Whether a router reports that it did not forward this frame: IPv4 that must not be fragmented (RFC 1191 §4), its
    first fragment, and no ICMP (RFC 1122 §3.2.2 forbids answers to errors; of echoes none is as large)."""
    if not is_ipv4(frame, length) or frame[_PROTOCOL] == _ICMP_PROTOCOL:
        return False
    flags = _half(frame, _FRAGMENT)
    return bool(flags & _DONT_FRAGMENT) and not flags & _OFFSET


@compiled
def write_answer(answer: Any, frame: Any, mtu: int) -> None:
    """Write ICMP "fragmentation needed and DF set" with the next hop's MTU, bytes, to the sender of `frame`.

    Its source is the destination of the frame: the emulated router has no address.
    `answer` uint8[ANSWER_BYTES or more].
    """
    answer[:ANSWER_BYTES] = 0
    answer[:6] = frame[6:12]
    answer[6:12] = frame[:6]
    answer[12], answer[13] = 8, 0
    answer[_IP] = 0x45
    _put(answer, _IP + 2, ANSWER_BYTES - _IP)
    answer[_IP + 8], answer[_IP + 9] = _TTL, _ICMP_PROTOCOL
    answer[_IP + 12 : _IP + 16] = frame[_IP + 16 : _IP + 20]
    answer[_IP + 16 : _IP + 20] = frame[_IP + 12 : _IP + 16]
    _put(answer, _IP + 10, _checksum(answer, _IP, _ICMP))
    answer[_ICMP], answer[_ICMP + 1] = _UNREACHABLE, _FRAGMENTATION_NEEDED
    _put(answer, _ICMP + 6, mtu)
    answer[_QUOTE : _QUOTE + _QUOTED] = frame[_IP : _IP + _QUOTED]
    _put(answer, _ICMP + 2, _checksum(answer, _ICMP, ANSWER_BYTES))


@compiled
def _checksum(frame: Any, first: int, end: int) -> int:
    """The Internet checksum (RFC 1071) of an even number of bytes."""
    total = 0
    for at in range(first, end, 2):
        total += _half(frame, at)
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


@compiled
def _half(frame: Any, at: int) -> Any:
    return np.int64(frame[at]) << 8 | np.int64(frame[at + 1])


@compiled
def _put(frame: Any, at: int, value: int) -> None:
    frame[at] = np.uint8(value >> 8)
    frame[at + 1] = np.uint8(value & 0xFF)
