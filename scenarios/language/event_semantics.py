"""Checks of well-formed events, each by itself and all together. Pure; every check yields its problems."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from results.run_files.faults import Fault, LinkFault, ProcessFault
from scenarios.language.document import Problem
from scenarios.language.event_base import Surroundings
from scenarios.language.event_schema import Event
from scenarios.language.quantities import time_text
from scenarios.language.schema import ScenarioFile
from scenarios.language.session_media import media_of_groups
from scenarios.language.timeline import state_at, steps_of
from scenarios.language.traffic import traffic_of
from topologies.link_state import contradictions
from topologies.model import Direction, Topology

_PARTS = {"rate_bps": "rate", "queue_ns": "queue", "up": "port", "flows": "share of flows", "in_order": "order"}
"""Parts of a link's state that have another name in error messages."""


class _Numbered(NamedTuple):
    """A fault, and the index of its event in the file."""

    fault: Fault
    event: int


def event_problems(scenario: ScenarioFile, topology: Topology) -> Iterator[Problem]:
    """All problems of the events. Those of events together are looked for only if each is right by itself."""
    around = _surroundings(scenario, topology)
    found = [
        problem for index, event in enumerate(scenario.events) for problem in event.problems(("events", index), around)
    ]
    yield from found
    if not found:
        faults = [
            _Numbered(fault, index) for index, event in enumerate(scenario.events) for fault in event.faults(topology)
        ]
        yield from _disagreements(faults)
        yield from _overlaps(faults)
        yield from _impossible_states(faults, scenario.events, topology)


def _surroundings(scenario: ScenarioFile, topology: Topology) -> Surroundings:
    media = media_of_groups(scenario.sessions)
    smallest = min((each.sent.smallest_packet for _, each in media), default=0)
    return Surroundings(topology, scenario.duration, smallest, traffic_of(scenario))


def _overlaps(faults: Sequence[_Numbered]) -> Iterator[Problem]:
    """A problem per two faults on one process that overlap, or of which one begins when the other ends."""
    on_processes = [(fault, event) for fault, event in faults if isinstance(fault, ProcessFault)]
    for (first, _), (second, event) in itertools.combinations(on_processes, 2):
        if first.process == second.process and _meet(first, second):
            text = f"{second.process} has a {first.what} already {_times(first)}; let one end before the other begins"
            yield Problem(("events", event, "at"), text)


def _meet(one: Fault, other: Fault) -> bool:
    return one.at_ns <= other.until_ns and other.at_ns <= one.until_ns


def _times(fault: Fault) -> str:
    return f"from {time_text(fault.at_ns)} to {time_text(fault.until_ns)}"


def _disagreements(faults: Sequence[_Numbered]) -> Iterator[Problem]:
    """A problem per two concurrent faults that set the same part of a direction to different values."""
    on_links = [(fault, event) for fault, event in faults if isinstance(fault, LinkFault)]
    for (first, _), (second, event) in itertools.combinations(on_links, 2):
        part = _disagreement(first, second)
        shared = [each for each in second.directions if each in first.directions]
        at_once = first.at_ns < second.until_ns and second.at_ns < first.until_ns
        if part and shared and at_once:
            text = (
                f"{shared[0]} has another {_PARTS.get(part, part)} already, by the {first.what} {_times(first)}; "
                "let one end before the other begins"
            )
            yield Problem(("events", event, "at"), text)


def _disagreement(first: LinkFault, second: LinkFault) -> str | None:
    """The part of a state that both set, to different values. What one sets of matching frames goes before what the
    other sets of all."""
    if first.match != second.match:
        return "match" if first.match and second.match else None
    varies = any(level.change for fault in (first, second) for level in fault.levels)
    return second.change.sets_with(first.change) if varies else second.change.disagrees_with(first.change)


def _impossible_states(faults: Sequence[_Numbered], written: Sequence[Event], topology: Topology) -> Iterator[Problem]:
    """A problem per contradiction in a state that the events, alone or together, give a link."""
    base, plain = topology.base_states, [each.fault for each in faults]
    for step in steps_of(topology, plain):
        for direction in step.states:
            state = state_at(plain, direction, base[direction], step.at_ns)
            for part, text in contradictions(state):
                yield _placed(part, text, direction, step.edges[-1][0], faults, written)


def _placed(
    part: str, text: str, direction: Direction, number: int, faults: Sequence[_Numbered], written: Sequence[Event]
) -> Problem:
    """The problem at the event that sets this part or, if there is none, at the event of fault `number`."""
    on_it = (event for fault, event in faults if isinstance(fault, LinkFault) and direction in fault.directions)
    event = next((each for each in on_it if getattr(written[each], part, None)), faults[number].event)
    at = (part,) if getattr(written[event], part, None) is not None else ()
    return Problem(("events", event, *at), text)
