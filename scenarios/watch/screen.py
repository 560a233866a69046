"""The whole screen at a moment, for a terminal of any size. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hostio.timing import S
from scenarios.watch import faults, lanes, links, log, relays
from scenarios.watch.frame import EMPTY, Line, Span, Tone, beside, between, clipped, line, printed
from scenarios.watch.moment import Moment
from scenarios.watch.section import Section, lines_of, shared_rows

_TWO_COLUMNS = 124
"""Cells from which on events stand beside the rest."""

_LEFT_SHARE = 0.56
_LOG_ROWS = 4
"""Rows that the events get at least where all is in one column."""

_VERDICT_TONES: dict[str, Tone] = {"pass": "good", "fail": "bad", "inconclusive": "warn"}


def screen(moment: Moment, width: int, height: int) -> list[Line]:
    """At most `height` lines of at most `width` cells."""
    head = [*_header(moment, width)]
    foot = [*_footer(moment, width)][: max(0, height - len(head) - 1)]
    room = height - len(head) - len(foot)
    body = _two_columns(moment, width, room) if width >= _TWO_COLUMNS else _one_column(moment, width, room)
    lines = [*head, *body][: height - len(foot)]
    return [printed(clipped(each, width)) for each in (*lines, *foot)][:height]


def _one_column(moment: Moment, width: int, rows: int) -> list[Line]:
    sections = [part.section(moment) for part in (faults, links, lanes, relays)]
    return _stacked(moment, sections, width, rows, log_below=True)


def _two_columns(moment: Moment, width: int, rows: int) -> list[Line]:
    """Faults above both columns."""
    struck, left = faults.section(moment), round(width * _LEFT_SHARE)
    top = [*lines_of(struck, min(len(struck.items), max(1, rows // 4)), width), EMPTY]
    below = rows - len(top)
    one = _stacked(moment, [part.section(moment) for part in (links, lanes, relays)], left, below, log_below=False)
    other = _stacked(moment, [], width - left - 3, below, log_below=True)
    return [*top, *beside(one, other, left, width)]


def _stacked(moment: Moment, sections: Sequence[Section], width: int, rows: int, *, log_below: bool) -> list[Line]:
    titles = len(sections) + log_below
    least = _LOG_ROWS if log_below else 0
    given = shared_rows(sections, max(0, rows - titles), least, width)
    left = max(0, rows - titles - sum(given))
    gap = left >= titles + (2 * _LOG_ROWS if log_below else 0)
    lines: list[Line] = []
    for section, each in zip(sections, given, strict=True):
        lines += [*lines_of(section, each, width), *([EMPTY] if gap else [])]
    if log_below:
        room = rows - len(lines) - 1
        lines += lines_of(log.section(moment, room, width), room, width)
    return lines[:rows]


def _header(moment: Moment, width: int) -> Iterator[Line]:
    plan = moment.plan
    name = line(Span(plan.scenario, "strong"), Span(f"  seed {plan.seed}", "dim"))
    yield between(name, line(*_status(moment)), width)
    yield _timeline(moment, width)


def _status(moment: Moment) -> Iterator[Span]:
    now_s, duration_s = moment.now_s, moment.plan.duration_ns / S
    if moment.mode == "replay":
        yield Span("▶ replay", "strong")
        yield Span(f" ×{moment.speed:g}  ", "dim")
    elif moment.mode == "over":
        yield Span("■ over", "strong")
        yield Span(": ") if moment.verdict else Span("  ")
        if moment.verdict:
            yield Span(moment.verdict.word, _VERDICT_TONES.get(moment.verdict.word, "plain"))
            yield Span("  ")
    else:
        yield Span("● live", "good")
        yield Span("  ")
    if now_s is None:
        yield Span(f"set-up: {moment.state.step or 'nothing recorded yet'}")
    elif now_s > duration_s and moment.mode != "over":
        yield Span(f"{moment.state.step or 'media are over'}; no verdict yet", "dim")
    else:
        yield Span(f"{min(max(now_s, 0.0), duration_s):.1f} s", "strong")
        yield Span(f" of {duration_s:g} s", "dim")


def _timeline(moment: Moment, width: int) -> Line:
    """The run as a bar: what is past, what is to come, and when faults are planned."""
    duration_ns, at_ns = moment.plan.duration_ns, moment.after_start_ns
    spans = [(each.at_ns, each.until_ns) for each in moment.plan.faults]
    here = None if at_ns is None else min(width - 1, max(0, at_ns * width // duration_ns))
    cells: list[Span] = []
    for cell in range(width):
        begin, end = cell * duration_ns // width, (cell + 1) * duration_ns // width
        struck = any(first < end and until > begin for first, until in spans)
        past = here is not None and cell < here
        if cell == here:
            cells.append(Span("┃", "strong"))
        elif struck:
            cells.append(Span("█" if past else "░", "bad"))
        else:
            cells.append(Span("━" if past else "─", "plain" if past else "dim"))
    return tuple(cells)


def _footer(moment: Moment, width: int) -> Iterator[Line]:
    for note in moment.notes:
        yield clipped(line(Span(f"? {note}", "warn")), width)
    if moment.mode == "over" and moment.verdict:
        for reason in moment.verdict.reasons[:3]:
            yield clipped(line(Span("  "), Span(reason, _VERDICT_TONES.get(moment.verdict.word, "plain"))), width)
