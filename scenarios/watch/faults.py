"""The faults of a run at a moment: planned, in force, over, and whether that was verified. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from hostio.timing import MS, S
from results.run_files.faults import Fault, LinkFault, ProcessFault
from scenarios.watch.entries import fault_text
from scenarios.watch.frame import Span, Tone, line
from scenarios.watch.moment import Moment
from scenarios.watch.section import CALM, Item, Section
from scenarios.watch.state import FaultSeen
from topologies.link_state import LinkChange, RandomLoss

Phase = Literal["in force", "due", "planned", "over", "left out"]

_GLYPHS: dict[Phase, tuple[str, Tone, int]] = {
    "in force": ("▲", "alarm", 0),
    "due": ("▲", "warn", 1),
    "planned": ("○", "dim", CALM),
    "over": ("✓", "dim", CALM + 1),
    "left out": ("○", "dim", CALM + 1),
}
"""Of each phase: how it is marked, and its rank where there is no room for all."""


@dataclass(frozen=True, slots=True)
class FaultNow:
    """A fault of the plan at a moment. `share`: of its strength, by the last edge that was recorded."""

    number: int
    fault: Fault
    seen: FaultSeen
    phase: Phase
    share: float


def faults_now(moment: Moment) -> list[FaultNow]:
    """All faults of the plan, in its order."""
    return [_now(moment, number, fault) for number, fault in enumerate(moment.plan.faults)]


def _now(moment: Moment, number: int, fault: Fault) -> FaultNow:
    seen, at_ns = moment.state.faults.get(number, FaultSeen()), moment.after_start_ns
    if seen.end:
        return FaultNow(number, fault, seen, "over", 0.0)
    if seen.last:
        start_ns = moment.state.media_start_ns or 0
        return FaultNow(number, fault, seen, "in force", fault.share_at(seen.last.planned_ns - start_ns))
    if moment.state.end:
        return FaultNow(number, fault, seen, "left out", 0.0)
    phase: Phase = "due" if at_ns is not None and at_ns >= fault.at_ns else "planned"
    return FaultNow(number, fault, seen, phase, 0.0)


def in_force_s(moment: Moment, now: FaultNow) -> float:
    """For how long it has been in force, s."""
    first = now.seen.start or now.seen.last
    return (moment.now_ns - first.applied_first_ns) / S if first else 0.0


def section(moment: Moment) -> Section:
    """What the scenario does, and what of it is recorded."""
    found = faults_now(moment)
    width = max((len(_name(moment, each)) for each in found), default=0)
    items = [_item(moment, each, width) for each in found]
    strangers = sorted(number for number in moment.state.faults if not 0 <= number < len(moment.plan.faults))
    items += [Item(line(Span("? ", "warn"), fault_text(moment.plan, each))) for each in strangers]
    items = items or [Item(line(Span("  the scenario has none", "dim")))]
    return Section("faults", "what the scenario does", tuple(items), "planned or over")


def _item(moment: Moment, now: FaultNow, width: int) -> Item:
    glyph, tone, rank = _GLYPHS[now.phase]
    text_tone: Tone = "strong" if now.phase == "in force" else "dim" if now.phase in ("over", "left out") else "plain"
    when = f"{now.fault.at_ns / S:g}–{now.fault.until_ns / S:g} s"
    head = (Span(f"{glyph} ", tone), Span(_name(moment, now).ljust(width), text_tone), f"  {when}  ")
    return Item(line(*head, *_progress(moment, now)), rank=rank)


def _name(moment: Moment, now: FaultNow) -> str:
    return " ".join(filter(None, (fault_text(moment.plan, now.number), strength(now.fault))))


def _progress(moment: Moment, now: FaultNow) -> Iterator[Span]:
    at_ns = moment.after_start_ns
    if now.phase == "in force" and now.seen.last and at_ns is not None:
        share = f" at {now.share * 100:.0f} %" if now.share < 1 else ""
        left_s = (now.fault.until_ns - at_ns) / S
        yield Span(f"in force{share}", "alarm")
        yield Span(f", {left_s:.1f} s left" if left_s >= 0 else f", end due {-left_s:.1f} s ago")
        yield Span(", verified" if moment.now_ns >= now.seen.last.verified_ns else ", not verified yet", "dim")
    elif now.phase == "due" and at_ns is not None:
        yield Span(f"due {(at_ns - now.fault.at_ns) / S:.1f} s ago, no record of it yet", "warn")
    elif now.phase == "planned":
        yield Span(f"in {(now.fault.at_ns - at_ns) / S:.1f} s" if at_ns is not None else "planned", "dim")
    elif now.phase == "left out":
        yield Span("was not played", "warn")
    elif now.seen.end:
        yield Span(f"over since {(moment.now_ns - now.seen.end.applied_last_ns) / S:.1f} s", "dim")


def strength(fault: Fault) -> str:
    """How strong a fault is where its word does not say so."""
    if isinstance(fault, ProcessFault):
        extra_ns = getattr(fault.action, "extra_ns", 0)
        return f"+{extra_ns / MS:g} ms" if extra_ns else ""
    return ", ".join(_parts(fault.change))


def _parts(change: LinkChange) -> Iterator[str]:
    if isinstance(change.loss, RandomLoss):
        yield f"{change.loss.probability * 100:.3g} %"
    if change.extra_delay_ns:
        yield f"+{change.extra_delay_ns / MS:g} ms"
    if change.flows:
        yield f"{change.flows * 100:.3g} % of flows"
    if change.rate_bps is not None:
        yield f"{change.rate_bps / 1e6:g} Mbit/s"


def on_link(found: list[FaultNow], a: str, b: str) -> list[FaultNow]:
    """Those in force on either direction of a link."""
    ends = {(a, b), (b, a)}
    in_force = [each for each in found if each.phase == "in force" and isinstance(each.fault, LinkFault)]
    return [each for each in in_force if isinstance(each.fault, LinkFault) and ends & {*each.fault.directions}]


def on_process(found: list[FaultNow], kind: str, cluster: str = "") -> list[FaultNow]:
    """Those in force on a process."""
    in_force = [each for each in found if each.phase == "in force"]
    return [
        each
        for each in in_force
        if isinstance(each.fault, ProcessFault)
        and (each.fault.process.kind, each.fault.process.cluster) == (kind, cluster)
    ]
