"""The place of the session directory: a Redis that holds every record, and where faults strike it a door before it."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from hostio.control import Ready
from hostio.timing import wait_until
from relay_app.messages import AnswersDelayed, DelayAnswers, StandingBy, TakeOver
from relay_app.probing.canaries import canary_records
from relay_app.sessions import directory_proxy
from relay_app.sessions.directory import DIRECTORY_PORT, Directory, DirectoryEndpoint, StreamRecord
from relay_app.sessions.directory_proxy import DirectoryProxyConfig
from relay_app.streams import streams_of
from results.run_files.plan import Fault, Plan
from results.run_files.run_dir import RunDir
from scenarios.process_faults.process_fault import END_WITHIN_S, START_WITHIN_S, PreparedEdge, handle_of, signal_process
from scenarios.run.processes import ProcessError, RunProcess, spawn
from scenarios.run.sandbox_paths import redis_socket
from scenarios.run.services import start_redis
from scenarios.run.timeline import TimedEdge
from topologies.fabric import Fabric


class _Life(NamedTuple):
    redis: subprocess.Popen[bytes]
    door: RunProcess


class DirectoryTarget:
    """`begin` makes a life of the directory, all records in it: 0 is open at once, the others stand by."""

    def __init__(self, begin: Callable[[int], _Life], deaths: int) -> None:
        self._begin = begin
        self._deaths = deaths
        self._number = 0
        self._serving: _Life | None = begin(0)
        self._spare: _Life | None = None
        _expect(self._serving.door, Ready())

    def prepare_successor(self) -> None:
        """Have the next directory stand by, if one is to come."""
        if self._spare is None and self._number < self._deaths:
            self._spare = self._begin(self._number + 1)
            _expect(self._spare.door, StandingBy())

    def prepare(self, fault: Fault, edge: TimedEdge, deadline_ns: int) -> PreparedEdge:  # noqa: ARG002 - it dies at once
        """Make an edge of a fault ready."""
        if fault.what == "directory-slow":
            return self._answer_later(round(fault.extra_ns * fault.share_at(edge.at_ns)))
        self.prepare_successor()
        return self._death() if edge.edge == "start" else self._succession()

    def release(self) -> None:
        """Nothing is held."""

    def _life(self) -> _Life:
        if self._serving is None:
            raise ProcessError("a fault strikes a directory that is not there")
        return self._serving

    def _answer_later(self, extra_ns: int) -> PreparedEdge:
        door = self._life().door
        return PreparedEdge(
            lambda: door.tell(DelayAnswers(extra_ns)),
            lambda: bool(door.answer(END_WITHIN_S) == AnswersDelayed(extra_ns)),
        )

    def _death(self) -> PreparedEdge:
        """The kernel resets every connection of a dead process, and refuses new ones."""
        redis, door = self._life()
        held = handle_of(door)

        def kill() -> None:
            signal_process(door, held, signal.SIGKILL)
            redis.kill()
            self._serving = None

        def gone() -> bool:
            ended = held.gone(END_WITHIN_S)
            held.close()
            door.control.close()
            return ended and wait_until(lambda: redis.poll() is not None, END_WITHIN_S)

        return PreparedEdge(kill, gone)

    def _succession(self) -> PreparedEdge:
        successor = self._spare
        if successor is None:
            raise ProcessError("no directory stands by")

        def take_over() -> None:
            successor.door.tell(TakeOver())
            _expect(successor.door, Ready())
            self._serving, self._spare = successor, None
            self._number += 1

        return PreparedEdge(take_over, lambda: successor.redis.poll() is None)


def _expect(door: RunProcess, word: object) -> None:
    answer = door.answer(START_WITHIN_S)
    if answer != word:
        raise ProcessError(f"{door.name} said {answer!r} in place of {word!r}")


def start_directory(plan: Plan, run: RunDir, fabric: Fabric) -> DirectoryTarget | None:
    """The directory in its home cluster, holding every record before any media. It has a post if faults strike it."""
    what = [fault.what for fault in plan.faults if fault.process and fault.process.kind == "directory"]
    home = plan.topology.cluster(plan.relays.directory)
    host_pid = fabric.host_pid(home.name)

    def redis(port: int, socket: Path) -> subprocess.Popen[bytes]:
        process = start_redis(host_pid, home.address, port, socket, run.log("redis"))
        _write_records(plan, socket)
        return process

    def begin(life: int) -> _Life:
        socket = redis_socket(life)
        serve = directory_proxy.stand_by if life else directory_proxy.serve
        config = DirectoryProxyConfig(str(home.address), socket)
        return _Life(redis(0, socket), spawn("directory", serve, config, run.log("directory"), host_pid))

    if what:
        return DirectoryTarget(begin, what.count("directory-down"))
    redis(DIRECTORY_PORT, redis_socket(0))
    return None


def _write_records(plan: Plan, socket: Path) -> None:
    """As the sessions' signalling does."""
    ordinals = {cluster.name: cluster.ordinal for cluster in plan.topology.clusters}
    directory = Directory(DirectoryEndpoint(path=str(socket)))
    directory.write(
        StreamRecord(stream.ssrc, ordinals[stream.source], ordinals[stream.destination], stream.session)
        for stream in streams_of(plan.sessions, plan.seed)
        if stream.relayed
    )
    directory.write(canary_records((ordinals[here], ordinals[there]) for here, there in plan.topology.directions))
    directory.close()
