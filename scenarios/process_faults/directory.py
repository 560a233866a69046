"""The session directory as a supervised process: a Redis that holds every record and, if faults are to affect it, a
proxy, to which the relays connect.

The proxy can delay answers. It also makes successions quick: the Redis of the next life is filled beforehand, listening
on a Unix socket of its own, and its proxy opens the directory's port when it takes over.
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from hostio.control import Stopped
from relay_app.ports import DIRECTORY_PORT
from relay_app.sessions import directory_proxy
from relay_app.sessions.directory_proxy import DirectoryProxyConfig
from results.run_files.faults import Process
from results.run_files.plan import Plan
from results.run_files.run_dir import RunDir
from scenarios.process_faults.delaying import delayed_by
from scenarios.process_faults.fault_target import FaultTarget, count_ends
from scenarios.process_faults.redis_program import redis_program, write_records
from scenarios.supervision.place import Place
from scenarios.supervision.process_kind import AfterEnd
from scenarios.supervision.processes import START_WITHIN_S, ProcessError, RunProcess, spawn
from scenarios.supervision.program import Program
from scenarios.supervision.run_control import SANDBOX_FOLDER, redis_socket
from scenarios.supervision.supervised import PreparedEdge, SupervisedProcess
from topologies.fabric import Fabric

_REDIS_WITHIN_S = 5.0


@dataclass(frozen=True, slots=True)
class DirectoryLife:
    """A life of the directory: a Redis and, if there is one, its proxy. `fill` writes every record into the Redis."""

    redis: Program
    proxy: RunProcess | None
    fill: Callable[[], None]

    @property
    def name(self) -> str:
        """Name in messages."""
        return "directory"

    @property
    def log(self) -> Path:
        """Log of the part to which relays connect."""
        return self._front.log

    def await_ready(self, timeout_s: float) -> None:
        """Fill it, and wait until it listens; ProcessError."""
        self._fill_redis()
        if self.proxy:
            self.proxy.await_ready(timeout_s)

    def await_standing_by(self, timeout_s: float) -> None:
        """Fill it, and wait until its proxy stands by; the Redis runs already, on a socket that relays do not use."""
        self._fill_redis()
        if self.proxy:
            self.proxy.await_standing_by(timeout_s)

    def take_over(self) -> None:
        """Have the part to which relays connect listen; it does on return."""
        self._front.take_over()

    def ask_to_stop(self) -> None:
        """Ask both parts to end; does not wait."""
        for part in self._parts:
            part.ask_to_stop()

    def final_report(self, timeout_s: float) -> Stopped | None:
        """Wait for the end of the Redis; None, as there is no report. ProcessError if it failed."""
        return self.redis.final_report(timeout_s)

    def intact(self) -> bool:
        """Whether both parts are running."""
        return all(part.intact() for part in self._parts)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to both parts, first to the one to which relays connect."""
        for part in self._parts:
            part.signal(number)

    def gone(self, timeout_s: float) -> bool:
        """Wait until both parts have ended, at most `timeout_s`; whether they have."""
        deadline = monotonic() + timeout_s
        return all(part.gone(max(0.0, deadline - monotonic())) for part in self._parts)

    def states(self) -> set[str]:
        """State letters (proc_pid_stat(5)) of the threads of both parts."""
        return {state for part in self._parts for state in part.states()}

    def close(self) -> None:
        """Close pipes and descriptors of both parts."""
        for part in self._parts:
            part.close()

    @property
    def _front(self) -> Program | RunProcess:
        return self.proxy or self.redis

    @property
    def _parts(self) -> tuple[Program | RunProcess, ...]:
        return (self.proxy, self.redis) if self.proxy else (self.redis,)

    def _fill_redis(self) -> None:
        self.redis.await_ready(_REDIS_WITHIN_S)
        self.fill()


class DirectoryKind:
    """Starts lives of the directory in its home cluster. `proxied`: relays connect to it through a proxy."""

    def __init__(self, plan: Plan, run: RunDir, fabric: Fabric, *, proxied: bool) -> None:
        self._plan = plan
        self._run = run
        self._home = plan.topology.cluster(plan.relays.directory)
        self._host_pid = fabric.host_pid(self._home.name)
        self._proxied = proxied

    def start(self, life: int) -> DirectoryLife:
        """Start a life of the directory."""
        socket = redis_socket(life)
        port = 0 if self._proxied else DIRECTORY_PORT
        redis = redis_program(self._plan, socket, port, self._host_pid, self._run.log("redis"))
        proxy = self._proxy(socket, standing_by=life > 0) if self._proxied else None
        return DirectoryLife(redis, proxy, lambda: write_records(self._plan, socket))

    def prepare_end(self, life: DirectoryLife) -> AfterEnd:  # noqa: ARG002 - nothing of that life is held
        """Nothing to hold: the kernel closes its connections, and the next life has a Unix socket of its own."""
        return AfterEnd(lambda _: None, lambda: None)

    def _proxy(self, socket: Path, *, standing_by: bool) -> RunProcess:
        serve = directory_proxy.stand_by if standing_by else directory_proxy.serve
        config = DirectoryProxyConfig(str(self._home.address), socket)
        place = Place(self._host_pid, (self._run.root, SANDBOX_FOLDER))
        return spawn("directory", serve, config, self._run.log("directory"), place)


class DirectoryAnswers:
    """The answers of the directory, which a fault can delay."""

    def __init__(self, directory: SupervisedProcess[DirectoryLife]) -> None:
        self._directory = directory

    def prepare_delay(self, extra_ns: int) -> PreparedEdge:
        """Prepare that each answer is delayed by `extra_ns`; 0 ends the delay. ProcessError without a proxy."""
        proxy = self._directory.serving.proxy
        if proxy is None:
            raise ProcessError("a fault is to slow a directory that has no proxy")
        return delayed_by(proxy, extra_ns)


def start_directory(plan: Plan, run: RunDir, fabric: Fabric) -> SupervisedProcess[DirectoryLife]:
    """Start the run's directory; on return it serves and holds every record. ProcessError."""
    proxied = any(fault.process == Process("directory") for fault in plan.process_faults)
    kind = DirectoryKind(plan, run, fabric, proxied=proxied)
    directory = SupervisedProcess(kind, count_ends(plan.faults, Process("directory")))
    directory.serving.await_ready(START_WITHIN_S)
    return directory


def directory_target(directory: SupervisedProcess[DirectoryLife]) -> FaultTarget:
    """The directory as a target of faults."""
    return FaultTarget(directory, answers=DirectoryAnswers(directory))
