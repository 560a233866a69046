"""The relays of a run at a moment: what the canaries say of them, and what they recorded of themselves. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from results.run_files.faults import ProcessFault
from scenarios.watch.faults import FaultNow, faults_now, in_force_s, on_process
from scenarios.watch.frame import Line, Span, Tone, line
from scenarios.watch.lanes import carriers, letters
from scenarios.watch.links import STATES
from scenarios.watch.moment import Moment
from scenarios.watch.relay_figures import RelayFigures
from scenarios.watch.section import Item, Section
from scenarios.watch.state import Seen, worst

_BARS = "▁▂▃▄▅▆▇█"
_BAD = ("down", "degraded")
_STRUCK: tuple[str, Tone] = ("✕", "bad")
_UNWATCHED: tuple[str, Tone] = ("·", "dim")
_WITNESSES: dict[str, str] = {"relay-canary": "canaries", "receiver-reports": "media"}
_MUCH = 0.5
"""Share of a second from which on a lock that is held is worth a warning."""


def section(moment: Moment) -> Section:
    """The relay of every cluster."""
    found, marks = faults_now(moment), letters(moment.plan.topology)
    clusters = [cluster.name for cluster in moment.plan.topology.clusters]
    kinds = {name: _kind(moment, name) for name in clusters}
    widths = max(map(len, clusters)), max(map(len, kinds.values()))
    items = [_item(moment, name, kinds[name], marks, widths, found) for name in clusters]
    if moment.figures:
        settings = moment.plan.controller
        watched = "" if settings.canaries or settings.media_reports else "; the controller does not watch them"
        aside = f"as they sample themselves{watched}"
    else:
        aside = "no samples of theirs yet"
    return Section("relays", aside, tuple(items))


def _kind(moment: Moment, cluster: str) -> str:
    """The relay kind of the present life."""
    kinds = moment.plan.relay_kinds(cluster)
    ended = [
        number
        for number, fault in enumerate(moment.plan.faults)
        if isinstance(fault, ProcessFault) and fault.ends_relay_of(cluster)
    ]
    begun = sum(bool((seen := moment.state.faults.get(number)) and seen.end) for number in ended)
    return kinds[min(begun, len(kinds) - 1)]


def _item(
    moment: Moment, cluster: str, kind: str, marks: Mapping[str, str], widths: tuple[int, int], found: list[FaultNow]
) -> Item:
    faults, figures = on_process(found, "relay", cluster), moment.figures.get(cluster)
    seen = [each for path, each in moment.state.relays.items() if path.relay == cluster]
    state = worst([each.state for each in seen]) if seen else ""
    ended = any(isinstance(each.fault, ProcessFault) and each.fault.ends_relay_of(cluster) for each in faults)
    figures = None if ended else figures
    struck = bool(faults) or (figures is not None and figures.stands_still)
    bad = struck or state in _BAD
    glyph, tone = _STRUCK if struck else STATES.get(state, _UNWATCHED)
    name_tone: Tone = "strong" if bad else "plain"
    head = (Span(f"{glyph} ", tone), Span(marks[cluster], "move"), " ", Span(cluster.ljust(widths[0]), name_tone))
    told = [*_struck(moment, faults), *_figures(moment, cluster, ended=ended)]
    if state in _BAD:
        by = next(each.by for each in seen if each.state == state)
        told.append(Span(f"  {_WITNESSES.get(by, by)} {state}", STATES[state][1]))
    row = line(*head, Span(f"  {kind.ljust(widths[1])}  ", "dim"), *told)
    rank = 0 if bad else 1 if cluster in carriers(moment) else 2
    return Item(row, _detail(moment, cluster, state, seen, figures), rank)


def _struck(moment: Moment, faults: list[FaultNow]) -> Iterator[Span]:
    for each in faults:
        yield Span(f" {each.fault.what} ", "alarm")
        yield Span(f" for {in_force_s(moment, each):.1f} s  ")


def _figures(moment: Moment, cluster: str, *, ended: bool) -> Iterator[Span]:
    figures = moment.figures.get(cluster)
    if ended:
        return
    if figures is None:
        program = moment.plan.program_of(cluster)
        yield Span("a program: it has no samples of itself" if program else "no samples", "dim")
        return
    if figures.silent_ns:
        yield Span(f"no sample for {figures.silent_ns / 1e9:.1f} s", "warn")
        return
    still = figures.stands_still
    yield Span(f"{figures.forwarded:>7,.0f}/s ".replace(",", " "), "bad" if still else "plain")
    yield Span(spark(figures.history[-12:]), "bad" if still else "good")
    if still:
        yield Span("  stands still, lock held" if figures.lock_share > _MUCH else "  stands still", "bad")
    if figures.dropped:
        yield Span(f"  drops {figures.dropped:.0f}/s: {figures.dropped_as}", "warn")


def _detail(moment: Moment, cluster: str, state: str, seen: list[Seen], figures: RelayFigures | None) -> Line | None:
    parts: list[Span] = []
    if status := moment.state.statuses.get(cluster):
        parts.append(Span(f"says: {status}", "plain"))
    if state in _BAD:
        reason = next(each.reason for each in seen if each.state == state)
        parts.append(Span(f"{state} to canaries: {reason}", STATES[state][1]))
    if figures and not figures.silent_ns:
        parts += _inside(figures)
    between = [span for part in parts for span in (Span("; ", "dim"), part)][1:]
    return line(*between) if between else None


def _inside(figures: RelayFigures) -> Iterator[Span]:
    tone: Tone = "warn" if figures.lock_share > _MUCH else "dim"
    yield Span(f"lock held {figures.lock_share * 100:.0f} % of the time", tone)
    yield Span(f"{figures.cached} sessions cached", "dim")
    if figures.waiting_bytes:
        yield Span(f"{figures.waiting_bytes / 1000:,.0f} kB wait to be received".replace(",", " "), "warn")
    if figures.fetching:
        yield Span(f"{figures.fetching} being fetched", "dim")


def spark(history: tuple[float, ...]) -> str:
    """A bar per value, as high as its share of the largest; nothing at all is the lowest."""
    most = max(history, default=0.0)
    steps = [round(value / most * (len(_BARS) - 1)) if most else 0 for value in history]
    return "".join(_BARS[step] for step in steps)
