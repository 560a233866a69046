"""What a well-formed scenario can still get wrong, given its topology. Pure; every check yields its problems."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from scenarios.document import DataPath, Problem
from scenarios.expectations import expectation
from scenarios.quantities import time_text
from scenarios.schema import Connections, Event, Latency, ScenarioFile, Sessions
from scenarios.wording import quoted, suggestion
from topologies.model import Direction, Topology

MAX_SESSIONS = 20_000
"""Two streams each; far beyond what one machine can carry, near enough to catch a slip of the finger."""


class _Span(NamedTuple):
    start_ns: int
    end_ns: int
    event: int


def problems(scenario: ScenarioFile, topology: Topology) -> Iterator[Problem]:
    """Everything wrong with the scenario, in no particular order."""
    if scenario.directory is not None:
        yield from _unknown_cluster(scenario.directory, ("directory",), topology)
    for key, clusters in (("warm", scenario.relays.warm), ("versions", scenario.relays.versions)):
        for cluster in clusters:
            yield from _unknown_cluster(cluster, ("relays", key, cluster), topology, at_key=True)
    yield from _session_problems(scenario.sessions, topology)
    yield from _connection_problems(scenario.connections, topology)
    yield from _event_problems(scenario, topology)
    groups = [connection_name(group) for group in scenario.connections]
    for index, text in enumerate(scenario.expect):
        yield from _expectation_problem(text, index, topology, groups)


def group_name(sessions: Sessions, index: int) -> str:
    """The name of a group of sessions, given or by its number."""
    return sessions.name or f"{sessions.media}-{index + 1}"


def connection_name(connections: Connections) -> str:
    """The name of a group of connections: its kind, unless given."""
    return connections.name or connections.kind


def directions(event: Event) -> tuple[Direction, ...]:
    """The directions that an event touches, as the event wrote its link."""
    forward = Direction(*event.link)
    return {"forward": (forward,), "backward": (forward.reversed(),)}.get(
        event.direction, (forward, forward.reversed())
    )


def _session_problems(groups: tuple[Sessions, ...], topology: Topology) -> Iterator[Problem]:
    if not groups:
        yield Problem(("sessions",), "there are no sessions; add an entry such as {between: […], count: 100, …}")
    names: set[str] = set()
    total = 0
    for index, group in enumerate(groups):
        name = group_name(group, index)
        yield from _link_problems(group.between, ("sessions", index, "between"), topology)
        if name in names:
            yield Problem(("sessions", index, "name"), f"there is already a group {quoted(name)}; name it differently")
        if total <= MAX_SESSIONS < total + group.count:
            text = f"{total + group.count} sessions in all; write at most {MAX_SESSIONS}"
            yield Problem(("sessions", index, "count"), text)
        names.add(name)
        total += group.count


def _connection_problems(groups: tuple[Connections, ...], topology: Topology) -> Iterator[Problem]:
    names: set[str] = set()
    for index, group in enumerate(groups):
        name = connection_name(group)
        yield from _link_problems(group.between, ("connections", index, "between"), topology)
        if name in names:
            place = "kind" if group.name is None else "name"
            text = f"there is already a group {quoted(name)}; give this one another name"
            yield Problem(("connections", index, place), text)
        names.add(name)


def _event_problems(scenario: ScenarioFile, topology: Topology) -> Iterator[Problem]:
    for index, event in enumerate(scenario.events):
        yield from _link_problems(event.link, ("events", index, "link"), topology)
        yield from _timing_problems(event, index, scenario.duration)
        if isinstance(event, Latency):
            yield from _jitter_problems(event, index, topology)
    yield from _overlaps(scenario.events)


def _timing_problems(event: Event, index: int, duration_ns: int) -> Iterator[Problem]:
    end = f"the run ends at {time_text(duration_ns)}"
    if event.at >= duration_ns:
        yield Problem(
            ("events", index, "at"), f"the event starts at {time_text(event.at)}, but {end}; start it earlier"
        )
    elif event.at + event.lasts > duration_ns:
        right = f"write at most {time_text(duration_ns - event.at)}"
        text = f"the event lasts until {time_text(event.at + event.lasts)}, but {end}; {right}"
        yield Problem(("events", index, "for"), text)


def _jitter_problems(event: Latency, index: int, topology: Topology) -> Iterator[Problem]:
    for link in topology.links:
        delay_ns = link.one_way_ns + event.extra
        if {link.a, link.b} == set(event.link) and (event.jitter or 0) > delay_ns:
            most = time_text(delay_ns)
            text = f"more jitter than the one-way delay {most}; write at most {most}"
            yield Problem(("events", index, "jitter"), text)


def _overlaps(events: Sequence[Event]) -> Iterator[Problem]:
    spans: defaultdict[tuple[str, Direction], list[_Span]] = defaultdict(list)
    for index, event in enumerate(events):
        for direction in dict.fromkeys(directions(event)):
            spans[event.what, direction].append(_Span(event.at, event.at + event.lasts, index))
    for (what, direction), entries in spans.items():
        for one, other in _colliding(sorted(entries)):
            first, second = sorted((one, other), key=lambda span: span.event)
            times = f"{time_text(first.start_ns)} to {time_text(first.end_ns)}"
            text = f"{direction} already has a {what} from {times}; let one end before the other begins"
            yield Problem(("events", second.event, "at"), text)


def _colliding(spans: Sequence[_Span]) -> Iterator[tuple[_Span, _Span]]:
    """Of spans in order of start: each that starts before all earlier ones ended, behind the last of these to end."""
    longest = spans[0]
    for span in spans[1:]:
        if span.start_ns < longest.end_ns:
            yield longest, span
        longest = max(longest, span, key=lambda span: span.end_ns)


def _link_problems(ends: tuple[str, str], path: DataPath, topology: Topology) -> Iterator[Problem]:
    unknown = [list(_unknown_cluster(end, (*path, index), topology)) for index, end in enumerate(ends)]
    yield from itertools.chain(*unknown)
    if any(unknown):
        return
    if ends[0] == ends[1]:
        yield Problem((*path, 1), f"{quoted(ends[1])} twice; write two different clusters")
    elif set(ends) not in ({link.a, link.b} for link in topology.links):
        others = ", ".join(_neighbours(ends[0], topology)) or "nothing"
        yield Problem(path, f"no link {ends[0]}–{ends[1]} in {topology.name}; {ends[0]} is linked to {others}")


def _neighbours(cluster: str, topology: Topology) -> tuple[str, ...]:
    return tuple(there for here, there in topology.directions if here == cluster)


def _unknown_cluster(name: str, path: DataPath, topology: Topology, at_key: bool = False) -> Iterator[Problem]:
    names = [cluster.name for cluster in topology.clusters]
    if name not in names:
        yield Problem(path, f"unknown cluster {quoted(name)}; {suggestion(name, names)}", at_key)


def _expectation_problem(text: str, index: int, topology: Topology, groups: Sequence[str]) -> Iterator[Problem]:
    try:
        expectation(text, [cluster.name for cluster in topology.clusters], groups)
    except ValueError as error:
        yield Problem(("expect", index), str(error))
