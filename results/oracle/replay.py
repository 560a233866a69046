"""The model played along a run's own log: every change of path that there should have been, and when. Pure; ns."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from controller.decisions import Decision, HealthChange, HeldUp, Review, concerns
from controller.settings import ControllerSettings
from results.oracle.knowledge import Knowledge, batches
from results.oracle.mesh import Mesh, Relays, Routes
from results.oracle.model import SLACK_NS, Change, Model, lane_groups
from results.run_files.documents import ControllerRecord
from topologies.model import Direction, Topology

TICK_NS = 20_000_000
"""A change may be a tick of the controller (10 ms) earlier than the log tells of its reason, and a tick may be late."""

_AGAIN_NS = 10_000_000
"""A tick of the controller."""

_NEVER_NS = 1 << 62

ADOPTED = "found so on the switches"
"""What the reason of a review ends with that tells of a reroute which a new controller found."""

Span: TypeAlias = tuple[int, int]
"""From when until when."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """`changes`: every change of path that there should have been, in order. `repairs`: of each pair, the relays that
    the model would have taken at some time if the direct path had gone down."""

    changes: tuple[Change, ...]
    repairs: Mapping[Direction, Sequence[Relays]]


@dataclass(frozen=True, slots=True)
class Story:
    """What a run's records tell the oracle. `absences`: when no controller ran; `until_ns`: when the last one ended, or
    the records did."""

    topology: Topology
    settings: ControllerSettings
    records: Sequence[ControllerRecord]
    absences: Sequence[Span] = ()
    until_ns: int = 1 << 62

    def present_ns(self, at_ns: int) -> int:
        """The first time from then on at which a controller ran."""
        held_up = ((each.from_ns, each.at_ns) for each in self.records if isinstance(each, HeldUp))
        absences = [*self.absences, *held_up]
        return next((until_ns for from_ns, until_ns in sorted(absences) if from_ns <= at_ns < until_ns), at_ns)


class Log:
    """The controller's decisions, by pair and lane."""

    def __init__(self, records: Iterable[ControllerRecord], pace_ns: int = 0) -> None:
        """`pace_ns`: how long a move may take until the turn of its last lane."""
        self._pace_ns = pace_ns
        self._moves: dict[tuple[Direction, int], list[Decision]] = defaultdict(list)
        decisions = sorted((each for each in records if isinstance(each, Decision)), key=lambda each: each.decided_ns)
        self._decided_ns = [each.decided_ns for each in decisions]
        for each in decisions:
            there = Direction(each.a, each.b)
            for ends in (there,) if each.one_way else (there, there.reversed()):
                for lane in each.lanes:
                    self._moves[ends, lane].append(each)

    def decided_ns(self, from_ns: int, until_ns: int) -> int:
        """When the first decision between two times was made; the first of these if there was none."""
        place = bisect_left(self._decided_ns, from_ns)
        found = self._decided_ns[place : place + 1]
        return found[0] if found and found[0] < until_ns else from_ns

    def of(self, pair: Direction, lane: int) -> list[Decision]:
        """All of a lane, in the order in which they were decided."""
        return self._moves[pair, lane]

    def within(self, pair: Direction, lane: int, from_ns: int, until_ns: int) -> list[Decision]:
        """Those decided in this time."""
        return [each for each in self.of(pair, lane) if from_ns <= each.decided_ns <= until_ns]

    def taken(self, pair: Direction, lane: int, now_ns: int) -> Relays | None:
        """The path that a lane was given at about this time (`model.Taken`): by the decision nearest to it."""
        found = self.within(pair, lane, now_ns - TICK_NS, now_ns + SLACK_NS + self._pace_ns)
        nearest = min(found, key=lambda each: abs(each.decided_ns - now_ns), default=None)
        return relays_of(nearest, pair) if nearest else None


def relays_of(record: Decision | Review, pair: Direction) -> Relays:
    """The relays of a decision or a review, in the order of a pair's ends."""
    return record.relays if record.a == pair.source else record.relays[::-1]


@dataclass(slots=True)
class _Player:
    """Where the model is. `done_ns`: up to when timers have been heeded; `again_ns`: when to look again, because what
    was decided last may have opened a way for a pair that was looked at before."""

    model: Model
    story: Story
    log: Log
    known: Knowledge
    routes: list[Routes]
    done_ns: int = 0
    again_ns: int | None = None
    changes: list[Change] = field(default_factory=list)
    repairs: dict[Direction, dict[Relays, None]] = field(default_factory=dict)

    def note_repairs(self) -> None:
        """Which relay each pair would get if its direct path went down now."""
        if not self.known.whole or not self.story.settings.bfd:
            return
        for pair in self.model.mesh.pairs:
            relays = self.model.nearest(self.known, self.routes[0], pair, self.done_ns)
            if relays:
                self.repairs.setdefault(pair, {})[relays] = None

    def decide(self, now_ns: int) -> None:
        self.take(self.model.changes(self.known, self.routes, now_ns), now_ns)

    def take(self, changes: Sequence[Change], now_ns: int) -> None:
        groups = lane_groups(self.model.settings)
        self.again_ns = now_ns + _AGAIN_NS if changes else None
        for change in changes:
            number = groups.index(change.lanes)
            own = {pair: relays for pair, relays in self.routes[number].items() if pair != change.pair}
            self.routes[number] = {**own, change.pair: change.relays} if change.relays else own
            self.changes.append(change)

    def heed_timers(self, before_ns: int) -> None:
        """What is due before a time. What is due a short while before it may have been decided with what came then: it
        is taken only if the log has it."""
        while (due_ns := self._due_ns()) < before_ns:
            self.done_ns, self.again_ns = due_ns, None
            changes = self.model.changes(self.known, self.routes, due_ns)
            if due_ns < before_ns - SLACK_NS or any(self._is_in_log(each, before_ns) for each in changes):
                self.take(changes, due_ns)
                self.note_repairs()

    def _due_ns(self) -> int:
        timers = [each for each in self.model.timers_ns(self.known, self.routes) if each > self.done_ns]
        again = [] if self.again_ns is None else [self.again_ns]
        return min((self.story.present_ns(each) for each in (*timers, *again)), default=_NEVER_NS)

    def _is_in_log(self, change: Change, before_ns: int) -> bool:
        found = self.log.within(change.pair, change.lanes[0], change.at_ns - TICK_NS, before_ns)
        return any(relays_of(each, change.pair) == change.relays for each in found)

    def learn(self, at_ns: int, batch: tuple[HealthChange, ...], adopted: Sequence[Review], next_ns: int) -> None:
        """Changes of health come to be known. What is due until the controller looks at its clock counts as well."""
        if self.known.begins_anew(batch):
            self.begin_anew(at_ns, adopted)
        self.known = self.known.after(batch)
        self.done_ns = self.log.decided_ns(at_ns, min(next_ns, at_ns + SLACK_NS))
        self.decide(self.done_ns)
        self.note_repairs()

    def begin_anew(self, at_ns: int, adopted: Sequence[Review]) -> None:
        """Another controller, which knows nothing but the reroutes that it found."""
        self.known = Knowledge.of_nothing(self.known.topology, self.known.settings)
        found = {pair: each for pair in self.model.mesh.pairs for each in adopted if concerns(each, *pair)}
        for group, own in zip(lane_groups(self.model.settings), list(self.routes), strict=True):
            pairs = [pair for pair in self.model.mesh.pairs if pair in own or pair in found]
            kept = [Change(at_ns, pair, self._found(pair, found.get(pair), own), group) for pair in pairs]
            self.take(kept, at_ns)

    def _found(self, pair: Direction, review: Review | None, own: Routes) -> Relays:
        """What was found of a pair. Of lanes that go apart the log does not say which path it was."""
        if review is None:
            return ()
        return own.get(pair, ()) if len(self.routes) > 1 else relays_of(review, pair)


def expected_changes(story: Story, mesh: Mesh) -> Prediction:
    """Every change of path that there should have been until the end, in order.

    Pure: the same records give the same changes. The log is asked for what the controller did only where the model
    leaves a choice (`results.oracle.model`).
    """
    settings = story.settings
    log = Log(story.records, settings.move_pace_ns)
    nothing = Knowledge.of_nothing(story.topology, settings)
    groups = len(lane_groups(settings))
    player = _Player(Model(mesh, settings, log.taken), story, log, nothing, [{} for _ in range(groups)])
    changes = [each for each in story.records if isinstance(each, HealthChange) and each.at_ns <= story.until_ns]
    reviews = [each for each in story.records if isinstance(each, Review) and each.reason.endswith(ADOPTED)]
    times = [each.at_ns for each in reviews]
    last_ns = 0
    known = batches(changes)
    nexts = [*(at_ns for at_ns, _ in known[1:]), story.until_ns]
    for (at_ns, batch), next_ns in zip(known, nexts, strict=False):
        player.heed_timers(at_ns)
        player.learn(at_ns, batch, reviews[bisect_left(times, last_ns) : bisect_left(times, at_ns)], next_ns)
        last_ns = at_ns
    player.heed_timers(story.until_ns)
    return Prediction(tuple(player.changes), {pair: tuple(each) for pair, each in player.repairs.items()})
