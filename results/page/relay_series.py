"""Relays from inside over time: queue, lock, cache, fetches; and what was found of their locks. Pure; s, ms."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from relay_app.locks.report import LockReport
from relay_app.records import FETCH
from results.metrics.analysis import Analysis, Evidence
from results.metrics.matching import Ints
from results.metrics.streams import Floats
from results.page.bins import extreme_rows
from results.run_files.records import Rows
from results.verdict.summary import Summary


@dataclass(frozen=True, slots=True)
class LockFinding:
    """What was found of a lock, in a sentence. `stack`: of the first time, outermost call first; empty if not known."""

    text: str
    stack: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class RelaySeries:
    """A relay. At `at_s`: `fetching`, keys that are being fetched; `held`, packets that it keeps back; `waiting_kib`,
    memory of the packets in its receive buffers; `cached`, sessions; `lock_held`, share (0 to 1) of the time since the
    sample before for which the lock was held that its packet path takes. `fetched_at_s`, `fetch_ms`: its fetches, when
    they were asked for and how long they took. `links`: whose calls reroutes moved here."""

    cluster: str
    title: str
    at_s: Floats
    fetching: Ints
    held: Ints
    waiting_kib: Floats
    cached: Ints
    lock_held: Floats
    fetched_at_s: Floats
    fetch_ms: Floats
    findings: tuple[LockFinding, ...]
    moved: int
    links: tuple[str, ...]


def relay_series(evidence: Evidence, analysis: Analysis, summary: Summary) -> list[RelaySeries]:
    """Every relay that left samples: those that most streams were moved to first, then in the summary's order."""
    order = sorted(summary.relay, key=lambda name: -summary.relay[name].moved)
    return [_of(evidence, analysis, summary, name) for name in order]


def _of(evidence: Evidence, analysis: Analysis, summary: Summary, cluster: str) -> RelaySeries:
    samples = evidence.recording.relays[cluster]
    held = np.clip(
        np.diff(samples["lock_held_ns"], prepend=0) / np.maximum(np.diff(samples["at_ns"], prepend=0), 1), 0, 1
    )
    during = (samples["at_ns"] >= analysis.start_ns) & (samples["at_ns"] < analysis.end_ns)
    rows, held = samples[during], held[during]
    kept = _kept(rows, held)
    rows, held = rows[kept], held[kept]
    fetches = _fetches(evidence.recording.fetches.get(cluster, np.empty(0, FETCH)), analysis)
    return RelaySeries(
        cluster=cluster,
        title=summary.relay[cluster].title,
        at_s=(rows["at_ns"] - analysis.start_ns) / 1e9,
        fetching=rows["fetching"],
        held=rows["queued"],
        waiting_kib=rows["waiting_bytes"] / 1024,
        cached=rows["cached"],
        lock_held=held,
        fetched_at_s=(fetches["asked_ns"] - analysis.start_ns) / 1e9,
        fetch_ms=(fetches["answered_ns"] - fetches["asked_ns"]) / 1e6,
        findings=tuple(lock_findings(evidence.locks.get(cluster, LockReport()))),
        moved=summary.relay[cluster].moved,
        links=tuple(row.link for row in summary.reroutes if cluster in row.relays),
    )


def _kept(rows: Rows, held: Floats) -> Ints:
    """The samples to draw: with the extremes of everything that is drawn."""
    series = [rows["fetching"] + rows["queued"], rows["waiting_bytes"], rows["cached"], held]
    kept: Ints = np.unique(np.concatenate([extreme_rows(each, 600) for each in series]))
    return kept


def _fetches(fetches: Rows, analysis: Analysis) -> Rows:
    """Answered fetches of the media's time, in order, those that took longest and shortest among them."""
    asked = fetches["asked_ns"]
    during = fetches[(asked >= analysis.start_ns) & (asked < analysis.end_ns) & (fetches["answered_ns"] > asked)]
    ordered = np.sort(during, order="asked_ns")
    return ordered[extreme_rows(ordered["answered_ns"] - ordered["asked_ns"])]


def lock_findings(locks: LockReport) -> Iterator[LockFinding]:
    """Locks held across I/O, those for the longest in all first; locks taken in both orders; stalls."""
    for row in sorted(locks.held_across_io, key=lambda row: -row.total_ns):
        held = f"{row.total_ns / 1e9:.2f} s in all, {row.max_ns / 1e6:.0f} ms at a time at most"
        text = f"Lock {row.lock}, taken at {row.site}, was held across {row.count} × {row.operation}: {held}."
        yield LockFinding(text, row.stack)
    for each in locks.inversions:
        yield LockFinding(f"Locks {each.first} and {each.second} are taken in both orders: {', '.join(each.sites)}.")
    for stall in locks.stalls:
        yield LockFinding(f"No progress of its {stall.what} for {stall.lasted_ns / 1e9:.1f} s.")
