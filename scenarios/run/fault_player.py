"""Plays a plan's timeline on a built testbed: starts the media, and applies every link fault at its time.

A fault is prepared 100 ms ahead, because that takes milliseconds: it reads counters and builds commands. Preparing and
verifying run at ordinary priority, so that they delay no media. Only the wait for the planned time and the change
itself have real-time priority, because their lateness is the fault's error in time.
"""

from __future__ import annotations

import gc
from time import monotonic_ns

from hostio.realtime import RealtimePriority, realtime_priority
from hostio.timing import MS, S, next_multiple
from results.run_files.events import End, FaultEdge, MediaStart
from results.run_files.plan import Plan
from scenarios.language.timeline import Step, steps_of
from scenarios.run.testbed import Testbed
from scenarios.supervision.run_control import EventLog, StopSignal
from topologies.link_backend import Applied

_LEAD_NS = 200 * MS
"""From the order to play to the first packet, ns: every process has the order by then, at real-time priority."""

_PREPARE_NS = 100 * MS
"""How long before its planned time a change of the links is prepared, ns."""

_DRAIN_NS = 1 * S
"""For how long after the media end, ns, packets under way may still arrive; a later one is too late for any call."""


def play(testbed: Testbed, plan: Plan, log: EventLog, stop: StopSignal) -> End:
    """Play the timeline to its end, or to the stop signal; returns how it ended. ProcessError, LinkError."""
    gc.freeze()  # a collection in all that was imported would make an edge late by tens of ms
    testbed.prepare_media()
    with realtime_priority(RealtimePriority.SOURCE):
        start_ns = next_multiple(monotonic_ns() + _LEAD_NS)
        testbed.start_media(start_ns, start_ns + plan.duration_ns)
    log.add(MediaStart(start_ns))
    testbed.process_faults.begin(start_ns, stop)
    try:
        return _play_links(testbed, plan, log, stop, start_ns)
    finally:
        testbed.process_faults.join()


def _play_links(testbed: Testbed, plan: Plan, log: EventLog, stop: StopSignal, start_ns: int) -> End:
    end_ns = start_ns + plan.duration_ns
    for step in steps_of(plan.topology, plan.faults):
        if stop.by(start_ns + step.at_ns - _PREPARE_NS):
            return _interrupted()
        apply = testbed.links.prepare(step.states)
        with realtime_priority(RealtimePriority.SOURCE):
            if stop.by(start_ns + step.at_ns):
                return _interrupted()
            verify = apply()
        _log_step(log, step, start_ns, verify())
    if stop.by(end_ns):
        return _interrupted()
    log.phase("media ended")
    interrupted = stop.by(end_ns + _DRAIN_NS)
    return End(monotonic_ns(), end_ns, interrupted)


def _log_step(log: EventLog, step: Step, start_ns: int, applied: Applied) -> None:
    planned_ns = start_ns + step.at_ns
    for fault, edge in step.edges:
        log.add(FaultEdge(fault, edge, planned_ns, applied.first_ns, applied.last_ns, applied.verified_ns))


def _interrupted() -> End:
    now_ns = monotonic_ns()
    return End(at_ns=now_ns, media_end_ns=now_ns, interrupted=True)
