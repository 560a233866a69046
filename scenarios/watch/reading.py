"""Reads the files of a run directory, again and again while they grow. Nothing else here touches a file.

What cannot be read is left out and noted: a run that goes on, or was killed, leaves lines that end in their middle.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from time import time
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hostio.storage import lock
from relay_app.records import RELAY_SAMPLE
from results.run_files.document_error import DocumentError
from results.run_files.documents import Lines, load_decisions, load_events
from results.run_files.events import End
from results.run_files.plan import Plan
from results.run_files.plan_formats import read_plan
from results.run_files.records import RecordsError, read_rows
from results.run_files.run_dir import RunDir
from scenarios.watch.entries import Record, time_of
from scenarios.watch.moment import Verdict

_YOUNG_S = 10.0
"""A run makes its first record within this time of its plan."""


class Kept(NamedTuple):
    """A record, the time at which it takes effect, and the line where it stands."""

    at_ns: int
    file: str
    number: int
    record: Record


class RunReading:
    """What has been read of a run so far."""

    def __init__(self, run: RunDir) -> None:
        """DocumentError if the directory has no plan, or one that cannot be read."""
        self._run = run
        self.plan = opened_plan(run)
        self._files = (_Growing(run.events, load_events), _Growing(run.decisions, load_decisions))
        self._samples: dict[str, NDArray[Any]] = {}
        self._unread: dict[str, str] = {}
        self.records: tuple[Kept, ...] = ()
        """All whole records, in the order of time."""
        self.over = False
        """Nothing more comes: the run has ended, in whatever way."""

    def look(self) -> None:
        """Read what is new. Whether the run is over is asked first: what it wrote until then is then read too."""
        self.over = self.over or _is_over(self._run)
        found = [file.look() for file in self._files]
        if any(found):
            self.records = tuple(sorted(record for file in self._files for record in file.kept))

    def look_at_samples(self) -> None:
        """Read the samples of all relays that are there."""
        for cluster in (each.name for each in self.plan.topology.clusters):
            try:
                samples = _samples(self._run, cluster)
            except FileNotFoundError:  # collected in this moment: the next look finds them
                continue
            except (RecordsError, OSError, ValueError) as error:
                self._unread[cluster] = f"the samples of relay {cluster} cannot be read: {error}"
            else:
                self._unread.pop(cluster, None)
                if samples is not None:
                    self._samples[cluster] = samples

    @property
    def samples(self) -> Mapping[str, NDArray[Any]]:
        """RELAY_SAMPLE rows in the order of time, of the clusters that have them."""
        return self._samples

    @property
    def end_ns(self) -> int | None:
        """The time of the End, or else of the last record; None without any."""
        ends = [each.at_ns for each in self.records if isinstance(each.record, End)]
        return ends[-1] if ends else self.records[-1].at_ns if self.records else None

    @property
    def notes(self) -> tuple[str, ...]:
        """What could not be read, a sentence each."""
        torn = (f"the last line of {file.name} is cut short" for file in self._files if self.over and file.torn)
        wrong = (file.problem for file in self._files if file.problem)
        killed = self.over and not any(isinstance(each.record, End) for each in self.records)
        never = ["the run never came to its end: it was killed, or its machine stopped"] if killed else []
        return (*never, *wrong, *torn, *self._unread.values())

    def verdict(self) -> Verdict | None:
        """The verdict of the run's summary; None if there is none that can be read."""
        try:
            summary = json.loads(self._run.summary.read_text(encoding="utf-8"))
            return Verdict(str(summary["verdict"]), tuple(map(str, summary["reasons"])))
        except (OSError, ValueError, KeyError, TypeError):
            return None


def opened_plan(run: RunDir) -> Plan:
    """The plan of a run directory. DocumentError says what is wrong with it, and what the user may have meant."""
    if not run.plan.exists():
        within = max((*run.root.glob("*/plan.json"), *run.root.glob("*/*/plan.json")), key=_age, default=None)
        meant = f"; did you mean {within.parent}, the newest in it?" if within else ""
        raise DocumentError(f"{run.root}: no run directory: it has no plan.json{meant}")
    try:
        return read_plan(run.plan)
    except DocumentError as error:
        raise DocumentError(f"{run.root}: its plan is none of this version of Blipnet: {error}") from error


def _age(path: Path) -> float:
    return path.stat().st_mtime


def _is_over(run: RunDir) -> bool:
    """Whether nobody writes to the directory any more: the runner has a lock on its log as long as it lives.

    Not asked before the first record: until then the runner may not have the lock yet, and must not find it taken.
    """
    if not run.events.exists() and run.plan.exists() and time() - _age(run.plan) < _YOUNG_S:
        return False
    try:
        with run.log("runner").open("rb") as log:
            return lock(log)
    except OSError:
        return True


class _Growing:
    """A file of JSON lines: its records so far. One that was replaced, or cut, is read again from its beginning."""

    def __init__(self, path: Path, load: Callable[[bytes, str], Lines[Any]]) -> None:
        self.name = path.name
        self._path = path
        self._load = load
        self._identity: tuple[int, int] | None = None
        self._read = 0
        self._lines = 0
        self._first_wrong = 0
        self._wrong = 0
        self.kept: list[Kept] = []
        self.torn = False

    @property
    def problem(self) -> str | None:
        """How many lines are no records, if any."""
        if not self._wrong:
            return None
        lines = f"line {self._first_wrong} is" if self._wrong == 1 else f"{self._wrong} lines are"
        return f"{self.name}: {lines} no record of this version, and not shown"

    def look(self) -> bool:
        """Read what is new; whether there was anything."""
        try:
            with self._path.open("rb") as file:
                status = os.fstat(file.fileno())
                identity = status.st_dev, status.st_ino
                if identity != self._identity or status.st_size < self._read:
                    self._begin(identity)
                file.seek(self._read)
                added = file.read()
        except OSError:
            return False
        *whole, rest = added.split(b"\n")
        self.torn = bool(rest.strip())
        self._read += len(added) - len(rest)
        for line in whole:
            self._take(line)
        return bool(whole)

    def _begin(self, identity: tuple[int, int]) -> None:
        self._identity = identity
        self._read = self._lines = self._wrong = 0
        self.kept = []

    def _take(self, line: bytes) -> None:
        self._lines += 1
        try:
            found = self._load(line + b"\n", self.name).records
        except DocumentError:
            self._first_wrong = self._first_wrong if self._wrong else self._lines
            self._wrong += 1
            return
        self.kept += [Kept(time_of(record), self.name, self._lines, record) for record in found]


def _samples(run: RunDir, cluster: str) -> NDArray[Any] | None:
    """A relay's samples: collected, or as its lives write them while the run goes on; None if there are none."""
    collected = run.relay(cluster)
    if collected.exists():
        return read_rows(collected, RELAY_SAMPLE)
    lives = [*_staged(run, cluster)]
    return np.concatenate(lives) if lives else None


def _staged(run: RunDir, cluster: str) -> Iterator[NDArray[Any]]:
    for life in range(256):
        path = run.staged(run.relay(cluster), life)
        if not path.exists():
            return
        rows = np.load(path, allow_pickle=False)
        if rows.dtype == RELAY_SAMPLE:
            yield rows
