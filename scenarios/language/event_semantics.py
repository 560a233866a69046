"""What well-formed events can still get wrong, alone and together. Pure; every check yields its problems."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from hostio.timing import MS, S
from relay_app.clients.media_schedule import PROFILES, Profile
from results.run_files.plan import Fault
from scenarios.language import event_schema as events
from scenarios.language.document import DataPath, Problem
from scenarios.language.event_schema import Event
from scenarios.language.faults import faults_of
from scenarios.language.quantities import time_text
from scenarios.language.schema import ScenarioFile
from scenarios.language.timeline import base_states, state_at, steps_of
from scenarios.language.wording import quoted, suggestion
from topologies.link_state import contradictions
from topologies.model import Direction, Topology


def link_problems(ends: tuple[str, str], path: DataPath, topology: Topology) -> Iterator[Problem]:
    """Two clusters that are not two linked clusters of the topology."""
    unknown = [list(unknown_cluster(end, (*path, index), topology)) for index, end in enumerate(ends)]
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


def unknown_cluster(name: str, path: DataPath, topology: Topology, at_key: bool = False) -> Iterator[Problem]:
    """A name that is no cluster's."""
    names = [cluster.name for cluster in topology.clusters]
    if name not in names:
        yield Problem(path, f"unknown cluster {quoted(name)}; {suggestion(name, names)}", at_key)


LEAST_ABSENCE_NS = 100 * MS
"""A process takes some tens of milliseconds to be gone; no new one can be in its place before."""

_ENDING = (events.RelayRestart, events.RelayKill, events.ControllerRestart, events.DirectoryDown)
"""Events that end a process and start another."""


def too_short(event: events.Event, path: DataPath) -> Iterator[Problem]:
    """A process that is to be replaced sooner than it can be gone."""
    if isinstance(event, _ENDING) and event.lasts < LEAST_ABSENCE_NS:
        right = f"write at least {time_text(LEAST_ABSENCE_NS)}"
        yield Problem((*path, "for"), f"a process takes some tens of ms to end, and a new one comes after it; {right}")


def overlaps(faults: Sequence[tuple[Fault, int]]) -> Iterator[Problem]:
    """Two faults on one process that overlap or touch; each comes with the number of its event."""
    struck = [each for each in faults if each[0].process]
    for one, other in itertools.combinations(struck, 2):
        (first, _), (second, event) = sorted((one, other), key=lambda each: each[1])
        if first.process == second.process and _meet(first, second):
            times = f"from {time_text(first.at_ns)} to {time_text(first.until_ns)}"
            text = f"{second.process} has a {first.what} already {times}; let one end before the other begins"
            yield Problem(("events", event, "at"), text)


def _meet(one: Fault, other: Fault) -> bool:
    return one.at_ns <= other.until_ns and other.at_ns <= one.until_ns


_LOSSES = ("loss", "gilbert-elliott", "4-state", "pattern", "packets")
_PARTS = {"rate_bps": "rate", "queue_ns": "queue", "up": "port", "flows": "share of flows"}
"""Parts of a link's state whose names are not the words of scenarios."""


class _Numbered(NamedTuple):
    fault: Fault
    event: int


def event_problems(scenario: ScenarioFile, topology: Topology) -> Iterator[Problem]:
    """Everything wrong with the events."""
    found = [
        problem
        for index, event in enumerate(scenario.events)
        for problem in _alone(event, ("events", index), scenario, topology)
    ]
    yield from found
    if not found:
        faults = [
            _Numbered(fault, index)
            for index, event in enumerate(scenario.events)
            for fault in faults_of(event, topology)
        ]
        yield from _disagreements(faults)
        yield from overlaps([(each.fault, each.event) for each in faults])
        yield from _impossible_states(faults, scenario.events, topology)


def _alone(event: Event, path: DataPath, scenario: ScenarioFile, topology: Topology) -> Iterator[Problem]:
    yield from _place_problems(event, path, topology)
    yield from _timing_problems(event, path, scenario.duration)
    yield from too_short(event, path)
    if isinstance(event, events.Brownout):
        yield from _rate_problems(event, path, [PROFILES[group.media] for group in scenario.sessions])
    if isinstance(event, events.LossEvent):
        yield from _loss_problems(event, path)
    if isinstance(event, events.Latency) and event.jitter is None and {"distribution", "correlation"} & _given(event):
        key = min({"distribution", "correlation"} & _given(event))
        yield Problem((*path, key), f"{quoted(key)} of what jitter? add jitter: 5ms", at_key=True)
    if isinstance(event, events.Flap) and not 0 < event.duty < 1:
        yield Problem((*path, "duty"), "a port that flaps is down for a part of each period; write from 1% to 99%")


def _given(event: Event) -> set[str]:
    return set(event.model_fields_set)


def _place_problems(event: Event, path: DataPath, topology: Topology) -> Iterator[Problem]:
    if isinstance(event, events.Isolate | events.RelayEvent):
        yield from unknown_cluster(event.cluster, (*path, "cluster"), topology)
    elif isinstance(event, events.Partition):
        yield from _group_problems(event, (*path, "groups"), topology)
    elif isinstance(event, events.LinkEvent | events.OneWay):
        yield from link_problems(event.link, (*path, "link"), topology)


def _group_problems(event: events.Partition, path: DataPath, topology: Topology) -> Iterator[Problem]:
    seen: set[str] = set()
    for group, names in enumerate(event.groups):
        for index, name in enumerate(names):
            yield from unknown_cluster(name, (*path, group, index), topology)
            if name in seen:
                yield Problem((*path, group, index), f"{quoted(name)} twice; a cluster is in one group at most")
            seen.add(name)


def _timing_problems(event: Event, path: DataPath, duration_ns: int) -> Iterator[Problem]:
    end = f"the run ends at {time_text(duration_ns)}"
    if event.at >= duration_ns:
        yield Problem((*path, "at"), f"the event starts at {time_text(event.at)}, but {end}; start it earlier")
    elif event.at + event.lasts > duration_ns:
        right = f"write at most {time_text(duration_ns - event.at)}"
        yield Problem((*path, "for"), f"the event lasts until {time_text(event.at + event.lasts)}, but {end}; {right}")
    elif event.repeat > 1:
        yield from _repeat_problems(event, path, duration_ns)
    if isinstance(event, events.Ramp) and 2 * event.ramp > event.lasts:
        right = f"write at most {time_text(event.lasts // 2)}"
        yield Problem((*path, "ramp"), f"no time to grow and to fade within {time_text(event.lasts)}; {right}")
    if isinstance(event, events.Flap) and event.period > event.lasts:
        yield Problem((*path, "period"), f"longer than the event; write at most {time_text(event.lasts)}")


def _repeat_problems(event: Event, path: DataPath, duration_ns: int) -> Iterator[Problem]:
    if event.every is None:
        right = f"add every: {time_text(2 * event.lasts)}"
        yield Problem((*path, "repeat"), f"it is not said how often; {right}")
    elif event.every <= event.lasts:
        yield Problem(
            (*path, "every"), f"the next would begin before the last ends; write over {time_text(event.lasts)}"
        )
    elif event.at + (event.repeat - 1) * event.every + event.lasts > duration_ns:
        most = (duration_ns - event.at - event.lasts) // event.every + 1
        text = f"the last would end after the run does, at {time_text(duration_ns)}; write at most {most}"
        yield Problem((*path, "repeat"), text)


def _loss_problems(event: events.LossEvent, path: DataPath) -> Iterator[Problem]:
    values = (event.loss, event.gilbert_elliott, event.four_state, event.pattern, event.packets)
    given = [key for key, value in zip(_LOSSES, values, strict=True) if value is not None]
    if not given:
        yield Problem(path, f"what loss? add loss: 30%, or one of {', '.join(_LOSSES[1:])}")
    for key in given[1:]:
        yield Problem((*path, key), f"there is {quoted(given[0])} already; keep one of them", at_key=True)
    if event.ramp and event.loss is None:
        yield Problem((*path, "ramp"), "only loss at random can ramp; leave the ramp out")
    states = event.four_state
    if states and states.p13 + states.p14 > 1:
        yield Problem((*path, "4-state"), "p13 and p14 leave the same state and add up to more than 100%; lower one")
    if states and states.p31 + states.p32 > 1:
        yield Problem((*path, "4-state"), "p31 and p32 leave the same state and add up to more than 100%; lower one")


def _rate_problems(event: events.Brownout, path: DataPath, media: Sequence[Profile]) -> Iterator[Problem]:
    """A rate at which the smallest packet of the media takes longer than the queue holds carries none of them."""
    size = min((profile.smallest_packet for profile in media), default=0)
    takes_ns = size * 8 * S // event.rate
    if takes_ns > event.queue:
        text = f"a packet of {size} bytes takes {time_text(takes_ns // MS * MS)} at this rate, and the queue holds"
        yield Problem((*path, "rate"), f"{text} {time_text(event.queue)}; write a higher rate or a longer queue")


def _disagreements(faults: Sequence[_Numbered]) -> Iterator[Problem]:
    """Two faults that set the same part of one direction to different values at one time."""
    for one, other in itertools.combinations(faults, 2):
        first, second = sorted((one, other), key=lambda each: each.event)
        part = second.fault.change.disagrees_with(first.fault.change)
        shared = [each for each in second.fault.directions if each in first.fault.directions]
        at_once = one.fault.at_ns < other.fault.until_ns and other.fault.at_ns < one.fault.until_ns
        if part and shared and at_once:
            times = f"from {time_text(first.fault.at_ns)} to {time_text(first.fault.until_ns)}"
            text = (
                f"{shared[0]} has another {_PARTS.get(part, part)} already, by the {first.fault.what} {times}; "
                "let one end before the other begins"
            )
            yield Problem(("events", second.event, "at"), text)


def _impossible_states(faults: Sequence[_Numbered], written: Sequence[Event], topology: Topology) -> Iterator[Problem]:
    """States that the events make, alone or together, and that no link can have."""
    base, plain = base_states(topology), [each.fault for each in faults]
    for step in steps_of(topology, plain):
        for direction in step.states:
            state = state_at(plain, direction, base[direction], step.at_ns)
            for part, text in contradictions(state):
                yield _blamed(part, text, direction, step.edges[-1][0], faults, written)


def _blamed(
    part: str, text: str, direction: Direction, number: int, faults: Sequence[_Numbered], written: Sequence[Event]
) -> Problem:
    """The problem at the event that says the part, or else at the last that came to it."""
    on_it = (each.event for each in faults if direction in each.fault.directions)
    event = next((each for each in on_it if getattr(written[each], part, None)), faults[number].event)
    at = (part,) if getattr(written[event], part, None) is not None else ()
    return Problem(("events", event, *at), text)
