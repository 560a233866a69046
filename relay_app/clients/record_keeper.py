"""Refreshes the records of a client's streams in the session directory, so that these do not expire there.

A record lasts for its lifetime from its last refresh; one that expired is there again with the next.
"""

from __future__ import annotations

from collections.abc import Sequence
from threading import Event
from time import monotonic_ns

from hostio.timing import S
from relay_app.clients.refresh_schedule import RefreshedStream
from relay_app.refreshes import Permission
from relay_app.sessions.directory import Directory, DirectoryEndpoint, DirectoryError, StreamRecord


class RecordKeeper:
    """Writes all records of a permission together, in one round trip; `run` in a thread of its own."""

    def __init__(
        self, endpoint: DirectoryEndpoint, streams: Sequence[RefreshedStream], records: Sequence[StreamRecord]
    ) -> None:
        self._directory = Directory(endpoint)
        self._streams = streams
        self._records = {record.ssrc: record for record in records}
        self._start_ns = 0
        self._began = Event()
        self._stopped = Event()

    def begin(self, start_ns: int) -> None:
        """Refresh from then on, CLOCK_MONOTONIC."""
        self._start_ns = start_ns
        self._began.set()

    def stop(self) -> None:
        """Have `run` end."""
        self._stopped.set()
        self._began.set()

    def run(self) -> None:
        """Refresh until stopped. What fails is repeated at the interval of requests without an answer."""
        self._began.wait()
        due = dict.fromkeys((stream.permission for stream in self._streams), self._start_ns)
        while due and not self._stopped.is_set():
            permission = min(due, key=lambda each: due[each])
            if not self._stopped.wait(max(due[permission] - monotonic_ns(), 0) / S):
                due[permission] = self._next_ns(permission, due[permission])
        self._directory.close()

    def _next_ns(self, permission: Permission, due_ns: int) -> int:
        """Refresh the records of a permission; when to do so next."""
        try:
            self._directory.refresh(self._alive(permission))
        except DirectoryError:
            return monotonic_ns() + permission.retransmit_ns
        return due_ns + permission.refresh_ns * max(1, -(-(monotonic_ns() - due_ns) // permission.refresh_ns))

    def _alive(self, permission: Permission) -> list[StreamRecord]:
        """The records of the calls that are on, or begin before the next refresh."""
        now_ns = monotonic_ns() - self._start_ns
        return [
            self._records[stream.ssrc]
            for stream in self._streams
            if stream.permission == permission and stream.from_ns - permission.refresh_ns <= now_ns < stream.until_ns
        ]
