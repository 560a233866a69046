"""Throughput of relays on one core each: `scripts/bench relay [SECONDS [ROUNDS [KIND...]]]`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import partial
from statistics import median

from benchmarks import subjects
from benchmarks.load import Sessions
from benchmarks.programs import left_out, measured, title
from benchmarks.relay_table import COLUMNS, MEANING, rows
from benchmarks.search import Highest, Run, highest
from benchmarks.subjects import Loaded
from relay_app.programs import PROGRAMS
from relay_app.relay.compiling import compile_loops
from relay_app.versions.version_names import VERSIONS
from scenarios.cli.console import Console
from topologies.sandbox import find_sandbox

SECONDS, ROUNDS = 4.0, 3
_AUDIT_KPPS = 200
"""The rate at which CPU time per packet is compared with and without the lock audit."""

Start = Callable[[Sessions, int], AbstractContextManager[Loaded]]
Measure = Callable[[], Highest]

BASELINES: Mapping[str, Start] = {"asyncio": subjects.plain_asyncio, "coturn, one allocation": subjects.coturn}
"""Relays that are no kinds, and are measured always."""

AUDITED: Mapping[str, Start] = {
    "lock audit off": partial(subjects.ours, "2026-05-11", False),
    "lock audit on": partial(subjects.ours, "2026-05-11", True),
}
"""The version whose packet path takes the cache's lock each round; in the others the audit costs nothing measurable."""


def main(arguments: list[str]) -> int:
    """Print both tables. Returns the exit code: 2 for an unknown kind, or if the machine lacks a core or coturn."""
    seconds = float(arguments[0]) if arguments else SECONDS
    rounds = int(arguments[1]) if len(arguments) > 1 else ROUNDS
    kinds = arguments[2:] or [*VERSIONS, *PROGRAMS]
    cores = sorted(os.sched_getaffinity(0))
    if why := cannot_measure(kinds, cores):
        print(f"scripts/bench relay: {why}", file=sys.stderr)
        return 2
    compile_loops()
    os.sched_setaffinity(0, {cores[0]})
    sessions = Sessions.make()
    _warm_up(sessions, cores[1])
    subjects_of = dict(_baselines(sessions, seconds, cores[1])) | dict(_kinds(kinds, sessions, seconds, cores))
    Console().show_rows(COLUMNS, list(rows(in_rounds(subjects_of, rounds))))
    print(f"{MEANING}\n")
    _print_audit(sessions, seconds, rounds, cores[1])
    return 0


def cannot_measure(kinds: Sequence[str], cores: Sequence[int]) -> str | None:
    """Why nothing can be measured; None if it can."""
    if unknown := [kind for kind in kinds if kind not in (*VERSIONS, *PROGRAMS)]:
        return f"'{unknown[0]}' is no kind that comes with the project; write {', '.join((*VERSIONS, *PROGRAMS))}"
    if len(cores) < 2:
        return "needs two cores, one for the relay and one for the load"
    if shutil.which("turnserver") is None:
        return "coturn is missing; apt-get install coturn"
    return None


def in_rounds(subjects_of: Mapping[str, Measure], rounds: int) -> dict[str, list[Highest]]:
    """What each is found to carry, in rounds over all: a change of the machine's speed affects all of them.

    One that does not serve is left out by name, in this round and the later ones.
    """
    found: dict[str, list[Highest]] = {name: [] for name in subjects_of}
    for number in range(rounds):
        for name in list(found):
            try:
                found[name].append(subjects_of[name]())
            except subprocess.CalledProcessError:
                print(f"{name} is left out: it does not serve here", file=sys.stderr)
                del found[name]
                continue
            print(f"round {number + 1} of {rounds}: {name}: {_carried(found[name][-1])}", file=sys.stderr)
    return found


def _carried(found: Highest) -> str:
    return f"{found.run.kpps if found.run else 0} kpps{', the machine was busy' if found.disturbed else ''}"


def _baselines(sessions: Sessions, seconds: float, core: int) -> Iterator[tuple[str, Measure]]:
    for name, start in BASELINES.items():
        yield name, partial(_searched, start, sessions, seconds, core)


def _kinds(
    kinds: Sequence[str], sessions: Sessions, seconds: float, cores: Sequence[int]
) -> Iterator[tuple[str, Measure]]:
    """Versions, and the programs that can be measured here; why another cannot is said."""
    sandbox = find_sandbox()
    for kind in kinds:
        if kind in VERSIONS:
            yield kind, partial(_searched, partial(subjects.ours, kind, True), sessions, seconds, cores[1])
        elif why := left_out(kind):
            print(f"{kind} is left out: {why}", file=sys.stderr)
        else:
            yield title(kind), partial(measured, kind, seconds, (cores[0], cores[1]), sandbox)


def _searched(start: Start, sessions: Sessions, seconds: float, core: int) -> Highest:
    with start(sessions, core) as loaded:
        return highest(lambda kpps: loaded.load.run(kpps, seconds, loaded.pid))


def _print_audit(sessions: Sessions, seconds: float, rounds: int, core: int) -> None:
    """CPU time per packet with the lock audit and without."""
    spent: dict[str, list[Run]] = {name: [] for name in AUDITED}
    for _ in range(2 * rounds):
        for name, start in AUDITED.items():
            with start(sessions, core) as loaded:
                spent[name].append(loaded.load.run(_AUDIT_KPPS, seconds, loaded.pid))
    off, on = (median(run.cpu_us for run in runs) for runs in spent.values())
    shown: list[tuple[str, ...]] = [(name, f"{cpu_us:.2f} µs") for name, cpu_us in zip(AUDITED, (off, on), strict=True)]
    Console().show_rows((f"2026-05-11 at {_AUDIT_KPPS} kpps", "CPU per packet"), shown)
    busy = any(run.disturbed for runs in spent.values() for run in runs)
    print(f"the lock audit costs {100 * (on / off - 1):.1f} %{'; inconclusive, the machine was busy' if busy else ''}")


def _warm_up(sessions: Sessions, core: int) -> None:
    """Compile the load before the first measured run."""
    with subjects.plain_asyncio(sessions, core) as loaded:
        loaded.load.run(10, 0.1, loaded.pid)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
