"""Throughput of relays on one core each: `scripts/bench relay [SECONDS [ROUNDS]]`."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from functools import partial
from statistics import median

from benchmarks import subjects
from benchmarks.load import Sessions
from benchmarks.programs import left_out, measured, title
from benchmarks.search import Highest, Run, highest
from benchmarks.subjects import Loaded
from relay_app.programs import PROGRAMS
from relay_app.relay.process import compile_loops
from scenarios.cli.console import Console
from topologies.sandbox import find_sandbox

SECONDS, ROUNDS = 4.0, 3
_AUDIT_KPPS = 200
"""The rate at which CPU time per packet is compared with and without the lock audit."""

_COLUMNS = ("relay, one core", "kpps (range)", "loss", "added p50", "p99", "CPU per packet")

Start = Callable[[Sessions, int], AbstractContextManager[Loaded]]

SUBJECTS: Mapping[str, Start] = {
    "asyncio": subjects.plain_asyncio,
    "coturn": subjects.coturn,
    "ours": partial(subjects.ours, "2026-05-20", True),
}

AUDITED: Mapping[str, Start] = {
    "lock audit off": partial(subjects.ours, "2026-05-11", False),
    "lock audit on": partial(subjects.ours, "2026-05-11", True),
}
"""The version whose packet path takes the cache's lock each round; in the others the audit costs nothing measurable."""


def main(arguments: list[str]) -> int:
    """Print both tables. Returns the exit code: 2 if the machine lacks a core or coturn."""
    seconds = float(arguments[0]) if arguments else SECONDS
    rounds = int(arguments[1]) if len(arguments) > 1 else ROUNDS
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        print("scripts/bench relay: needs two cores, one for the relay and one for the load", file=sys.stderr)
        return 2
    if shutil.which("turnserver") is None:
        print("scripts/bench relay: coturn is missing; apt-get install coturn", file=sys.stderr)
        return 2
    kinds = {kind: title(kind) for kind in PROGRAMS if not _said_left_out(kind)}
    sandbox = find_sandbox()
    compile_loops()
    os.sched_setaffinity(0, {cores[0]})
    sessions, relay_core = Sessions.make(), cores[1]
    _warm_up(sessions, relay_core)
    found: dict[str, list[Highest]] = {name: [] for name in (*SUBJECTS, *kinds.values())}
    # In rounds over all subjects, so that a change of the machine's speed affects all of them.
    for _ in range(rounds):
        for name, start in SUBJECTS.items():
            with start(sessions, relay_core) as loaded:
                found[name].append(highest(lambda kpps, on=loaded: on.load.run(kpps, seconds, on.pid)))  # type: ignore[misc]
        for kind, name in kinds.items():
            found[name].append(measured(kind, seconds, (cores[0], relay_core), sandbox))
    Console().show_rows(_COLUMNS, [_row(name, each) for name, each in found.items()])
    print()
    spent: dict[str, list[Run]] = {name: [] for name in AUDITED}
    for _ in range(2 * rounds):
        for name, start in AUDITED.items():
            with start(sessions, relay_core) as loaded:
                spent[name].append(loaded.load.run(_AUDIT_KPPS, seconds, loaded.pid))
    rows: list[tuple[str, ...]] = [
        (name, f"{median(run.cpu_us for run in runs):.2f} µs") for name, runs in spent.items()
    ]
    Console().show_rows((f"2026-05-11 at {_AUDIT_KPPS} kpps", "CPU per packet"), rows)
    off, on = (median(run.cpu_us for run in runs) for runs in spent.values())
    print(f"the lock audit costs {100 * (on / off - 1):.1f} %")
    return 0


def _said_left_out(kind: str) -> bool:
    """Whether a kind cannot be measured here; says why."""
    why = left_out(kind)
    if why:
        print(f"{kind} is left out: {why}", file=sys.stderr)
    return why is not None


def _warm_up(sessions: Sessions, relay_core: int) -> None:
    """Compile the load before the first measured run."""
    with SUBJECTS["asyncio"](sessions, relay_core) as loaded:
        loaded.load.run(10, 0.1, loaded.pid)


def _row(name: str, found: list[Highest]) -> tuple[str, ...]:
    runs = sorted((each.run for each in found if each.run is not None), key=lambda run: run.kpps)
    if not runs:
        return (name, "none of the rates", *("–",) * 4)
    middle = runs[len(runs) // 2]
    bound = "≥ " if any(each.bounded_by_load for each in found) else ""
    return (
        name,
        f"{bound}{middle.kpps} ({runs[0].kpps}-{runs[-1].kpps})",
        f"{100 * middle.loss:.3f} %",
        f"{middle.p50_ms:.3f} ms",
        f"{middle.p99_ms:.3f} ms",
        f"{middle.cpu_us:.2f} µs",
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
