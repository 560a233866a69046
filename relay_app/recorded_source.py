"""The directory as a relay sees it: every fetch is recorded key by key, and known to the lock audit as I/O."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock
from time import monotonic_ns

import numpy as np

from relay_app.directory import Directory, DirectoryError, Fetched
from relay_app.growing_array import GrowingArray
from relay_app.locks.audit import LockAudit
from relay_app.records import FETCH, FetchOutcome


class RecordedSource:
    """Wraps a Directory; any thread may use it. Its own lock guards the file only, never a fetch."""

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
