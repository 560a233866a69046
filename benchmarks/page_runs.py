"""The runs of which a page on a relay program is made."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from benchmarks.apart import play_apart
from benchmarks.playing import ATTEMPTS, RefusedError, disturbed, play, summary_below
from benchmarks.programs import measured
from benchmarks.relay_table import ADAPTER
from benchmarks.search import Highest
from results.run_files.relay_program import RelayProgram
from results.verdict.summary import Summary
from scenarios.language.library import LIBRARY, standard_scenarios
from scenarios.paths import PROJECT
from scenarios.relay_check.bench import HERE, plan_for
from topologies.sandbox import find_sandbox

BURST = LIBRARY / "suite" / "cold-burst.yaml"
STORM = LIBRARY / "servers" / "set-up-storm.yaml"
STORM_APART = "sessions.0.count=40"
"""On two cores: all but the relays has the other one, which 100 calls are too much for."""
OF_SERVERS = (LIBRARY / "servers" / "too-few-descriptors.yaml", LIBRARY / "servers" / "server-restart.yaml")
DESCRIPTORS = {"rtpengine": 256}
"""For the scenario with too few, where a stream takes more than one."""
MOVED_TO, STRUCK = HERE, "us-east"
"""The clusters of the relay that the burst meets, and of the one that the faults strike."""
FAULTS = {"relay-kill": "SIGKILL", "relay-freeze": "SIGSTOP and SIGCONT", "relay-restart": "SIGTERM"}
FAULT_SCENARIO = """\
name: fault
topology: us-triangle
duration: 6s
sessions: [{{between: [us-east, us-west], count: 10, media: voice}}]
events: [{{at: 2s, what: {what}, cluster: {cluster}, for: 1s}}]
expect: [media.still_interrupted == 0]
"""
FAULT_AFTER_BLIP = """\
name: fault
topology: us-triangle
duration: 8s
sessions: [{{between: [us-east, us-west], count: 10, media: voice}}]
controller: {{hold: 60s}}
events:
  - {{at: 1s, what: blackhole, link: [us-east, us-west], for: 500ms}}
  - {{at: 4s, what: {what}, cluster: {cluster}, for: 1s}}
expect: [media.still_interrupted == 0]
"""
"""For a relay that stands only between others: the blip moves the streams onto it."""


@dataclass(frozen=True, slots=True)
class Alone:
    """What belongs beside the figures of a server + adapter: the adapter's, without a server."""

    cold: Summary
    carried: Highest


@dataclass(frozen=True, slots=True)
class Found:
    """Summaries of the runs of a kind: of the standard scenarios, or why one does not take it; of the burst with a warm
    cache; of the storm with its processes on a core of their own; of the servers' scenarios; and by fault.

    What does not concern the kind is None, or empty. `machine`: kernel and number of cores.
    """

    kind: str
    machine: str
    suite: Mapping[str, Summary | str]
    faults: Mapping[str, Summary]
    carried: Highest
    warm: Summary | None = None
    storm: Summary | None = None
    of_servers: Sequence[Summary] = ()
    alone: Alone | None = None

    @property
    def cold(self) -> Summary | None:
        """Of the burst with a cold cache."""
        found = self.suite[BURST.stem]
        return None if isinstance(found, str) else found


class Runs:
    """Plays a kind, into a folder."""

    def __init__(self, kind: str, seconds: float, folder: Path) -> None:
        self._kind = kind
        self._seconds = seconds
        self._folder = folder
        self._program: RelayProgram | None = plan_for(kind).relays.program_of(HERE)
        available = sorted(os.sched_getaffinity(0))
        self._cores = available[0], available[-1]

    def find(self, adapter: AdapterAlone) -> Found:
        """Play and measure all that the page tells; `adapter` is asked if the kind is a server behind one."""
        with_sessions, server = not self._stateless, self._program is not None and self._program.server is not None
        uname = os.uname()
        return Found(
            self._kind,
            f"{uname.sysname} {uname.release}, {os.cpu_count()} cores",
            dict(self._suite()),
            dict(self._faults()),
            self.carried(),
            self.played(BURST, "warm", f"relays.warm.{MOVED_TO}=100%") if with_sessions else None,
            self.played(STORM, "storm", STORM_APART, apart=True) if with_sessions else None,
            list(self._of_servers()) if server else (),
            adapter.alone if server else None,
        )

    def carried(self) -> Highest:
        """What it carries on one core."""
        return measured(self._kind, self._seconds, self._cores, find_sandbox())

    def played(self, file: Path, name: str, *settings: str, apart: bool = False) -> Summary:
        """The summary of the first run of a scenario that nothing disturbed, or else of the last. RefusedError,
        FailedError."""
        for number in range(ATTEMPTS):
            summary = self._once(file, self._folder / name / str(number), settings, apart=apart)
            if not disturbed(summary):
                break
        return summary

    @property
    def _stateless(self) -> bool:
        return self._program is not None and self._program.sessions == "none"

    def _suite(self) -> Iterator[tuple[str, Summary | str]]:
        for file in standard_scenarios():
            try:
                yield file.stem, self.played(file, file.stem)
            except RefusedError as error:
                yield file.stem, str(error)

    def _of_servers(self) -> Iterator[Summary]:
        few, restart = OF_SERVERS
        limit = [f"relays.descriptors={DESCRIPTORS[self._kind]}"] if self._kind in DESCRIPTORS else []
        yield self.played(few, few.stem, *limit)
        yield self.played(restart, restart.stem)

    def _faults(self) -> Iterator[tuple[str, Summary]]:
        text, cluster = (FAULT_AFTER_BLIP, MOVED_TO) if self._stateless else (FAULT_SCENARIO, STRUCK)
        for what in FAULTS:
            scenario = self._folder / f"{what}.yaml"
            scenario.write_text(text.format(what=what, cluster=cluster))
            yield what, self.played(scenario, what)

    def _once(self, file: Path, runs: Path, settings: Sequence[str], *, apart: bool) -> Summary:
        """Run a scenario by the command line; gives its summary. RefusedError, FailedError."""
        place = ["--set", f"relays.kinds.{MOVED_TO}={self._kind}"] if self._stateless else ["--relay", self._kind]
        words = [word for each in settings for word in ("--set", each)]
        argv = [sys.executable, str(PROJECT / "run_scenario.py"), "run", str(file), *place, "--out", str(runs), *words]
        if apart:
            play_apart(argv, self._cores)
        else:
            play(argv, file.name)
        return summary_below(runs)


class AdapterAlone:
    """The adapter's own figures, measured when they are asked for first."""

    def __init__(self, seconds: float, folder: Path) -> None:
        self._runs = (ADAPTER, seconds, folder / "alone")

    @cached_property
    def alone(self) -> Alone:
        """Played and measured once."""
        runs = Runs(*self._runs)
        return Alone(runs.played(BURST, BURST.stem), runs.carried())
