"""Shared by all parts of a run in its sandbox: paths on its tmpfs, the signal to stop early, and `events.jsonl`."""

from __future__ import annotations

import select
from contextlib import suppress
from pathlib import Path
from time import monotonic_ns

from hostio.files import append_line
from hostio.timing import S
from results.run_files.documents import Event, dump_line
from results.run_files.events import Begun, Phase, Stage

SANDBOX_FOLDER = Path("/run/blipnet")

TELEMETRY = SANDBOX_FOLDER / "telemetry.sock"
CONTROLLER_CONFIG = SANDBOX_FOLDER / "controller.json"
GSTREAMER_REGISTRY = SANDBOX_FOLDER / "gstreamer-registry"
"""In which GStreamer keeps what plugins there are: outside a sandbox it would be in the user's home."""


def redis_socket(life: int) -> Path:
    """Unix socket of the session directory's Redis, in one of its lives."""
    return SANDBOX_FOLDER / f"redis-{life}.sock"


def decoded_pipe(ssrc: int) -> Path:
    """The named pipe for what a decoder of GStreamer writes of a stream."""
    return SANDBOX_FOLDER / f"decoded-{ssrc:08x}"


def fate_log(cluster: str, life: int) -> Path:
    """The FateLog of a cluster's relay, in one of its lives."""
    return SANDBOX_FOLDER / f"fates-{cluster}-{life}"


def relay_folder(cluster: str, life: int) -> Path:
    """Folder of a relay program, in one of its lives; those of all its lives lie in one."""
    return SANDBOX_FOLDER / f"relay-{cluster}" / str(life)


def server_folder(cluster: str, life: int) -> Path:
    """Folder of the server behind a cluster's relay, in one of its lives; as of a relay."""
    return SANDBOX_FOLDER / f"server-{cluster}" / str(life)


def peer_folder(name: str) -> Path:
    """Folder of a peer of a WebRTC call, by its name."""
    return SANDBOX_FOLDER / name


class StopSignal:
    """The signal to stop early: end of file on a descriptor, to which nothing is ever written."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def by(self, deadline_ns: int) -> bool:
        """Wait until `deadline_ns` (CLOCK_MONOTONIC) or the signal, whichever is first; whether it was the signal."""
        remaining_ns = max(0, deadline_ns - monotonic_ns())
        readable, _, _ = select.select([self._descriptor], [], [], remaining_ns / S)
        return bool(readable)


class EventLog:
    """Appends records to `events.jsonl`. Each is written out at once, for the live progress and in case of a crash."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._path.touch()

    def add(self, event: Event) -> None:
        """Append a record."""
        append_line(self._path, dump_line(event))

    def begin(self, stage: Stage, step: str) -> None:
        """Append that a step begins now. One that cannot be written is left out: what must be written will tell."""
        with suppress(OSError):
            self.add(Begun(stage, step, monotonic_ns()))

    def phase(self, name: str) -> None:
        """Append a Phase with the present time."""
        self.add(Phase(name, monotonic_ns()))
