"""Writes `events.jsonl`, each line whole and on disk before the next thing happens."""

from __future__ import annotations

from pathlib import Path
from time import monotonic_ns

from results.documents import Event, dump_line
from results.events import Phase


class EventLog:
    """Appends records to the run's events."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._path.touch()

    def add(self, event: Event) -> None:
        """Write one record."""
        with self._path.open("a", encoding="utf-8") as file:
            file.write(dump_line(event))

    def phase(self, name: str) -> None:
        """Write that a step was reached, now."""
        self.add(Phase(name, monotonic_ns()))
