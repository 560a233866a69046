"""When each path was right for a lane, and when it was taken: overlapping windows of time. Pure; times are ns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from controller.decisions import Decision, Review, concerns
from hostio.timing import MS
from results.oracle.mesh import Relays
from results.oracle.model import SLACK_NS, Change
from results.oracle.replay import ADOPTED, TICK_NS, Log, Story, relays_of
from topologies.model import Direction

CACHED_NS = 250 * MS
"""So long after a barrier's reply a datapath may still forward by its cache: Open vSwitch goes through its cached flows
after every change of its tables, as soon as it gets the processor."""

ALWAYS_NS = 1 << 62


@dataclass(frozen=True, slots=True)
class Window:
    """A path from one time until another."""

    relays: Relays
    from_ns: int
    until_ns: int

    def meets(self, from_ns: int, until_ns: int) -> bool:
        """Whether it has a time in common with another window."""
        return self.from_ns <= until_ns and from_ns <= self.until_ns


@dataclass(frozen=True, slots=True)
class _Due:
    """A lane is to take a path, and when it has to have left its former one at the latest."""

    relays: Relays
    at_ns: int
    by_ns: int


def right_windows(
    pair: Direction, lane: int, changes: Iterable[Change], story: Story, log: Log, *, to_packets: bool
) -> list[Window]:
    """When each path was the one to take. A path is right until its successor has to be in force: to the controller
    until it has to have decided so; to packets until the switches have confirmed it."""
    dues = _dues(pair, lane, changes, story)
    ends = [_end(each, pair, lane, story, log) if to_packets else each.by_ns for each in dues]
    for number in reversed(range(len(dues) - 1)):
        if dues[number].by_ns >= dues[number + 1].at_ns:  # what was not due yet may never have been done
            ends[number] = max(ends[number], ends[number + 1])
    path: Relays = ()
    begin_ns = -ALWAYS_NS
    windows = []
    for due, end_ns in zip(dues, ends, strict=True):
        windows.append(Window(path, begin_ns, end_ns))
        path, begin_ns = due.relays, due.at_ns - TICK_NS
    return [*windows, Window(path, begin_ns, ALWAYS_NS)]


def taken_windows(pair: Direction, lane: int, story: Story, log: Log) -> list[Window]:
    """When the controller had a lane take each path, from when it decided so; the former one until switches confirmed.

    What a new controller found on the switches is taken from then on.
    """
    steps = [(each.decided_ns, each.installed_ns, relays_of(each, pair)) for each in log.of(pair, lane)]
    steps += [(each.at_ns, each.at_ns, relays_of(each, pair)) for each in _adopted(pair, story)]
    path: Relays = ()
    begin_ns = -ALWAYS_NS
    windows = []
    for decided_ns, installed_ns, relays in sorted(steps):
        windows.append(Window(path, begin_ns, installed_ns))
        path, begin_ns = relays, decided_ns
    return [*windows, Window(path, begin_ns, ALWAYS_NS)]


def _adopted(pair: Direction, story: Story) -> list[Review]:
    """Of lanes that go apart there are several, which do not say of which lanes: those keep the paths that they had."""
    reviews = (each for each in story.records if isinstance(each, Review) and concerns(each, *pair))
    adopted = [each for each in reviews if each.reason.endswith(ADOPTED)]
    several = {each.at_ns for each, after in pairwise(adopted) if each.at_ns == after.at_ns}
    return [each for each in adopted if each.at_ns not in several]


def _dues(pair: Direction, lane: int, changes: Iterable[Change], story: Story) -> list[_Due]:
    """The changes of one lane. One to the path that it has already, as a new controller makes it, only gives it more
    time."""
    dues: list[_Due] = []
    own = [change for change in changes if change.pair == pair]
    for change in own:
        if lane not in change.lanes:
            continue
        by_ns = story.present_ns(change.at_ns) + _paced_ns(change, own, lane, story) + SLACK_NS
        at_ns = change.at_ns
        if dues and dues[-1].relays == change.relays:
            at_ns = dues.pop().at_ns
        dues.append(_Due(change.relays, at_ns, by_ns))
    return dues


def _paced_ns(change: Change, own: Iterable[Change], lane: int, story: Story) -> int:
    """How long after a move's begin it is a lane's turn. Lanes of several groups that take one path make one move."""
    alike = (each.lanes for each in own if (each.at_ns, each.relays) == (change.at_ns, change.relays))
    lanes = [lane for group in alike for lane in group]
    return lanes.index(lane) * (story.settings.move_pace_ns // len(lanes)) if change.relays else 0


def _end(due: _Due, pair: Direction, lane: int, story: Story, log: Log) -> int:
    """When the former path ends: with the barrier of the move to this one, which the log has if it was confirmed."""
    made = _made(due, pair, log.within(pair, lane, due.at_ns - TICK_NS, due.by_ns))
    if made is not None:
        return max(due.by_ns, made.installed_ns + CACHED_NS)
    return ALWAYS_NS if _is_unconfirmed(due, pair, story) else due.by_ns + CACHED_NS


def _made(due: _Due, pair: Direction, decisions: Sequence[Decision]) -> Decision | None:
    return next((each for each in decisions if relays_of(each, pair) == due.relays), None)


def _is_unconfirmed(due: _Due, pair: Direction, story: Story) -> bool:
    """Whether the controller said later that a switch had not confirmed the move, and it never was."""
    said = (each for each in story.records if isinstance(each, Review) and each.at_ns >= due.at_ns)
    alike = (each for each in said if concerns(each, *pair) and relays_of(each, pair) == due.relays)
    return any("not confirmed" in each.reason for each in alike)
