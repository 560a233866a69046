"""The table of `scripts/bench policies`: a row for each run, recorded beside the page that shows it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from benchmarks import markdown
from benchmarks.playing import disturbed
from results.bounds.interval import Interval
from results.run_files.records import Rows
from results.verdict.summary import Summary, Verdict
from results.verdict.value_text import interval_text, number_text

COLUMNS = (
    "scenario",
    "policy",
    "detectors",
    "p50",
    "p99",
    "max",
    "sessions hit",
    "catch-up",
    "peak relay load",
    "reordered",
    "verdict",
)
BEGIN, END = "<!-- scripts/bench policies: begin -->", "<!-- scripts/bench policies: end -->"
NOTHING = "Nothing has been measured for it yet."
_NOT_TOLD = "–"
_WINDOW_NS = 1_000_000_000
"""Over which the load of a relay is counted: ten of its samples."""


@dataclass(frozen=True, slots=True)
class Row:
    """What a run comes to under a policy. Lengths are in ms."""

    scenario: str
    policy: str
    detectors: str
    p50_ms: float | None
    """Of interruptions, as `media.interruption_ms` of the summary; null: there was none."""
    p99_ms: float | None
    max_ms: float | None
    max_bounds: Interval | None
    """Between which the run would have had it on an idle machine; null: none are known."""
    still_interrupted: int
    """Directions that were silent as the media ended: the longest interruption is then at least that long."""
    sessions: int
    hit: int
    """Sessions with an interruption of a second or more."""
    catch_up_ms: float | None
    """The longest of any relay that served all streams that were moved onto it; null: there was none."""
    unserved: int
    """Streams moved onto other relays that were never served there."""
    peak_relay: str | None
    """Cluster of the relay with the most packets received in a second; null: no relay has samples."""
    peak_per_s: float | None
    reordered: int
    verdict: Verdict
    doubts: list[str] = field(default_factory=list)
    """Why the run is undecided, or that others took so much of the processor that its figures may not be the run's. The
    page shows the first."""

    @property
    def key(self) -> tuple[str, str, str]:
        """Which run it is."""
        return self.scenario, self.policy, self.detectors

    @property
    def cells(self) -> tuple[str, ...]:
        """As in the table."""
        load = _NOT_TOLD if self.peak_per_s is None else f"{self.peak_per_s:.0f}/s {self.peak_relay}"
        return (
            *self.key,
            _ms(self.p50_ms),
            _ms(self.p99_ms),
            ("≥ " if self.still_interrupted else "") + _ms(self.max_ms) + interval_text(self.max_ms, self.max_bounds),
            f"{self.hit} of {self.sessions}",
            _ms(self.catch_up_ms) + (f", {self.unserved} never" if self.unserved else ""),
            load,
            str(self.reordered),
            f"{self.verdict}, busy" if self.doubts and self.verdict != "inconclusive" else self.verdict,
        )


@dataclass(frozen=True, slots=True)
class Record:
    """All rows that were measured."""

    rows: list[Row]


def row_of(key: tuple[str, str, str], summary: Summary, loads: Mapping[str, float]) -> Row:
    """The row of a run. `loads`: most packets that each relay received in a second, by cluster."""
    media = summary.media
    caught_up = [each.catch_up_ms for each in summary.relay.values() if not each.never_forwarded]
    peak = max(loads, key=lambda cluster: loads[cluster], default=None)
    doubts = summary.reasons if summary.verdict == "inconclusive" else ["the machine was busy"]
    return Row(
        *key,
        p50_ms=media.interruption_ms.p50,
        p99_ms=media.interruption_ms.p99,
        max_ms=media.interruption_ms.max,
        max_bounds=(summary.bounds or {}).get("media.interruption_ms.max"),
        still_interrupted=media.still_interrupted,
        sessions=media.sessions,
        hit=media.hit_sessions,
        catch_up_ms=max((found for found in caught_up if found is not None), default=None),
        unserved=sum(each.never_forwarded for each in summary.relay.values()),
        peak_relay=peak,
        peak_per_s=loads[peak] if peak else None,
        reordered=media.order.reordered,
        verdict=summary.verdict,
        doubts=doubts if disturbed(summary) else [],
    )


def most_per_s(samples: Rows) -> float | None:
    """Most packets received in a second, of RELAY_SAMPLE rows whose counters continue over lives; None if they are
    shorter than that."""
    at_ns, received = samples["at_ns"], samples["received"]
    later = np.searchsorted(at_ns, at_ns + _WINDOW_NS)
    whole = np.flatnonzero(later < len(at_ns))
    if not len(whole):
        return None
    spans = (at_ns[later[whole]] - at_ns[whole]) / 1e9
    return float(np.max((received[later[whole]] - received[whole]) / spans))


def merged(recorded: Iterable[Row], found: Iterable[Row], order: Sequence[tuple[str, str, str]]) -> list[Row]:
    """Recorded rows and those found now, which replace them, in order; without rows of runs that are no more."""
    rows = {row.key: row for row in (*recorded, *found)}
    return [rows[key] for key in order if key in rows]


def section(rows: Sequence[Row], of: int) -> Iterator[str]:
    """The lines between the markers of the page; `of`: how many rows there are when all has been played."""
    if not rows:
        yield NOTHING
        return
    yield f"{len(rows)} of {of} runs, each played once; lengths of interruptions first."
    yield from ("", *markdown.head(COLUMNS), *(markdown.row(row.cells) for row in rows))
    doubted = [row for row in rows if row.doubts]
    yield from ("", f"In doubt: {len(doubted) or 'none'}.", *([""] if doubted else []))
    yield from (f"- {' · '.join(row.key)}: {row.doubts[0]}" for row in doubted)


def rewritten(page: str, lines: Iterable[str]) -> str:
    """The page with these lines between its markers. ValueError if it has not each of them once, in order."""
    if page.count(BEGIN) != 1 or page.count(END) != 1 or page.index(BEGIN) > page.index(END):
        raise ValueError(f"the page has not once {BEGIN}, and after it {END}")
    before, after = page[: page.index(BEGIN)], page[page.index(END) :]
    return "\n".join((f"{before}{BEGIN}", "", *lines, "", after))


def _ms(value: float | None) -> str:
    return _NOT_TOLD if value is None else f"{number_text(value)} ms"
