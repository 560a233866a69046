"""Compiled use of a `MessageBatch`: sending with refusals, receive timestamps."""

from __future__ import annotations

from typing import Any

from hostio.compiled import compiled, sendmmsg
from hostio.mmsg import MMSGHDR

_MESSAGE_BYTES = MMSGHDR.itemsize
_TIMESTAMPNS_HEADER = 1 | 35 << 32
"""cmsg_level SOL_SOCKET and cmsg_type SCM_TIMESTAMPNS, read as one little-endian word."""


@compiled
def send_messages(fd: int, messages: Any, count: int, refused: Any) -> int:
    """Hand the first `count` messages to a non-blocking socket in order; how many the kernel took.

    `refused` uint8[count] becomes 1 for each message that it did not take, else 0. sendmmsg(2) stops at such a message;
    it is left out, not tried again, and the rest goes on: what waits for room is late, and so is all behind it.
    """
    total = 0
    done = 0
    while done < count:
        taken = sendmmsg(fd, messages.ctypes.data + done * _MESSAGE_BYTES, count - done, 0)
        for index in range(done, done + taken):
            refused[index] = 0
        if taken <= 0:
            refused[done] = 1
            done += 1
        else:
            done += taken
            total += taken
    return total


@compiled
def rearm_timestamps(messages: Any, control: Any, count: int) -> None:
    """Give the first `count` messages their whole control buffer again: recvmmsg shortens what it used."""
    for index in range(count):
        messages[index].control_length = control.shape[1] * 8


@compiled
def receive_timestamp_ns(control: Any, index: int, otherwise_ns: int) -> int:
    """CLOCK_REALTIME ns at which the kernel received message `index`; `otherwise_ns` if it did not say."""
    if control[index, 1] != _TIMESTAMPNS_HEADER:
        return otherwise_ns
    return control[index, 2] * 1_000_000_000 + control[index, 3]  # type: ignore[no-any-return]
