"""The controller's log against the model: when a lane's path was another than the one to take. Pure; times are ns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from relay_app.ports import LANES
from results.oracle.mesh import Mesh, Relays
from results.oracle.model import Change
from results.oracle.replay import Log, Story
from results.oracle.windows import ALWAYS_NS, Window, right_windows, taken_windows
from topologies.model import Direction


@dataclass(frozen=True, slots=True)
class Disagreement:
    """From `from_ns` until `until_ns` lanes of a pair took a path that was not to be taken. `until_ns` None: to the
    end."""

    pair: Direction
    lanes: tuple[int, ...]
    right: tuple[Relays, ...]
    taken: Relays
    from_ns: int
    until_ns: int | None


def log_disagreements(story: Story, mesh: Mesh, changes: Sequence[Change]) -> list[Disagreement]:
    """In the order of time; lanes of a pair that differ alike are one."""
    log, found = Log(story.records), dict[Disagreement, list[int]]()
    for pair in mesh.pairs:
        own = [each for each in changes if each.pair == pair]
        for lane in range(LANES):
            if own or log.of(pair, lane):
                right = right_windows(pair, lane, own, story, log, to_packets=False)
                for each in _differing(pair, right, taken_windows(pair, lane, story, log), story.until_ns):
                    found.setdefault(each, []).append(lane)
    joined = (
        Disagreement(each.pair, tuple(lanes), each.right, each.taken, each.from_ns, each.until_ns)
        for each, lanes in found.items()
    )
    return sorted(joined, key=lambda each: each.from_ns)


def _differing(
    pair: Direction, right: Sequence[Window], taken: Sequence[Window], end_ns: int
) -> Iterator[Disagreement]:
    """Where no window of the one side has the path of one of the other."""
    open_: Disagreement | None = None
    for from_ns, until_ns in _intervals((*right, *taken), end_ns):
        there = _paths(right, from_ns, until_ns), _paths(taken, from_ns, until_ns)
        differs = from_ns < end_ns and not set(there[0]) & set(there[1])
        if open_ and (not differs or (open_.right, open_.taken) != (there[0], there[1][-1])):
            yield open_
            open_ = None
        if differs:
            until = None if until_ns >= end_ns else until_ns
            open_ = Disagreement(pair, (), there[0], there[1][-1], open_.from_ns if open_ else from_ns, until)
    if open_:
        yield open_


def _intervals(windows: Iterable[Window], end_ns: int) -> Iterator[tuple[int, int]]:
    edges = {edge for each in windows for edge in (each.from_ns, each.until_ns)} | {-ALWAYS_NS, end_ns, ALWAYS_NS}
    ordered = sorted(edges)
    return pairwise(ordered)


def _paths(windows: Iterable[Window], from_ns: int, until_ns: int) -> tuple[Relays, ...]:
    """The paths whose windows have the whole interval, which no window begins or ends within."""
    return tuple(
        dict.fromkeys(each.relays for each in windows if each.from_ns <= from_ns and until_ns <= each.until_ns)
    )
