"""Compiled handing on of packets of other programs, unchanged: which stream one is of, its digest, a batch to send."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from hostio.compiled import compiled
from hostio.mmsg import SOCKADDR_IN, MessageBatch, socket_address
from hostio.mmsg_compiled import send_messages

Array = npt.NDArray[Any]

NO_STREAM = -1

_ADDRESS_BYTES = SOCKADDR_IN.itemsize
_FNV_BASIS = np.uint64(0xCBF29CE484222325)
_FNV_PRIME = np.uint64(0x100000001B3)


class PassingMemory(NamedTuple):
    """The streams of other programs, and a batch of their packets to send on.

    ssrcs uint32[n]; destinations uint64[n, 2], each a sockaddr_in; fd int64[1], the socket to send from; batch
    int64[1], how many messages are in the batch.
    """

    ssrcs: Array
    destinations: Array
    fd: Array
    batch: Array
    iovecs: Array
    messages: Array
    refused: Array

    @classmethod
    def allocate(cls, destinations: Mapping[int, tuple[str, int]], fd: int, size: int) -> PassingMemory:
        """Memory for streams by SSRC, each with address and port to which it goes on, and batches of up to `size`."""
        batch = MessageBatch.allocate(size, 0, named=True)
        addresses = [socket_address(*each) for each in destinations.values()]
        return cls(
            ssrcs=np.array([*destinations], np.uint32),
            destinations=np.array(addresses, np.uint64).reshape(len(addresses), 2),
            fd=np.array([fd], np.int64),
            batch=np.zeros(1, np.int64),
            iovecs=batch.iovecs,
            messages=batch.messages,
            refused=batch.refused,
        )


@compiled
def stream_of(passing: Any, ssrc: int) -> int:
    """Number of the stream with this SSRC, or NO_STREAM."""
    for stream in range(len(passing.ssrcs)):
        if passing.ssrcs[stream] == ssrc:
            return stream
    return NO_STREAM


@compiled
def digest_of(data: Any, row: int, length: int) -> int:
    """The FNV-1a hash, 64 bits, of all bytes of a datagram (draft-eastlake-fnv)."""
    digest = _FNV_BASIS
    for index in range(length):
        digest = (digest ^ np.uint64(data[row, index])) * _FNV_PRIME
    return digest  # type: ignore[return-value]


@compiled
def add_to_batch(passing: Any, stream: int, data: Any, row: int, length: int) -> None:
    """Add the datagram in a row of `data` to the batch."""
    place = passing.batch[0]
    passing.iovecs[place].base = data.ctypes.data + row * data.shape[1]
    passing.iovecs[place].length = length
    passing.messages[place].name = passing.destinations.ctypes.data + stream * _ADDRESS_BYTES
    passing.batch[0] += 1


@compiled
def send_batch(passing: Any) -> int:
    """Hand the batch to the kernel, and empty it; how many it took. `refused` says which it did not."""
    count = passing.batch[0]
    passing.batch[0] = 0
    return send_messages(passing.fd[0], passing.messages, count, passing.refused)
