"""What the controller knew of links and relays, as its log has it. Pure; times are CLOCK_MONOTONIC ns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby
from typing import Literal, NamedTuple

from controller.decisions import HealthChange
from controller.settings import ControllerSettings
from topologies.model import Direction, Topology

_LINK_DETECTORS = ("link", "bfd")
_WORST_FIRST = ("down", "degraded", "unknown", "clean")


class _Found(NamedTuple):
    """What one detector found of a direction of a link, and since when."""

    state: str
    since_ns: int
    late: bool = False
    """All that is wrong is the delay; by how much, the log has in words alone."""


_NOTHING = _Found("unknown", 0)
_OF_DELAY = "median delay"
"""What the reason of a direction begins with that is only late."""

Watched = tuple[str, str]
"""Who watches, and the cluster of the relay that is watched."""

Held = Literal["free", "perhaps", "held"]


@dataclass(frozen=True)
class Knowledge:
    """`found`: by detector and direction; `relays`: those that are unhealthy to an observer; `last_bad_ns`: until when
    one was, at the latest, of those that ever were."""

    topology: Topology
    settings: ControllerSettings
    found: dict[tuple[str, Direction], _Found] = field(default_factory=dict)
    relays: frozenset[Watched] = frozenset()
    last_bad_ns: dict[Watched, int] = field(default_factory=dict)

    @classmethod
    def of_nothing(cls, topology: Topology, settings: ControllerSettings) -> Knowledge:
        """At the start of a controller."""
        named = [detector for detector in _LINK_DETECTORS if detector in settings.detect]
        found: dict[tuple[str, Direction], _Found] = {
            (detector, each): _NOTHING for detector in named for each in topology.directions
        }
        return cls(topology, settings, found)

    def after(self, changes: Iterable[HealthChange]) -> Knowledge:
        """Once these changes, all of one instant, are known."""
        found, relays, last_bad_ns = dict(self.found), set(self.relays), dict(self.last_bad_ns)
        for each in changes:
            ends = (each.source, each.destination)
            if isinstance(each.path, Direction):
                late = each.after != "clean" and each.reason.startswith(_OF_DELAY)
                found[each.detector, each.path] = _Found(each.after, each.at_ns, late)
            elif each.after in ("clean", "unknown"):
                _heal(ends, each.at_ns, relays, last_bad_ns)
            else:
                relays.add(ends)
        now_ns = max((each.at_ns for each in changes), default=0)
        links = Knowledge(self.topology, self.settings, found)
        # What canaries found is forgotten as soon as a link that they cross is not clean: it says nothing of the relay.
        for ends in [each for each in relays if not {Direction(*each), Direction(*each[::-1])} <= links.clean]:
            _heal(ends, now_ns, relays, last_bad_ns)
        return Knowledge(self.topology, self.settings, found, frozenset(relays), last_bad_ns)

    def begins_anew(self, changes: Iterable[HealthChange]) -> bool:
        """Whether changes are those of a controller that has just begun to watch, after another one."""
        unknown = (each for each in changes if each.before == "unknown")
        known = (self.found.get((each.detector, each.path)) for each in unknown if isinstance(each.path, Direction))
        return any(each is not None and each.state != "unknown" for each in known)

    @cached_property
    def states(self) -> dict[Direction, str]:
        """By direction of a link, the worst that any detector found."""
        by_direction: dict[Direction, list[str]] = {}
        for (_, direction), found in self.found.items():
            by_direction.setdefault(direction, []).append(found.state)
        return {direction: min(states, key=_WORST_FIRST.index) for direction, states in by_direction.items()}

    @cached_property
    def clean(self) -> frozenset[Direction]:
        """The directions of links that every detector finds clean."""
        return frozenset(direction for direction, state in self.states.items() if state == "clean")

    def only_late(self, directions: Iterable[Direction]) -> bool:
        """Whether nothing is wrong with these but their delay: a detour may then be later still."""
        every = set(directions)
        bad = [each for (_, direction), each in self.found.items() if direction in every and each.state != "clean"]
        return bool(bad) and all(each.late for each in bad)

    @property
    def whole(self) -> bool:
        """Whether the health of every direction is known."""
        return bool(self.states) and "unknown" not in self.states.values()

    def up(self, directions: Iterable[Direction]) -> bool:
        """Whether none of these is down."""
        return all(self.states.get(each) != "down" for each in directions)

    def isolated_since_ns(self, cluster: str) -> int | None:
        """Since when no link of a cluster carries anything either way; None if one does."""
        links = [each for each in self.states if cluster in each]
        if not links or any(self.states[each] != "down" for each in links):
            return None
        return max(self._since_ns(each) for each in links)

    def fault_since_ns(self, directions: Iterable[Direction]) -> int:
        """When the first of these that are not clean was found so."""
        return min((self._since_ns(each) for each in directions if self.states[each] != "clean"), default=0)

    def _since_ns(self, direction: Direction) -> int:
        """Since when a direction that is not clean is as it is."""
        every = (found for (_, each), found in self.found.items() if each == direction)
        return min(found.since_ns for found in every if found.state == self.states[direction])

    def clean_since(self, at_ns: int) -> frozenset[Direction]:
        """The directions that were found clean after a time, and are."""
        return frozenset(each for each in self.clean if self.clean_since_ns([each]) > at_ns)

    def clean_times_ns(self) -> Iterator[int]:
        """When directions that are clean were found so."""
        return (self.clean_since_ns([each]) for each in self.clean)

    def clean_since_ns(self, directions: Iterable[Direction]) -> int:
        """Since when directions that are clean are so, all of them."""
        every = set(directions)
        return max(found.since_ns for (_, direction), found in self.found.items() if direction in every)

    def bad_relay(self, directions: Iterable[Direction], relays: Iterable[str]) -> bool:
        """Whether a cluster beside one of these relays, on the links given, finds it unhealthy."""
        return any(watched in self.relays for watched in _watching(directions, relays))

    def held(self, directions: Iterable[Direction], relays: Iterable[str], now_ns: int, slack_ns: int) -> Held:
        """Whether a relay gets no traffic because it is unhealthy, or was less than `hold` ago; perhaps: it may have
        been so up to `slack_ns` earlier than the log tells, which has only that it no longer is."""
        watching = list(_watching(directions, relays))
        if any(each in self.relays for each in watching):
            return "held"
        ends_ns = [self.last_bad_ns[each] + self.settings.hold_ns for each in watching if each in self.last_bad_ns]
        until_ns = max(ends_ns, default=0)
        if now_ns >= until_ns:
            return "free"
        return "perhaps" if now_ns >= until_ns - slack_ns else "held"

    def ends_of_hold_down_ns(self) -> Iterator[int]:
        """When relays that were unhealthy may get traffic again."""
        return (at_ns + self.settings.hold_ns for each, at_ns in self.last_bad_ns.items() if each not in self.relays)


def batches(changes: Iterable[HealthChange]) -> list[tuple[int, tuple[HealthChange, ...]]]:
    """Changes that the controller knew together, in order, and when: it judges all links at one instant."""
    return [(at_ns, tuple(each)) for at_ns, each in groupby(changes, key=lambda change: change.at_ns)]


def _heal(watched: Watched, at_ns: int, relays: set[Watched], last_bad_ns: dict[Watched, int]) -> None:
    if watched in relays:
        relays.discard(watched)
        last_bad_ns[watched] = at_ns


def _watching(directions: Iterable[Direction], relays: Iterable[str]) -> Iterator[Watched]:
    among = set(relays)
    for one, other in directions:
        if other in among:
            yield one, other
        if one in among:
            yield other, one
