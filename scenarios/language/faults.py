"""What a scenario's events do, to links or processes, and when: each word as faults of the plan. Pure."""

from __future__ import annotations

from itertools import chain

from hostio.timing import MS
from results.run_files.plan import Fault, Level, Process
from scenarios.language import event_schema as events
from topologies.link_state import (
    FourState,
    GilbertElliott,
    Jitter,
    LinkChange,
    Loss,
    LossPattern,
    LostFrames,
    RandomLoss,
)
from topologies.model import Direction, Topology

RAMP_STEP_NS = 50 * MS
"""A ramp goes in steps of about this length."""


def faults_of(event: events.Event, topology: Topology) -> tuple[Fault, ...]:
    """The event's faults: one, or as many as it repeats."""
    every_ns = event.every or 0
    return tuple(_fault(event, topology, event.at + number * every_ns) for number in range(event.repeat))


def _fault(event: events.Event, topology: Topology, at_ns: int) -> Fault:
    until_ns, levels = at_ns + event.lasts, _levels(event, at_ns)
    struck = process(event)
    if struck:
        extra_ns = event.extra if isinstance(event, events.DirectorySlow) else 0
        return Fault(event.what, at_ns, until_ns, (), LinkChange(), levels, struck, extra_ns)
    return Fault(event.what, at_ns, until_ns, directions(event, topology), change(event), levels)


def process(event: events.Event) -> Process | None:
    """The process that an event strikes; None if it touches links."""
    match event:
        case events.RelayEvent():
            return Process("relay", event.cluster)
        case events.ControllerRestart() | events.ControllerCut():
            return Process("controller")
        case events.DirectorySlow() | events.DirectoryDown():
            return Process("directory")
    return None


def directions(event: events.Event, topology: Topology) -> tuple[Direction, ...]:
    """The directions that an event touches, as the event wrote its link; none if it strikes a process."""
    if isinstance(event, events.Isolate):
        return tuple(each for each in topology.directions if event.cluster in each)
    if isinstance(event, events.Partition):
        side = {cluster: number for number, group in enumerate(event.groups) for cluster in group}
        named = (each for each in topology.directions if set(each) <= side.keys())
        return tuple(each for each in named if side[each.source] != side[each.destination])
    if isinstance(event, events.OneWay):
        return (Direction(*event.link),)
    if not isinstance(event, events.LinkEvent):
        return ()
    forward = Direction(*event.link)
    both = (forward, forward.reversed())
    return {"forward": both[:1], "backward": both[1:]}.get(event.direction, both)


def change(event: events.Event) -> LinkChange:
    """What an event at its full strength does to each of its directions."""
    match event:
        case events.PortDown() | events.Flap():
            return LinkChange(up=False)
        case events.LossEvent():
            return LinkChange(loss=_loss(event))
        case events.Latency():
            spread_ns = event.jitter
            jitter = None if spread_ns is None else Jitter(spread_ns, event.distribution, event.correlation)
            return LinkChange(extra_delay_ns=event.extra, jitter=jitter)
        case events.PathChange():
            return LinkChange(extra_delay_ns=event.extra)
        case events.Brownout():
            return LinkChange(rate_bps=event.rate, queue_ns=event.queue)
        case events.Partial():
            return LinkChange(flows=event.flows)
        case events.Duplicate():
            return LinkChange(duplicate=event.share)
        case events.Corrupt():
            return LinkChange(corrupt=event.share)
        case events.Reorder():
            return LinkChange(reorder=event.share)
    return LinkChange(blackhole=True)


def _loss(event: events.LossEvent) -> Loss:
    if good_and_bad := event.gilbert_elliott:
        return GilbertElliott(good_and_bad.p, good_and_bad.r, good_and_bad.one_minus_h, good_and_bad.one_minus_k)
    if four := event.four_state:
        return FourState(four.p13, four.p31, four.p32, four.p23, four.p14)
    if event.pattern:
        return LossPattern(event.pattern)
    if event.packets:
        return LostFrames(event.packets)
    return RandomLoss(event.loss or 0.0)


def _levels(event: events.Event, at_ns: int) -> tuple[Level, ...]:
    if isinstance(event, events.Flap):
        return _flapping(event, at_ns)
    if isinstance(event, events.Ramp) and event.ramp:
        return _ramp(at_ns, at_ns + event.lasts, event.ramp)
    return ()


def _flapping(event: events.Flap, at_ns: int) -> tuple[Level, ...]:
    """Down first, in each period."""
    starts = range(at_ns, at_ns + event.lasts, event.period)
    down_ns = round(event.period * event.duty)
    edges = chain.from_iterable((Level(start, 1.0), Level(start + down_ns, 0.0)) for start in starts)
    return tuple(edge for edge in edges if edge.at_ns < at_ns + event.lasts)


def _ramp(at_ns: int, until_ns: int, ramp_ns: int) -> tuple[Level, ...]:
    """Up in even steps, the last of which is the whole; down again in as many, of which the last but one is left."""
    count = max(1, ramp_ns // RAMP_STEP_NS)
    steps = [(ramp_ns * number // count, (number + 1) / count) for number in range(count)]
    up = (Level(at_ns + after_ns, share) for after_ns, share in steps)
    down = (Level(until_ns - ramp_ns + after_ns, 1 - share) for after_ns, share in steps[:-1])
    return (*up, *down)
