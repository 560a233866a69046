"""Throughput of a relay that is a program, started by the packet contract, alone in a sandbox.

In its sandbox it is a program of its own, which takes the kind, a rate in kpps, the length of the run in s, and the
cores of load and relay, and prints a JSON object.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import asdict, replace
from pathlib import Path

from benchmarks.load import Load, Sessions
from benchmarks.load_loop import SEND_BATCH, TRAIN
from benchmarks.search import Highest, Run, highest
from hostio.sockets import udp_socket
from relay_app.ports import CLIENT_PORT, LANE_PORT, LANES, SENDER_PORT
from relay_app.streams import SessionGroup, lane_of, streams_of
from results.run_files.plan import Plan
from scenarios.errors import ScenarioError
from scenarios.paths import PROJECT
from scenarios.relay_check.bench import HERE, Bench, bench, plan_for
from scenarios.supervision.processes import START_WITHIN_S
from scenarios.supervision.run_control import SANDBOX_FOLDER
from topologies.sandbox import Sandbox, set_up_sandbox

_THERE, _BEYOND = "us-east", "us-west"
"""Where the load comes from; and where it goes to, if the relay keeps no sessions and so has no clients of its own."""
_SESSIONS = 1000
"""Of which the load takes as many as it has packets in turn; enough that every lane has them."""
_FIRST_PACKETS = (1, 1.0)
"""Rate, kpps, and time, s, of the load before the first measured run: an adapter opens its sessions in it."""


def left_out(kind: str) -> str | None:
    """Why a kind cannot be measured here; None if it can."""
    try:
        plan_for(kind)
    except ScenarioError as error:
        return str(error)
    return None


def title(kind: str) -> str:
    """The kind, and what is measured if it is not a program alone, or not on all lanes."""
    program = plan_for(kind).relays.program_of(HERE)
    if program and program.sessions == "none":
        return f"{kind}, one lane"
    return f"{kind}, server + adapter" if program and program.server else kind


def measured(kind: str, seconds: float, cores: tuple[int, int], sandbox: Sandbox) -> Highest:
    """The highest rate that a kind carries; `cores`: of load and relay. CalledProcessError if it does not serve.

    Each rate is tried on a relay that was started for it: not all come back from one that they do not carry. rtpengine
    10.5 forwards nothing more once it has said that a receive queue was exceeded, at whatever rate.
    """

    def run(kpps: int) -> Run:
        argv = [sys.executable, "-m", "benchmarks.programs", kind, str(kpps), str(seconds), *map(str, cores)]
        return Run(**json.loads(subprocess.check_output(sandbox.command(argv), cwd=PROJECT)))

    return highest(run)


def loaded_plan(kind: str) -> Plan:
    """A plan in which the relay holds all sessions of the load, which end at its cluster."""
    return replace(plan_for(kind), sessions=(SessionGroup("load", _THERE, HERE, _SESSIONS, "voice"),))


def run_on(found: Bench, kpps: int, seconds: float, core: int) -> Run:
    """A run with the relay of a bench, once it is ready, on a core of its own."""
    found.relay.serving.await_ready(START_WITHIN_S)
    parts = [found.relay.serving, *([found.server.serving] if found.server else [])]
    pids = [pid for part in parts for pid in part.pids()]
    keep_to_core(pids, core)
    load = passing_load(found) if found.stateless else ending_load(found)
    try:
        load.run(*_FIRST_PACKETS, *pids)
        return load.run(kpps, seconds, *pids)
    finally:
        load.close()


def ending_load(found: Bench) -> Load:
    """Load on all lanes, for a client beside the relay."""
    here, there = _address(found, HERE), _address(found, _THERE)
    targets = {lane: (here, LANE_PORT + lane) for lane in range(LANES)}
    return Load(Sessions.of(_ssrcs(found.plan)), udp_socket(there, SENDER_PORT), udp_socket(here, CLIENT_PORT), targets)


def passing_load(found: Bench) -> Load:
    """Load on the first lane, which the relay sends on to the same lane beyond."""
    of_lane = [ssrc for ssrc in _ssrcs(found.plan) if lane_of(ssrc) == 0]
    source, sink = udp_socket(_address(found, _THERE), LANE_PORT), udp_socket(_address(found, _BEYOND), LANE_PORT)
    return Load(Sessions(tuple(of_lane[: SEND_BATCH * TRAIN])), source, sink, {0: (_address(found, HERE), LANE_PORT)})


def _ssrcs(plan: Plan) -> list[int]:
    return [each.ssrc for each in streams_of(plan.sessions, plan.seed) if each.destination == HERE]


def _address(found: Bench, cluster: str) -> str:
    return str(found.plan.topology.cluster(cluster).address)


def keep_to_core(pids: Iterable[int], core: int) -> None:
    """Pin all threads to a core, without real-time priority: the kernel would throttle one that is always busy to 95 %
    of a core (sched_rt_runtime_us, sched(7)), and lose packets in each pause."""
    for thread in [int(task.name) for pid in pids for task in Path(f"/proc/{pid}/task").iterdir()]:
        os.sched_setscheduler(thread, os.SCHED_OTHER, os.sched_param(0))
        os.sched_setaffinity(thread, {core})


def main(arguments: list[str]) -> None:
    """Measure in this sandbox, and print what was found."""
    kind, kpps, seconds, (load_core, relay_core) = arguments[0], int(arguments[1]), float(arguments[2]), arguments[3:]
    set_up_sandbox(SANDBOX_FOLDER)
    os.sched_setaffinity(0, {int(load_core)})
    with (
        tempfile.NamedTemporaryFile(suffix=".log") as log,
        bench(loaded_plan(kind), Path(log.name), bound=False) as found,
    ):
        print(json.dumps(asdict(run_on(found, kpps, seconds, int(relay_core)))))
        found.relay.stop(START_WITHIN_S)


if __name__ == "__main__":
    main(sys.argv[1:])
