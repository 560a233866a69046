"""The links of a run at a moment: what the controller thinks of them, and what the scenario does to them. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from hostio.timing import MS
from scenarios.watch.faults import FaultNow, faults_now, in_force_s, on_link
from scenarios.watch.frame import Line, Span, Tone, line
from scenarios.watch.moment import Moment
from scenarios.watch.section import CALM, Item, Section
from scenarios.watch.state import WORST_FIRST, Seen, worst
from topologies.model import Link

STATES: dict[str, tuple[str, Tone]] = {
    "clean": ("●", "good"),
    "damped": ("◆", "warn"),
    "degraded": ("▲", "warn"),
    "down": ("✕", "bad"),
}
"""The mark of each state of health; any other is not known."""


def section(moment: Moment) -> Section:
    """Every link."""
    links, found = moment.plan.topology.links, faults_now(moment)
    ends_width = max((len(link.a) for link in links), default=0), max((len(link.b) for link in links), default=0)
    said = moment.state.links
    aside = "one-way delay, and what the controller sees" if said else "the controller has said nothing of them yet"
    items = [_item(moment, link, on_link(found, link.a, link.b), ends_width) for link in links]
    return Section("links", aside, tuple(items), "all clean")


def _item(moment: Moment, link: Link, faults: list[FaultNow], ends_width: tuple[int, int]) -> Item:
    there, back = (moment.state.links.get(each) for each in link.directions)
    state = worst([each.state if each else "unknown" for each in (there, back)])
    glyph, tone = STATES.get(state, ("?", "dim"))
    name_tone: Tone = "plain" if state in ("clean", "unknown") and not faults else "strong"
    name = f"{link.a.rjust(ends_width[0])} ⇄ {link.b.ljust(ends_width[1])}"
    head = (Span(f"{glyph} ", tone), Span(name, name_tone), Span(f"  {_delay(link):>9}  ", "dim"))
    rank = WORST_FIRST.index(state) if state != "clean" else CALM
    return Item(
        line(*head, *_health(there, back, struck=bool(faults)), *_struck(moment, faults, link)),
        _detail(there, back),
        0 if faults else rank,
    )


def _delay(link: Link) -> str:
    there, back = link.there.delay_ns / MS, link.back.delay_ns / MS
    return f"{there:g} ms" if there == back else f"{there:g}/{back:g} ms"


def _health(there: Seen | None, back: Seen | None, *, struck: bool) -> Iterator[Span]:
    words = [each.state if each else "unknown" for each in (there, back)]
    if words == ["clean", "clean"] and struck:
        yield Span("not noticed yet", "warn")
        return
    if words[0] == words[1]:
        text = "clean" if words[0] == "clean" else "not known yet" if words[0] == "unknown" else f"{words[0]} both ways"
        yield Span(f"{text:<15}", STATES.get(words[0], ("", "dim"))[1])
        return
    used = 0
    for arrow, word in zip("→←", words, strict=True):
        text = f"{arrow} {word}"
        yield Span(text, STATES.get(word, ("", "dim"))[1])
        yield Span(" ")
        used += len(text) + 1
    yield Span(" " * max(0, 15 - used))


def _struck(moment: Moment, faults: list[FaultNow], link: Link) -> Iterator[Span]:
    for each in faults:
        ways = [way for way in link.directions if way in getattr(each.fault, "directions", ())]
        arrow = "" if len(ways) == 2 else " →" if ways == [link.directions[0]] else " ←"
        share = f" {each.share * 100:.0f} %" if each.share < 1 else ""
        yield Span(f" {each.fault.what}{arrow}{share} ", "alarm")
        yield Span(f" for {in_force_s(moment, each):.1f} s", "plain")


def _detail(there: Seen | None, back: Seen | None) -> Line | None:
    bad = [each for each in (there, back) if each and each.state not in ("clean", "unknown")]
    reasons = list(dict.fromkeys(each.reason for each in bad))
    return line(Span(" / ".join(reasons), "dim")) if reasons else None
