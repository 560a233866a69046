"""Puts a page together from the analysis of a run: figures with their records, texts, tables. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hostio.timing import MS
from results.metrics.analysis import Analysis, Evidence
from results.page.bins import SHORTEST_BIN_NS, Bins
from results.page.canvas import BLUE, GREEN, ORANGE, Canvas, cycled
from results.page.distributions import interruption_distributions, latency_distributions
from results.page.link_map import LinkMap, link_map
from results.page.link_series import link_series
from results.page.pair_series import pair_series
from results.page.plain_words import three_sentences
from results.page.raster import raster
from results.page.raster_chart import draw_raster
from results.page.relay_charts import draw_relay
from results.page.relay_series import LockFinding, RelaySeries, relay_series
from results.page.series_charts import draw_distributions, draw_link, draw_pair
from results.page.shown import Chart
from results.page.status import Entry, status_entries
from results.report.reroute_series import ReroutePicture, reroute_picture
from results.run_files.plan import Plan
from results.verdict.summary import Summary

_LINK_BINS, _LINK_BIN_NS = 400, 200 * MS
"""Figures of links are half as wide, and there are few probes a second."""


@dataclass(frozen=True, slots=True)
class HeardView:
    """The raster: its figure, the rows that begin a band, how many sessions have no row; `inspect`: the command that
    shows the packets of the session that was silent longest."""

    chart: Chart
    bands: tuple[tuple[str, int, int], ...]
    shortest: str
    left_out: int
    inspect: str


@dataclass(frozen=True, slots=True)
class RelayView:
    """A relay from inside: its figures and what was found of its locks."""

    cluster: str
    title: str
    moved: int
    charts: tuple[Chart, ...]
    findings: tuple[LockFinding, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Contents:
    """Everything on a page. `figures`: what its script draws."""

    plan: Plan
    summary: Summary
    missing: tuple[str, ...]
    sentences: tuple[str, str, str]
    entries: tuple[Entry, ...]
    heard: HeardView | None
    pairs: tuple[Chart, ...]
    distributions: tuple[Chart, ...]
    reroutes: ReroutePicture | None
    relays: tuple[RelayView, ...]
    links: tuple[Chart, ...]
    map: LinkMap
    figures: tuple[Mapping[str, Any], ...]


def contents(evidence: Evidence, analysis: Analysis, summary: Summary) -> Contents:
    """The contents of the page of a run."""
    canvas = Canvas(analysis.seconds(analysis.end_ns), summary.faults, summary.reroutes)
    bins = Bins.of(analysis, shortest_ns=max(SHORTEST_BIN_NS, 2 * max(analysis.intervals.values(), default=0)))
    return Contents(
        plan=evidence.plan,
        summary=summary,
        missing=evidence.problems,
        sentences=three_sentences(summary),
        entries=tuple(status_entries(evidence, analysis, summary)),
        heard=_heard(canvas, analysis),
        pairs=tuple(_pairs(canvas, analysis, summary, bins)),
        distributions=tuple(_distributions(canvas, analysis)),
        reroutes=reroute_picture(summary),
        relays=tuple(_relay(canvas, each) for each in relay_series(evidence, analysis, summary)),
        links=tuple(_links(canvas, evidence, analysis, Bins.of(analysis, _LINK_BINS, _LINK_BIN_NS))),
        map=link_map(evidence, analysis, summary),
        figures=tuple(canvas.documents()),  # last: of all that were made above
    )


def _heard(canvas: Canvas, analysis: Analysis) -> HeardView | None:
    picture = raster(analysis)
    if picture is None:
        return None
    height = draw_raster(canvas, "heard-figure", picture)
    label = (
        f"Latency that each of {len(picture.rows)} sessions heard over time; {len(picture.silences)} silences are blank"
    )
    chart = Chart("heard-figure", "", label, height)
    session = picture.rows[picture.silences[0].row if picture.silences else 0].session
    return HeardView(
        chart,
        tuple(picture.bands),
        f"{picture.bins.width_ns / 1e6:.0f} ms",
        picture.left_out,
        f"run_scenario.py inspect . --session {shlex.quote(session)}",
    )


def _pairs(canvas: Canvas, analysis: Analysis, summary: Summary, bins: Bins) -> Iterator[Chart]:
    for number, series in enumerate(pair_series(analysis, summary, bins)):
        name = f"{series.source} → {series.destination}"
        target = f"pair-{number}"
        yield Chart(
            target,
            name,
            f"One-way latency and loss over time, {name}",
            draw_pair(canvas, target, series, bins.middles_s),
        )


def _distributions(canvas: Canvas, analysis: Analysis) -> Iterator[Chart]:
    for target, title, what, found in (
        ("silences-cdf", "Silences", "length of a silence", interruption_distributions(analysis)),
        ("latency-cdf", "Latency", "one-way latency", latency_distributions(analysis)),
    ):
        if found:
            label = f"Cumulative distribution of {what}, by {'group' if title == 'Silences' else 'pair of clusters'}"
            legend = zip(cycled(len(found)), (each.name for each in found), strict=True)
            yield Chart(target, title, label, draw_distributions(canvas, target, found, what), tuple(legend))


def _relay(canvas: Canvas, series: RelaySeries) -> RelayView:
    names = {
        "queue": "Keys being fetched, and packets that it holds meanwhile",
        "lock": "Share of the time for which the lock was held that its packet path takes",
        "cache": "Sessions in its cache",
        "fetches": "Fetches from the session directory, and how long each took",
    }
    targets = {name: f"relay-{series.cluster}-{name}" for name in names}
    heights = draw_relay(canvas, targets, series)
    legends = {"queue": ((BLUE, "keys being fetched"), (ORANGE, "packets held"))}
    shown = tuple(
        Chart(targets[each], title, f"{title}, relay {series.cluster}", heights[each], legends.get(each, ()))
        for each, title in names.items()
    )
    return RelayView(series.cluster, series.title, series.moved, shown, series.findings)


def _links(canvas: Canvas, evidence: Evidence, analysis: Analysis, bins: Bins) -> Iterator[Chart]:
    for number, series in enumerate(link_series(evidence, analysis, bins)):
        target, ways = f"link-{number}", " and ".join(str(way.direction) for way in series.ways)
        label = f"Delay and loss of probes over time, {ways}"
        legend = tuple(zip((BLUE, GREEN), (str(way.direction) for way in series.ways), strict=True))
        yield Chart(target, series.name, label, draw_link(canvas, target, series, bins.middles_s), legend)
