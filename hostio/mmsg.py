"""Memory for recvmmsg(2) and sendmmsg(2), laid out as the kernel's structs, as numpy arrays for compiled loops."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Any

import numpy as np
import numpy.typing as npt

IOVEC = np.dtype([("base", "<u8"), ("length", "<u8")])
"""struct iovec on 64-bit Linux."""

MMSGHDR = np.dtype(
    [
        ("name", "<u8"),
        ("name_length", "<u4"),
        ("_pad0", "<u4"),
        ("iov", "<u8"),
        ("iov_count", "<u8"),
        ("control", "<u8"),
        ("control_length", "<u8"),
        ("flags", "<i4"),
        ("_pad1", "<u4"),
        ("length", "<u4"),
        ("_pad2", "<u4"),
    ]
)
"""struct mmsghdr on 64-bit Linux; `length` is the datagram's, as sent or received."""

SOCKADDR_IN = np.dtype([("family", "<u2"), ("port", ">u2"), ("address", ">u4"), ("_zero", "<u8")])
"""struct sockaddr_in."""

POLLFD = np.dtype([("fd", "<i4"), ("events", "<i2"), ("revents", "<i2")])
"""struct pollfd."""

POLLIN = 1
_TIMESTAMP_CONTROL_WORDS = 4
"""struct cmsghdr, 16 bytes, and a struct timespec."""

Array = npt.NDArray[Any]


def socket_address(address: str, port: int) -> Array:
    """A sockaddr_in as uint64[2]: compiled code cannot read big-endian fields. The first word is all that varies."""
    return np.array([(socket.AF_INET, port, int(IPv4Address(address)), 0)], SOCKADDR_IN).view(np.uint64)


@dataclass(frozen=True, slots=True)
class MessageBatch:
    """Room for `count` datagrams of up to `size` bytes.

    `data` uint8[count, size]; `iovecs` IOVEC[count]; `messages` MMSGHDR[count]; `control` int64[count, 4] for one
    receive timestamp each; `names` SOCKADDR_IN[count]; `refused` uint8[count], written by `send_messages`. The messages
    hold addresses in the other arrays, which must be kept for as long as they are used.
    """

    data: Array
    iovecs: Array
    messages: Array
    control: Array
    names: Array
    refused: Array

    @classmethod
    def allocate(cls, count: int, size: int, *, named: bool = False, timestamped: bool = False) -> MessageBatch:
        """A batch whose messages carry peer addresses if `named`, and kernel timestamps if `timestamped`."""
        data = np.zeros((count, size), np.uint8)
        iovecs = np.zeros(count, IOVEC)
        control = np.zeros((count, _TIMESTAMP_CONTROL_WORDS), np.int64)
        names = np.zeros(count, SOCKADDR_IN)
        messages = np.zeros(count, MMSGHDR)
        iovecs["base"] = _row_addresses(data)
        iovecs["length"] = size
        messages["iov"] = _row_addresses(iovecs)
        messages["iov_count"] = 1
        if named:
            messages["name"] = _row_addresses(names)
            messages["name_length"] = SOCKADDR_IN.itemsize
        if timestamped:
            messages["control"] = _row_addresses(control)
            messages["control_length"] = control.strides[0]
        return cls(data, iovecs, messages, control, names, np.zeros(count, np.uint8))


def _row_addresses(array: Array) -> Array:
    return np.uint64(array.ctypes.data) + np.arange(len(array), dtype=np.uint64) * np.uint64(array.strides[0])


def poll_descriptors(*fds: int) -> Array:
    """POLLFD[n] waiting for input on each."""
    descriptors = np.zeros(len(fds), POLLFD)
    descriptors["fd"] = fds
    descriptors["events"] = POLLIN
    return descriptors
