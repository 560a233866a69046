"""Which lanes of which pairs go over which relay at a moment, and why. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from controller.moves import via_text
from scenarios.watch.frame import Span, Tone, line
from scenarios.watch.moment import Moment
from scenarios.watch.section import CALM, Item, Section
from scenarios.watch.state import DIRECT, Lanes
from topologies.model import Direction, Topology

_SPARE = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


def letters(topology: Topology) -> Mapping[str, str]:
    """A character for each cluster, by which a lane shows its relay: one of its name if another has not got it."""
    found: dict[str, str] = {}
    for cluster in topology.clusters:
        wishes = [*cluster.name.rpartition("-")[2], *cluster.name, *_SPARE]
        taken = found.values()
        found[cluster.name] = next((each for each in wishes if each.isalnum() and each not in taken), "?")
    return found


def carriers(moment: Moment) -> frozenset[str]:
    """The clusters whose relay a lane goes over."""
    return frozenset(relay for lanes in moment.state.lanes.values() for relays in lanes for relay in relays)


def sessions_by_pair(moment: Moment) -> dict[Direction, int]:
    """How many sessions the plan has between the two clusters of each pair; none: the pair is not there."""
    pairs = {pair.ends for pair in moment.plan.topology.direct_paths}
    found: Counter[Direction] = Counter()
    for group in moment.plan.sessions:
        ends = Direction(group.a, group.b)
        found[ends if ends in pairs else ends.reversed()] += group.count
    return dict(found)


def section(moment: Moment) -> Section:
    """The pairs that have sessions or are rerouted, and how many others there are."""
    sessions, marks = sessions_by_pair(moment), letters(moment.plan.topology)
    pairs = _rows(moment)
    shown = [pair for pair in pairs if _sessions(sessions, pair) or moment.state.lanes.get(pair, DIRECT) != DIRECT]
    width = max((len(f"{pair.source}–{pair.destination}") for pair in shown), default=0)
    items = [_item(moment, pair, _sessions(sessions, pair), marks, width) for pair in shown]
    others = len(pairs) - len(shown)
    aside = "which relay carries each of a pair's 16"
    if others:
        aside = f"{aside}; {others} idle pair{'s' if others > 1 else ''} left out"
    return Section("lanes", aside, tuple(items), "all direct")


def _rows(moment: Moment) -> list[Direction]:
    """What has a row each: every pair, or either direction of every pair where they are moved apart."""
    topology = moment.plan.topology
    paths = topology.one_way_paths if moment.plan.controller.one_way else topology.direct_paths
    return [path.ends for path in paths]


def _sessions(by_pair: Mapping[Direction, int], ends: Direction) -> int:
    return by_pair.get(ends, by_pair.get(ends.reversed(), 0))


def _item(moment: Moment, pair: Direction, sessions: int, marks: Mapping[str, str], width: int) -> Item:
    lanes = moment.state.lanes.get(pair, DIRECT)
    moved = lanes != DIRECT
    name: Tone = "strong" if moved else "plain"
    count = f"{sessions} session{'s' if sessions != 1 else ''}"
    row = line(
        Span("  "),
        Span(f"{pair.source}{'→' if moment.plan.controller.one_way else '–'}{pair.destination}".ljust(width), name),
        Span("  "),
        *cells(lanes, marks),
        Span("  "),
        *_summary(lanes),
        Span(f"  {count}", "dim"),
    )
    why = moment.state.why.get(pair)
    detail = line(Span(why, "dim")) if why and moved else None
    return Item(row, detail, 0 if moved else CALM)


def cells(lanes: Lanes, marks: Mapping[str, str]) -> Iterator[Span]:
    """A cell for each lane: the letter of the first relay that it goes over, a dot if none."""
    for relays in lanes:
        yield Span(marks.get(relays[0], "?"), "lane") if relays else Span("·", "dim")


def _summary(lanes: Lanes) -> Iterator[Span]:
    counts = Counter(lanes)
    if len(counts) == 1:
        yield Span(f"via {via_text(lanes[0])}", "move") if lanes[0] else Span("direct")
        return
    for number, (relays, count) in enumerate(counts.items()):
        yield Span(", " if number else "")
        yield Span(f"{count} {via_text(relays)}", "move") if relays else Span(f"{count} direct")
