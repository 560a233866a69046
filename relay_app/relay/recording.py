"""Records of a relay while it runs: regular samples of its state, and every fetch from the directory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Event, Lock
from time import monotonic_ns

import numpy as np

from hostio.files import GrowingArray
from hostio.timing import S
from relay_app.forwarding.packet_path import PacketPath
from relay_app.locks.audit import LockAudit
from relay_app.records import FETCH, RELAY_SAMPLE, FetchOutcome
from relay_app.sessions.directory import Directory, DirectoryError, Fetched
from relay_app.sessions.session_table import SessionTable
from relay_app.versions.version import ControlSide


class Sampler:
    """Appends a RELAY_SAMPLE row at the start and once per interval."""

    def __init__(
        self,
        path: PacketPath,
        table: SessionTable,
        control: ControlSide,
        rows: GrowingArray,
        interval_ns: int,
        life: int = 0,
    ) -> None:
        self._path = path
        self._table = table
        self._control = control
        self._rows = rows
        self._interval_ns = interval_ns
        self._life = life
        self._stopped = Event()

    def run(self) -> None:
        """Sample until stopped."""
        every(self._interval_ns, self._stopped, self.sample)

    def sample(self) -> None:
        """Take a row now."""
        lock = self._table.lock
        gauges = (
            len(self._table.cache),
            self._control.fetching,
            self._path.queued,
            self._path.waiting_bytes(),
            lock.waiters,
            lock.held_ns(),
        )
        self._rows.append(np.array([(monotonic_ns(), *self._path.counts(), *gauges, self._life)], RELAY_SAMPLE))

    def stop(self) -> None:
        """End `run`."""
        self._stopped.set()


def every(interval_ns: int, stopped: Event, act: Callable[[], None]) -> None:
    """Call `act` now and once per interval until stopped. Instants missed because `act` took long are skipped."""
    due_ns = monotonic_ns()
    while not stopped.wait(max(due_ns - monotonic_ns(), 0) / S):
        act()
        due_ns += interval_ns * max(1, -(-(monotonic_ns() - due_ns) // interval_ns))


class RecordedSource:
    """A Directory whose fetches are recorded (FETCH) and reported to the lock audit as I/O. Thread-safe.

    Its own lock is held while a row is written, never across a fetch: that would make fetches wait for one another.
    """

    def __init__(self, directory: Directory, audit: LockAudit, rows: GrowingArray, life: int = 0) -> None:
        self._directory = directory
        self._audit = audit
        self._rows = rows
        self._life = life
        self._writing = Lock()

    def fetch(self, ssrcs: Sequence[int]) -> Fetched:
        """As Directory.fetch; DirectoryError."""
        asked_ns = monotonic_ns()
        try:
            with self._audit.io("directory fetch"):
                fetched = self._directory.fetch(ssrcs)
        except DirectoryError:
            self._record(asked_ns, {FetchOutcome.FAILED: ssrcs})
            raise
        outcomes = {
            FetchOutcome.FOUND: [record.ssrc for record in fetched.found],
            FetchOutcome.UNKNOWN: fetched.unknown,
            FetchOutcome.INVALID: fetched.invalid,
        }
        self._record(asked_ns, outcomes)
        return fetched

    def announce(self, ssrcs: Sequence[int], carrier: int) -> None:
        """As Directory.announce; DirectoryError."""
        with self._audit.io("directory announcement"):
            self._directory.announce(ssrcs, carrier)

    def _record(self, asked_ns: int, outcomes: dict[FetchOutcome, Sequence[int]]) -> None:
        answered_ns = monotonic_ns()
        rows = [
            (ssrc, asked_ns, answered_ns, int(outcome), self._life)
            for outcome, ssrcs in outcomes.items()
            for ssrc in ssrcs
        ]
        with self._writing:
            self._rows.append(np.array(rows, FETCH))
