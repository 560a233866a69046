"""The progress of a run as lines of text, from the files that it writes while it lasts."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from time import monotonic_ns

from controller.decisions import Decision, HealthChange, HeldUp, Kept, Review
from hostio.files import Tail
from hostio.timing import S
from relay_app.ports import LANES
from results.run_files.documents import ControllerRecord, Event, load_decisions, load_events
from results.run_files.events import FaultEdge, LogFull, MediaStart, Phase, ProgramMessage, WatchdogMissed
from results.run_files.plan import Plan
from results.run_files.run_dir import RunDir

_MARKUP = re.compile(r"(\[[a-z#/@][^\[]*?\])")


class LiveProgress:
    """Turns new records of events.jsonl and controller.jsonl into lines, in rich's markup."""

    def __init__(self, plan: Plan, run: RunDir) -> None:
        self._plan = plan
        self._events = Tail(run.events)
        self._decisions = Tail(run.decisions)
        self._media_start_ns: int | None = None
        self._last_reviews: dict[tuple[str, str], str] = {}

    def opening(self) -> Iterator[str]:
        """Lines about the plan: scenario, seed, duration, back ends, and what programs may do."""
        chosen = self._plan.environment
        yield f"[bold]{self._plan.scenario}[/]  seed {self._plan.seed}, {self._plan.duration_ns / S:g} s"
        if chosen:
            yield f"[dim]links      {chosen.link_backend}: {chosen.link_backend_reason}[/]"
            yield f"[dim]switches   {chosen.datapath} datapath: {chosen.datapath_reason}[/]"
            framework = self._plan.controller.framework
            yield f"[dim]controller {framework} {chosen.versions.get(framework, '')}[/]"
        for name, program in self._plan.relays.programs.items():
            asked = ", ".join(program.capabilities) or "none"
            yield f"[dim]relay      {_escaped(name)}: {_escaped(shlex.join(program.command))}; capabilities: {asked}[/]"

    def news(self) -> Iterator[str]:
        """Lines for records that are new since the last call; records without interest to the user give none."""
        if events := self._events.new_lines():
            yield from filter(None, map(self._event_line, load_events(events, "events.jsonl").records))
        if decisions := self._decisions.new_lines():
            yield from filter(None, map(self._decision_line, load_decisions(decisions, "controller.jsonl").records))

    def clock_s(self) -> float | None:
        """Present time in seconds after the media start; None before it."""
        if self._media_start_ns is None:
            return None
        return max(0.0, (monotonic_ns() - self._media_start_ns) / 1e9)

    def _event_line(self, event: Event) -> str | None:
        if isinstance(event, MediaStart):
            self._media_start_ns = event.at_ns
        if isinstance(event, Phase):
            return f"           {event.name}"
        if isinstance(event, FaultEdge) and event.edge != "level":
            fault = self._plan.faults[event.fault]
            verb = "begins" if event.edge == "start" else "ends"
            late_ms = (event.applied_last_ns - event.planned_ns) / 1e6
            what = f"{fault.what} {verb}{f' on {fault.where}' if fault.where else ''}"
            return f"{self._at(event.applied_first_ns)}  {what} [dim](+{late_ms:.1f} ms)[/]"
        return self._program_line(event)

    def _program_line(self, event: Event) -> str | None:
        """A line for what a relay that is a program said or missed; its signs of life give none."""
        if isinstance(event, ProgramMessage) and event.message != "WATCHDOG=1":
            left_out = f" [dim]({event.left_out} left out before)[/]" if event.left_out else ""
            return f"{self._at(event.at_ns)}  relay {event.cluster}: {_escaped(event.message)}{left_out}"
        if isinstance(event, WatchdogMissed):
            return f"{self._at(event.at_ns)}  relay {event.cluster} sent no WATCHDOG=1 for {event.within_ns / S:g} s"
        if isinstance(event, LogFull):
            return f"{self._at(event.at_ns)}  relay {event.cluster}: its log is full, at {event.limit_bytes >> 20} MiB"
        return None

    def _decision_line(self, record: ControllerRecord) -> str | None:
        if isinstance(record, Decision):
            path = f"over {' and '.join(record.relays)}" if record.relays else "direct again"
            some = f" {_lanes(record.lanes)}" if len(record.lanes) < LANES else ""
            return f"{self._at(record.installed_ns)}  {record.a}–{record.b}{some} {path}: {record.reason}"
        if isinstance(record, Kept):
            return f"{self._at(record.at_ns)}  {record.a}–{record.b} stays: {record.reason}"
        if isinstance(record, HeldUp):
            gone = f"after {(record.at_ns - record.from_ns) / 1e6:.0f} ms"
            return f"{self._at(record.at_ns)}  the controller runs on {gone}, and distrusts what it missed"
        if isinstance(record, Review):
            return self._review_line(record)
        if isinstance(record, HealthChange) and record.before != "unknown":
            return f"{self._at(record.at_ns)}  {_subject(record)} is {record.after}: {record.reason}"
        return None

    def _review_line(self, record: Review) -> str | None:
        """A line for a review, of which there is one a second, if path or reason differ from the pair's last one."""
        before = self._last_reviews.get((record.a, record.b))
        self._last_reviews[record.a, record.b] = f"stays via {' and '.join(record.relays)}: {record.reason}"
        if before == self._last_reviews[record.a, record.b]:
            return None
        return f"{self._at(record.at_ns)}  {record.a}–{record.b} {self._last_reviews[record.a, record.b]}"

    def _at(self, at_ns: int) -> str:
        if self._media_start_ns is None:
            return "    set-up"
        return f"{round((at_ns - self._media_start_ns) / 1e9, 3) + 0.0:8.3f} s"  # + 0.0: no "-0.000"


def _escaped(text: str) -> str:
    """A text of somebody else, with what would be rich's markup in it."""
    return _MARKUP.sub(r"\\\1", text)


def _subject(record: HealthChange) -> str:
    if record.detector == "relay-canary":
        return f"relay {record.destination}, to {record.source}'s canary,"
    return f"{record.source}→{record.destination}"


def _lanes(lanes: tuple[int, ...]) -> str:
    return f"lane{'s' if len(lanes) > 1 else ''} {', '.join(map(str, lanes))}"
