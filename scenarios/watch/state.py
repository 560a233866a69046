"""What is known of a run at a time: links, lanes, relays, faults, and how it came to that. Pure.

Times are CLOCK_MONOTONIC ns, as in the records.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from controller.decisions import Decision, FoundBy, HealthChange, Kept, Review
from controller.health import MonitoredPath, ObservedRelay
from relay_app.ports import LANES
from results.run_files.events import Begun, End, FaultEdge, MediaStart, Phase, ProgramMessage
from results.run_files.plan import Plan
from scenarios.watch.entries import Entry, Record, Teller
from topologies.model import Direction

Lanes = tuple[tuple[str, ...], ...]
"""Of each lane of a pair, the relays that it goes over; empty: it is direct."""

DIRECT: Lanes = ((),) * LANES


@dataclass(frozen=True, slots=True)
class Seen:
    """A state of health, in the controller's word, and why."""

    state: str
    reason: str
    by: FoundBy
    """What found it."""


WORST_FIRST = ("down", "degraded", "damped", "unknown", "clean")


def worst(states: Sequence[str]) -> str:
    """The most severe of states of health."""
    known = [each if each in WORST_FIRST else "unknown" for each in states]
    return min(known, key=WORST_FIRST.index, default="unknown")


@dataclass(frozen=True, slots=True)
class FaultSeen:
    """The edges of a fault that were recorded. `last`: the last one before its end, a level's or its start."""

    start: FaultEdge | None = None
    last: FaultEdge | None = None
    end: FaultEdge | None = None


@dataclass(frozen=True, slots=True)
class RunState:
    """All that the records up to a time tell.

    `step`: of set-up or tear-down, the last that was reached or begun. `why`: of pairs of clusters, why the controller
    last left them where they are. `statuses`: by cluster, the last STATUS= of a relay that is a program.
    """

    media_start_ns: int | None
    step: str
    links: Mapping[Direction, Seen]
    relays: Mapping[ObservedRelay, Seen]
    lanes: Mapping[Direction, Lanes]
    why: Mapping[Direction, str]
    faults: Mapping[int, FaultSeen]
    statuses: Mapping[str, str]
    entries: tuple[Entry, ...]
    end: End | None

    def seconds(self, at_ns: int) -> float | None:
        """A time in s after the media start; None before that is known."""
        return None if self.media_start_ns is None else (at_ns - self.media_start_ns) / 1e9


def state_of(plan: Plan, records: Iterable[Record]) -> RunState:
    """The state after these records, which are in the order of time."""
    folding = _Folding(plan)
    for record in records:
        folding.take(record)
    return folding.state()


class _Folding:
    """The state as it grows."""

    def __init__(self, plan: Plan) -> None:
        self._teller = Teller(plan)
        self._pairs = {pair.ends for pair in plan.topology.direct_paths}
        self._media_start_ns: int | None = None
        self._step = ""
        self._seen: dict[MonitoredPath, dict[FoundBy, Seen]] = {}
        self._lanes: dict[Direction, Lanes] = {}
        self._why: dict[Direction, str] = {}
        self._faults: dict[int, FaultSeen] = {}
        self._statuses: dict[str, str] = {}
        self._entries: list[Entry] = []
        self._end: End | None = None

    def take(self, record: Record) -> None:
        """Take a record in."""
        if entry := self._teller.tell(record):
            self._entries.append(entry)
        if isinstance(record, HealthChange):
            self._see(record)
        elif isinstance(record, Decision | Kept | Review):
            self._decide(record)
        elif isinstance(record, FaultEdge):
            self._faults[record.fault] = _with_edge(self._faults.get(record.fault, FaultSeen()), record)
        elif isinstance(record, ProgramMessage):
            if record.message.startswith("STATUS="):
                self._statuses[record.cluster] = record.message.removeprefix("STATUS=")
        else:
            self._progress(record)

    def _see(self, record: HealthChange) -> None:
        found = self._seen.setdefault(record.path, {})
        found[record.detector] = Seen(record.after, record.reason, record.detector)

    def _decide(self, record: Decision | Kept | Review) -> None:
        ends = Direction(record.a, record.b)
        turned = not record.one_way and ends not in self._pairs and ends.reversed() in self._pairs
        pair = ends.reversed() if turned else ends
        self._why[pair] = record.reason
        if isinstance(record, Kept):
            return
        relays = record.relays[::-1] if turned else record.relays
        before = self._lanes.get(pair, DIRECT)
        if isinstance(record, Decision):
            self._lanes[pair] = tuple(relays if n in record.lanes else each for n, each in enumerate(before))
        elif before == DIRECT:
            # A controller that took over found the pair so on the switches: no decision of its own says it.
            self._lanes[pair] = (relays,) * LANES

    def _progress(self, record: Record) -> None:
        if isinstance(record, MediaStart):
            self._media_start_ns = record.at_ns
        elif isinstance(record, Phase):
            self._step = record.name
        elif isinstance(record, Begun):
            self._step = record.step
        elif isinstance(record, End):
            self._end = record

    def state(self) -> RunState:
        """What all records together tell."""
        health = {path: _worst([*found.values()]) for path, found in self._seen.items()}
        return RunState(
            self._media_start_ns,
            self._step,
            {path: seen for path, seen in health.items() if isinstance(path, Direction)},
            {path: seen for path, seen in health.items() if isinstance(path, ObservedRelay)},
            self._lanes,
            self._why,
            self._faults,
            self._statuses,
            tuple(self._entries),
            self._end,
        )


def _worst(found: Sequence[Seen]) -> Seen:
    """Of several detectors the one that finds the path worst, as the controller takes it."""
    state = worst([each.state for each in found])
    return next((each for each in found if each.state == state), found[0])


def _with_edge(seen: FaultSeen, edge: FaultEdge) -> FaultSeen:
    if edge.edge == "end":
        return FaultSeen(seen.start, seen.last, edge)
    return FaultSeen(edge if edge.edge == "start" else seen.start, edge, None)
