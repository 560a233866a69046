"""What all parts of a run in its sandbox share: paths on its tmpfs, the signal to stop early, and `events.jsonl`."""

from __future__ import annotations

import select
from pathlib import Path
from time import monotonic_ns

from hostio.timing import S
from results.run_files.documents import Event, dump_line
from results.run_files.events import Phase

SANDBOX_FOLDER = Path("/run/blipnet")

TELEMETRY = SANDBOX_FOLDER / "telemetry.sock"
CONTROLLER_CONFIG = SANDBOX_FOLDER / "controller.json"


def redis_socket(life: int) -> Path:
    """Of the session directory's Redis, in each of its lives."""
    return SANDBOX_FOLDER / f"redis-{life}.sock"


def fate_log(cluster: str, life: int) -> Path:
    """What became of single packets in a cluster's relay (`relay_app.fate_log`), in each of its lives."""
    return SANDBOX_FOLDER / f"fates-{cluster}-{life}"


class StopSignal:
    """Watches a descriptor to which nobody ever writes."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def by(self, deadline_ns: int) -> bool:
        """Wait until a CLOCK_MONOTONIC time, ns, or the wish, whichever comes first; whether it was the wish."""
        remaining_ns = max(0, deadline_ns - monotonic_ns())
        readable, _, _ = select.select([self._descriptor], [], [], remaining_ns / S)
        return bool(readable)


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
