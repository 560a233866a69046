"""What each record of a run says, as a sentence. Pure; times are CLOCK_MONOTONIC ns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from controller.decisions import Decision, HealthChange, HeldUp, Kept, Review, ends_text
from controller.moves import lanes_text, via_text
from hostio.timing import MS, S
from relay_app.ports import LANES
from results.run_files.captured import CaptureEnd
from results.run_files.documents import ControllerRecord, Event
from results.run_files.events import (
    Begun,
    End,
    FaultEdge,
    LogFull,
    MediaStart,
    Phase,
    ProgramEnd,
    ProgramMessage,
    ProgramStart,
    WatchdogMissed,
)
from results.run_files.plan import Plan
from topologies.model import link_name

Record: TypeAlias = Event | ControllerRecord

Kind = Literal["fault", "move", "kept", "health", "review", "run", "relay"]


@dataclass(frozen=True, slots=True)
class Entry:
    """A change, when it was, and what there is to add to it."""

    at_ns: int
    kind: Kind
    text: str
    aside: str = ""
    health: HealthChange | None = None
    """Of a change of health, its record."""


def time_of(record: Record) -> int:
    """When what a record tells came into effect."""
    if isinstance(record, FaultEdge):
        return record.applied_first_ns
    return record.installed_ns if isinstance(record, Decision) else record.at_ns


class Teller:
    """Tells record after record. A review, of which each path has one a second, is told if its reason changed."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._reviews: dict[tuple[str, str, tuple[str, ...]], str] = {}

    def tell(self, record: Record) -> Entry | None:
        """The entry of a record; None if it changes nothing that is shown."""
        if isinstance(record, Decision | Kept | Review | HealthChange | HeldUp):
            return self._of_controller(record)
        if isinstance(record, FaultEdge):
            return self._of_fault(record)
        if isinstance(record, ProgramStart | ProgramEnd | ProgramMessage | WatchdogMissed | LogFull):
            return _of_program(record)
        text = _of_run(record)
        return Entry(record.at_ns, "run", text) if text else None

    def _of_fault(self, edge: FaultEdge) -> Entry | None:
        if edge.edge == "level":
            return None
        verb = "begins" if edge.edge == "start" else "ends"
        late_ms = (edge.applied_last_ns - edge.planned_ns) / MS
        return Entry(edge.applied_first_ns, "fault", fault_text(self._plan, edge.fault, verb), f"{late_ms:+.1f} ms")

    def _of_controller(self, record: ControllerRecord) -> Entry | None:
        if isinstance(record, Decision):
            return _of_decision(record)
        if isinstance(record, HealthChange):
            # At the start every path comes from unknown to clean.
            if (record.before, record.after) == ("unknown", "clean"):
                return None
            return Entry(record.at_ns, "health", f"{record.subject} is {record.after}: {record.reason}", health=record)
        if isinstance(record, HeldUp):
            gone_ms = (record.at_ns - record.from_ns) / MS
            text = f"the controller runs on after {gone_ms:.0f} ms, and distrusts what it missed"
            return Entry(record.at_ns, "health", text)
        if isinstance(record, Kept):
            return Entry(record.at_ns, "kept", f"{ends_text(record)} stays: {record.reason}")
        path = (record.a, record.b, record.relays)
        before, self._reviews[path] = self._reviews.get(path), record.reason
        if before == record.reason:
            return None
        text = f"{ends_text(record)} stays via {via_text(record.relays)}: {record.reason}"
        return Entry(record.at_ns, "review", text)


def both_ways(entries: Iterable[Entry]) -> Iterator[Entry]:
    """The entries; of two in a row that tell the same of both directions of a link, one."""
    kept: Entry | None = None
    for entry in entries:
        if kept and _reverse(kept.health, entry.health):
            last = kept.health or entry.health
            if last:
                text = f"{link_name(last.source, last.destination)} is {last.after} both ways: {last.reason}"
                yield replace(kept, text=text)
            kept = None
            continue
        if kept:
            yield kept
        kept = entry
    if kept:
        yield kept


def _reverse(one: HealthChange | None, other: HealthChange | None) -> bool:
    return (
        one is not None
        and other is not None
        and one.detector == other.detector
        and one.detector in ("link", "damping")
        and (one.source, one.destination) == (other.destination, other.source)
        and (one.after, one.at_ns) == (other.after, other.at_ns)
    )


def fault_text(plan: Plan, number: int, verb: str = "") -> str:
    """A fault of the plan by its number, which may be one that the plan does not have, and what it does."""
    if not 0 <= number < len(plan.faults):
        return " ".join(filter(None, (f"fault {number}, which the plan does not have,", verb))).rstrip(",")
    fault = plan.faults[number]
    where = f"{'on ' if verb else ''}{fault.where}" if fault.where else ""
    return " ".join(filter(None, (fault.what, verb, where)))


def _of_decision(record: Decision) -> Entry:
    path = f"over {via_text(record.relays)}" if record.relays else "direct again"
    some = f" {lanes_text(record.lanes)}" if len(record.lanes) < LANES else ""
    repaired = "; the switches had moved it" if record.repaired_ns is not None else ""
    text = f"{ends_text(record)}{some} {path}: {record.reason}{repaired}"
    took_ms = (record.installed_ns - record.decided_ns) / MS
    return Entry(record.installed_ns, "move", text, f"installed {took_ms:.1f} ms after the decision")


def _of_program(record: ProgramStart | ProgramEnd | ProgramMessage | WatchdogMissed | LogFull) -> Entry | None:
    """What a relay that is a program said or missed; its signs of life, and its start, tell nothing new."""
    aside, relay = "", f"relay {record.cluster}"
    if isinstance(record, ProgramMessage) and record.message != "WATCHDOG=1":
        text = f"{relay}: {record.message}"
        aside = f"{record.left_out} left out before" if record.left_out else ""
    elif isinstance(record, ProgramEnd):
        text = f"{relay}: its program {record.how}"
    elif isinstance(record, WatchdogMissed):
        text = f"{relay} sent no WATCHDOG=1 for {record.within_ns / S:g} s"
    elif isinstance(record, LogFull):
        text = f"{relay}: its log is full, at {record.limit_bytes >> 20} MiB"
    else:
        return None
    return Entry(record.at_ns, "relay", text, aside)


def _of_run(record: Phase | Begun | MediaStart | CaptureEnd | End) -> str:
    if isinstance(record, Phase):
        return record.name
    if isinstance(record, CaptureEnd):
        return f"captured {record.packets} packets in {record.file}"
    if isinstance(record, MediaStart):
        return "media start"
    return end_text(record) if isinstance(record, End) else ""


def end_text(end: End) -> str:
    """How a run ended."""
    if end.failure:
        return f"the run failed: {end.failure}"
    return "the run was interrupted" if end.interrupted else "the run is over"
