"""A scheduler and two workers on this machine, which share its lock, and all that is killed while they play a sweep."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

from hostio.timing import wait_until
from scenarios.cli.exit_codes import VERDICT_CODES
from scenarios.paths import PROJECT

WORKER_KILLS = 5
_COMMAND = (sys.executable, str(PROJECT / "run_scenario.py"))
_WITHIN_S = 120.0
_PLAYING_S = 4.0
"""How long a run has had its network as its worker is killed: media flow by then."""


def start(log: Path, *arguments: str | Path) -> subprocess.Popen[bytes]:
    """Start the command line; what it says goes to the end of a file."""
    with log.open("ab") as said:
        return subprocess.Popen([*_COMMAND, *map(str, arguments)], stdout=said, stderr=subprocess.STDOUT)


def ended(process: subprocess.Popen[bytes]) -> None:
    """Wait for a command that plays. RuntimeError if it did not end with a verdict."""
    if process.wait() not in VERDICT_CODES.values():
        raise RuntimeError(f"{process.args!r} ended with exit code {process.returncode}")


class Cluster:
    """What is killed is started again. `folder`: of its certificate, its workers, its sweep, and what each says."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._at: tuple[str, int] = probe.getsockname()
        self._address = f"tls://{self._at[0]}:{self._at[1]}"
        self._options = ("--certificates", folder / "certificates")
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._start_all()

    def play_through(self, file: Path) -> None:
        """The sweep: five workers are killed, the scheduler, and what drives it; it goes on with --resume."""
        self._drive(file)
        for _ in range(WORKER_KILLS):
            name = self._playing()
            self._kill(name)
            self._start_worker(name)
        self._playing()
        self._kill("scheduler")
        for name in ("driver", "a", "b"):  # they end by themselves, a worker after the run it has
            self._running[name].wait(_WITHIN_S)
        self._start_all()
        self._drive(file, "--resume")
        self._playing()
        self._kill("driver")
        self._drive(file, "--resume")
        ended(self._running["driver"])

    def end(self) -> None:
        """End what is still there."""
        for process in reversed(self._running.values()):
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
                process.wait(_WITHIN_S)

    def _start_all(self) -> None:
        self._start("scheduler", "scheduler", self._address, *self._options)
        if not wait_until(lambda: _answers(self._at), _WITHIN_S):
            raise RuntimeError(f"the scheduler does not answer; {self._said()}")
        for name in ("a", "b"):
            self._start_worker(name)

    def _start_worker(self, name: str) -> None:
        options = (*self._options, "--name", name, "--out", self._folder / name)
        self._start(name, "worker", self._address, *options)

    def _drive(self, file: Path, *more: str) -> None:
        where = ("--out", self._folder / "killed", "--scheduler", self._address, *self._options)
        self._start("driver", "sweep", file, *where, *more)

    def _start(self, name: str, *arguments: str | Path) -> None:
        self._running[name] = start(self._log(name), *arguments)

    def _log(self, name: str) -> Path:
        return self._folder / f"{name}.log"

    def _said(self) -> str:
        """The last line of each, and its exit code if it has ended."""
        return "; ".join(
            f"{name} ({'running' if process.poll() is None else f'exit code {process.returncode}'}): "
            + "".join(self._log(name).read_text(errors="replace").splitlines()[-1:])
            for name, process in self._running.items()
        )

    def _kill(self, name: str) -> None:
        self._running[name].kill()
        self._running[name].wait(_WITHIN_S)

    def _playing(self) -> str:
        """Wait until a run has gone on for a while; the worker that plays it. That of the other waits for the lock."""
        began: dict[str, float] = {}
        found: list[str] = []

        def look() -> bool:
            for name in ("a", "b"):
                if not _has_network(self._running[name].pid):
                    began.pop(name, None)
                elif monotonic() - began.setdefault(name, monotonic()) > _PLAYING_S:
                    found.append(name)
            return bool(found)

        if not wait_until(look, _WITHIN_S):
            raise RuntimeError(f"no worker plays a run; {self._said()}")
        return found[0]


@contextmanager
def cluster_in(folder: Path) -> Iterator[Cluster]:
    """One that ends with the block."""
    found = Cluster(folder)
    try:
        yield found
    finally:
        found.end()


def _answers(address: tuple[str, int]) -> bool:
    try:
        with socket.create_connection(address, 1.0):
            return True
    except OSError:
        return False


def _has_network(pid: int) -> bool:
    """Whether a process below this one is in another network namespace than we are."""
    own = _namespace("self")
    return any(_namespace(each) not in (None, own) for each in _below(pid))


def _below(pid: int) -> Iterator[int]:
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = [int(each) for each in task.read_text().split()]
        except OSError:
            continue
        for child in children:
            yield child
            yield from _below(child)


def _namespace(pid: int | str) -> Path | None:
    try:
        return Path(f"/proc/{pid}/ns/net").readlink()
    except OSError:
        return None
