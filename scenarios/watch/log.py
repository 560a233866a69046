"""What happened last, as far as there is room: decisions and why, health, faults, programs. Pure."""

from __future__ import annotations

from scenarios.watch.entries import Entry, Kind, both_ways
from scenarios.watch.faults import faults_now, on_process
from scenarios.watch.frame import Line, Span, Tone, line, wrapped
from scenarios.watch.links import STATES
from scenarios.watch.moment import Moment
from scenarios.watch.section import Item, Section
from scenarios.watch.state import RunState

_MARKS: dict[Kind, tuple[str, Tone, Tone]] = {
    "fault": ("▲", "bad", "plain"),
    "move": ("→", "move", "strong"),
    "kept": ("■", "warn", "plain"),
    "review": ("·", "dim", "dim"),
    "health": ("●", "dim", "plain"),
    "relay": ("●", "dim", "plain"),
    "run": ("·", "dim", "dim"),
}
"""Of each kind: how it is marked, and the tone of its text."""

_CLOCK = 9


def section(moment: Moment, rows: int, width: int) -> Section:
    """The last entries that find room in so many rows, the newest at the end."""
    lines: list[Line] = []
    for entry in reversed([*both_ways(moment.state.entries)]):
        block = lines_of(moment.state, entry, width)
        if len(lines) + len(block) > rows:
            break
        lines = [*block, *lines]
    if not moment.state.entries:
        lines = [line(Span("  nothing yet", "dim"))][:rows]
    return Section("controller and events", _aside(moment), tuple(map(Item, lines)))


def _aside(moment: Moment) -> str:
    struck = on_process(faults_now(moment), "controller")
    if struck:
        return f"{struck[0].fault.what}: links and lanes are as it last said"
    return "newest last"


def lines_of(state: RunState, entry: Entry, width: int) -> list[Line]:
    """An entry on as many lines as it needs."""
    mark, mark_tone, tone = _MARKS[entry.kind]
    if entry.health:
        mark, mark_tone = STATES.get(entry.health.after, (mark, mark_tone))
    head = line(Span(f"{clock(state, entry.at_ns):>{_CLOCK}} ", "dim"), Span(f"{mark} ", mark_tone))
    aside = f"  ({entry.aside})" if entry.aside else ""
    return wrapped(head, line(Span(entry.text, tone), Span(aside, "dim")), width)


def clock(state: RunState, at_ns: int) -> str:
    """A time as the log has it."""
    seconds = state.seconds(at_ns)
    return "set-up" if seconds is None or seconds < 0 else f"{seconds:.3f} s"


def plain_line(state: RunState, entry: Entry) -> str:
    """An entry as a line of text for a file or a pipe."""
    aside = f" ({entry.aside})" if entry.aside else ""
    text = f"{entry.text}{aside}"
    return f"{clock(state, entry.at_ns):>{_CLOCK + 1}}  {printable(text)}"


def printable(text: str) -> str:
    """A text of somebody else with a question mark for each character that is a command to a terminal."""
    return "".join(char if char.isprintable() else "?" for char in text)
