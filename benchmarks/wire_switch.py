"""Switches that speak just enough OpenFlow 1.3 for a controller, over TCP: they have no ports, and obey."""

from __future__ import annotations

import socket
import struct
from contextlib import suppress
from threading import Event, Thread

HEADER = struct.Struct("!BBHI")
"""ofp_header: version, type, length, transaction id."""

HELLO, ECHO_REQUEST, ECHO_REPLY, FEATURES_REQUEST, FEATURES_REPLY, FLOW_MOD = 0, 2, 3, 5, 6, 14
MULTIPART_REQUEST, MULTIPART_REPLY, BARRIER_REQUEST, BARRIER_REPLY = 18, 19, 20, 21


class WireSwitch:
    """Answers in a thread of its own. While `answering` is not set, barrier requests wait."""

    def __init__(self, datapath_id: int, controller: tuple[str, int]) -> None:
        self.flow_mods = 0
        self.answering = Event()
        self.answering.set()
        self.asked = Event()
        """A barrier request came."""
        self._datapath_id = datapath_id
        self._connection = socket.create_connection(controller)
        self._thread = Thread(target=self._serve)
        self._thread.start()

    def close(self) -> None:
        """Answer what waits, and end the connection."""
        self.answering.set()
        with suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._connection.close()

    def _serve(self) -> None:
        with suppress(OSError):
            self._send(HELLO, 0)
            while head := self._read(HEADER.size):
                _, message, length, transaction = HEADER.unpack(head)
                self._answer(message, transaction, self._read(length - HEADER.size))

    def _answer(self, message: int, transaction: int, body: bytes) -> None:
        if message == ECHO_REQUEST:
            self._send(ECHO_REPLY, transaction, body)
        elif message == FEATURES_REQUEST:
            self._send(FEATURES_REPLY, transaction, struct.pack("!QIBB2xII", self._datapath_id, 0, 1, 0, 0, 0))
        elif message == MULTIPART_REQUEST:
            self._send(MULTIPART_REPLY, transaction, body[:2] + bytes(6))
        elif message == FLOW_MOD:
            self.flow_mods += 1
        elif message == BARRIER_REQUEST:
            self.asked.set()
            self.answering.wait()
            self._send(BARRIER_REPLY, transaction)

    def _send(self, message: int, transaction: int, body: bytes = b"") -> None:
        self._connection.sendall(HEADER.pack(4, message, HEADER.size + len(body), transaction) + body)

    def _read(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            data += (more := self._connection.recv(count - len(data)))
            if not more:
                return b""
        return data
