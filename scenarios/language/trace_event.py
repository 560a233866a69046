"""The word `trace` of a scenario's events. `scenarios.language.traces` reads the files that such events name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal, TypeAlias, get_args

from hostio.timing import MS
from results.run_files.faults import Level, LinkFault
from results.run_files.validation import Field, PrivateAttr, checked
from scenarios.language.document import DataPath, Problem
from scenarios.language.event_base import RAMP_STEP_NS, OneLinkEvent, Surroundings
from scenarios.language.quantities import time_text
from scenarios.language.readings import one_of, time_within, word
from scenarios.language.trace import Interpolation, Trace, TracePoint, shortest_step_ns
from scenarios.language.values import Delay
from topologies.link_state import LinkChange, RandomLoss
from topologies.model import Topology

TraceFile: TypeAlias = Annotated[str, checked(word)]
Manner: TypeAlias = Annotated[Interpolation, checked(one_of(*get_args(Interpolation)))]
StepLength: TypeAlias = Annotated[int, checked(time_within("50ms", "10s"))]

_MOST_STEPS = 10_000


class TraceEvent(OneLinkEvent):
    """Delay, loss and rate are those of a recording: a table with times, or mahimahi's packet-delivery format."""

    what: Literal["trace"]
    file: TraceFile = Field(examples=["trace.csv"])
    """The path of the trace, from the scenario file's: a table if it ends in .csv, else mahimahi's format."""
    interpolation: Manner = "step"
    """Of a table: step, each row holds until the next; or linear, on lines between the rows, in steps."""
    step: StepLength = 100 * MS
    """The length of a step of a linear table, which has what lies at its middle; of mahimahi's format that over which
    delivery opportunities are counted to a rate."""
    queue: Delay = 100 * MS
    """How much traffic, as time at the rate, waits before it is dropped."""
    _trace: Trace | None = PrivateAttr(None)

    def played(self, trace: Trace) -> TraceEvent:
        """The same event with what is in its file."""
        found = self.model_copy()
        found._trace = trace
        return found

    def change(self) -> LinkChange:
        """The largest delay and loss and the lowest rate, of a link without a delay of its own."""
        return self._worst(0)

    def fault(self, topology: Topology, at_ns: int) -> LinkFault:
        """The fault that begins `at_ns` after the media start, with a level for each step."""
        directions = self.directions(topology)
        one_way = topology.one_ways.get(directions[0])
        own_ns = one_way.delay_ns if one_way else 0
        levels = tuple(Level(at_ns + point.after_ns, 1.0, self._change(point, own_ns)) for point in self._points)
        return LinkFault(self.what, at_ns, at_ns + self.lasts, directions, self._worst(own_ns), levels=levels)

    @property
    def _points(self) -> tuple[TracePoint, ...]:
        """What is played; none without the file."""
        if self._trace is None:
            return ()
        # Here, because numpy takes as long to import as all else that reads a scenario with other events.
        from scenarios.language.trace_steps import steps

        return steps(self._trace, self.lasts, self.step, self.interpolation)

    def _change(self, point: TracePoint, own_ns: int) -> LinkChange:
        """What a step makes of a link whose own delay is `own_ns`."""
        return LinkChange(
            extra_delay_ns=0 if point.delay_ns is None else point.delay_ns - own_ns,
            loss=None if point.loss is None else RandomLoss(point.loss),
            rate_bps=point.rate_bps,
            queue_ns=None if point.rate_bps is None else self.queue,
        )

    def _worst(self, own_ns: int) -> LinkChange:
        points = self._points
        delays = [point.delay_ns for point in points if point.delay_ns is not None]
        losses = [point.loss for point in points if point.loss is not None]
        rates = [point.rate_bps for point in points if point.rate_bps is not None]
        worst = TracePoint(0, max(delays, default=None), max(losses, default=None), min(rates, default=None))
        return self._change(worst, own_ns)

    def problems(self, path: DataPath, around: Surroundings) -> Iterator[Problem]:
        """Also steps too short or too many, and delays that the link cannot have."""
        yield from super().problems(path, around)
        points = self._points
        shortest_ns = shortest_step_ns(points)
        if shortest_ns is not None and shortest_ns < RAMP_STEP_NS:
            text = f"rows {time_text(shortest_ns)} apart, and a link changes every {time_text(RAMP_STEP_NS)} at most"
            yield Problem((*path, "file"), f"{text}; leave rows out, or write interpolation: linear")
        if len(points) > _MOST_STEPS:
            text = f"{len(points)} steps; write a shorter event, or a longer step, for at most {_MOST_STEPS}"
            yield Problem((*path, "file"), text)
        yield from self._delay_problems(path, around.topology)

    def _delay_problems(self, path: DataPath, topology: Topology) -> Iterator[Problem]:
        delays = [point.delay_ns for point in self._points if point.delay_ns is not None]
        own = [topology.one_ways[way].delay_ns for way in self.directions(topology) if way in topology.one_ways]
        if not delays or not own:
            return
        if len(set(own)) > 1:
            text = (
                "the two directions have delays of their own; write direction: forward, and another event for backward"
            )
            yield Problem((*path, "link"), text)
        elif min(delays) < own[0]:
            text = f"a delay of {time_text(min(delays))} is less than the link's own {time_text(own[0])}"
            yield Problem((*path, "file"), f"{text}, which nothing shortens; give the link a smaller one")
