"""A queue that one thread reads together with its sockets, and others write to."""

from __future__ import annotations

import socket
from collections import deque
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Inbox(Generic[Item]):
    """Becomes readable, for select, when something was put in."""

    def __init__(self) -> None:
        self._items: deque[Item] = deque()
        self._woken, self._waker = socket.socketpair()

    def fileno(self) -> int:
        """The descriptor to select on."""
        return self._woken.fileno()

    def put(self, item: Item) -> None:
        """Add an item; any thread may."""
        self._items.append(item)
        self._waker.send(b"\0")

    def take(self) -> Item:
        """The oldest item; waits for one if there is none."""
        self._woken.recv(1)
        return self._items.popleft()

    def close(self) -> None:
        """Give the descriptors back."""
        self._woken.close()
        self._waker.close()
