"""What the figures of a page are made of: against arithmetic, with every extreme kept."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from synthetic_media import START, TRIANGLE
from synthetic_run import Blip

from hostio.timing import MS, S
from results.ledger.reconcile import reconcile
from results.metrics.analysis import Analysis, Evidence, analyse
from results.page.bins import Bins, counts, extreme_rows, extremes, share
from results.page.distributions import interruption_distributions, latency_distributions
from results.page.link_map import link_map, projected
from results.page.link_series import link_series
from results.page.raster import raster
from results.report.report import read_evidence, summarise
from results.run_files.run_dir import RunDir
from results.verdict.summary import Summary
from topologies.model import Position


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    return read_evidence(Blip().write(tmp_path_factory.mktemp("series") / "run"))


@pytest.fixture(scope="module")
def analysis(evidence: Evidence) -> Analysis:
    return analyse(evidence)


@pytest.fixture(scope="module")
def summary(evidence: Evidence, analysis: Analysis) -> Summary:
    return summarise(evidence, analysis, reconcile(evidence, analysis))


def test_bins_keep_the_extremes_of_what_lies_in_them() -> None:
    random = np.random.default_rng(7)
    bins = Bins(START, 10 * MS, 50)
    at_ns = START + random.integers(-20 * MS, 520 * MS, 400)
    values_ns, some = random.integers(0, 20 * S, 400), random.random(400) < 0.3
    found, number, part = extremes(bins, at_ns, values_ns), counts(bins, at_ns), share(bins, at_ns[some], at_ns)
    for place in range(50):
        inside = (at_ns - START) // (10 * MS) == place
        own = np.sort(values_ns[inside]) / MS
        assert number[place] == len(own)
        assert part[place] == (np.mean(some[inside]) if len(own) else 0)
        got = [series[place] for series in (found.low, found.middle, found.high)]
        assert got == pytest.approx([own[0], own[len(own) // 2], own[-1]] if len(own) else [np.nan] * 3, nan_ok=True)


def test_a_long_series_is_drawn_with_its_extremes() -> None:
    values = np.zeros(100_000)
    values[[31_337, 77_777]] = 9.0, -4.0
    rows = extreme_rows(values, 100)
    assert len(rows) <= 102
    assert {0, 31_337, 77_777, 99_999} <= {*rows.tolist()}
    assert extreme_rows(values[:60], 100).tolist() == list(range(60))


def test_a_session_s_row_is_blank_while_it_is_silent(analysis: Analysis) -> None:
    """Both ways are cut from 4 s to the reroute at 4.28 s, and what was sent then is lost."""
    picture = raster(analysis)
    assert picture is not None
    assert [row.session for row in picture.rows] == sorted({each.stream.session for each in analysis.interruptions})
    middles = picture.bins.middles_s
    silent = (middles > 4.08) & (middles < 4.25)
    heard = (middles > 0.5) & (middles < 3.9)
    assert np.isnan(picture.latency_ms[:, silent]).all()
    assert picture.latency_ms[:, heard] == pytest.approx(31.15, abs=0.01)
    assert len(picture.silences) == len(analysis.interruptions) == 8
    assert {(each.row, each.half) for each in picture.silences} == {(row, half) for row in range(4) for half in (0, 1)}


def test_distributions_are_those_of_all_values(analysis: Analysis) -> None:
    (silences,) = interruption_distributions(analysis)
    assert silences.value_ms.tolist() == sorted(each.length_ns / MS for each in analysis.interruptions)
    assert silences.share.tolist() == [number / 8 for number in range(1, 9)]
    packets = analysis.matched.packets
    latency_ms = (packets.received_ns - packets.sent_ns)[packets.arrived] / MS
    found = latency_distributions(analysis)
    assert sum(each.count for each in found) == len(latency_ms)
    assert max(each.value_ms[-1] for each in found) == latency_ms.max()
    for each in found:
        assert each.share[-1] == 1
        assert (np.diff(each.value_ms) >= 0).all()


def test_probes_that_a_cut_swallowed_are_lost_in_its_time(evidence: Evidence, analysis: Analysis) -> None:
    rows = evidence.recording.probes["us-west"]
    dark = (rows["sent_ns"] >= START + 4 * S) & (rows["sent_ns"] < START + 6 * S) & (rows["source"] == 1)
    probes = {**evidence.recording.probes, "us-west": rows[~dark]}
    cut = replace(evidence, recording=replace(evidence.recording, probes=probes))
    bins = Bins.of(analysis, 400, 200 * MS)
    series = {each.name: each for each in link_series(cut, analysis, bins)}
    there, back = series["us-east–us-west"].ways
    within = (bins.middles_s > 4.2) & (bins.middles_s < 5.8)
    assert (there.lost[within] == 1).all()
    assert there.lost[bins.middles_s < 3.9].max() == 0
    assert back.lost.max() == 0
    arrived = rows[~dark & (rows["source"] == 1) & (rows["via"] == 0)]
    delay_ms = (arrived["received_ns"] - arrived["sent_ns"]) / MS
    assert (np.nanmin(there.low), np.nanmax(there.high)) == pytest.approx((delay_ms.min(), delay_ms.max()))


def test_clusters_without_a_position_are_as_far_apart_as_their_delays(
    evidence: Evidence, analysis: Analysis, summary: Summary
) -> None:
    """Three distances that keep the triangle inequality lie in a plane exactly."""
    shown = link_map(evidence, analysis, summary)
    at = {site.name: (site.x, site.y) for site in shown.sites}
    apart = {(link.a, link.b): np.hypot(*np.subtract(at[link.a], at[link.b])) for link in TRIANGLE.links}
    ratios = [length / TRIANGLE.link(*ends).there.delay_ns for ends, length in apart.items()]
    assert not shown.located
    assert max(ratios) == pytest.approx(min(ratios), rel=0.01)


def test_clusters_with_positions_are_on_the_map(evidence: Evidence, analysis: Analysis, summary: Summary) -> None:
    places = {
        "us-east": Position(39.04, -77.49),
        "us-central": Position(41.88, -87.63),
        "us-west": Position(37.34, -121.89),
    }
    clusters = tuple(replace(each, position=places[each.name]) for each in TRIANGLE.clusters)
    plan = replace(evidence.plan, topology=replace(evidence.plan.topology, clusters=clusters))
    shown = link_map(replace(evidence, plan=plan), analysis, summary)
    at = {site.name: site for site in shown.sites}
    assert shown.located
    assert at["us-west"].x < at["us-central"].x < at["us-east"].x
    assert at["us-central"].y < at["us-east"].y < at["us-west"].y  # north is up
    assert (at["us-east"].x, at["us-east"].y) == projected(39.04, -77.49)


def test_the_map_has_the_fault_and_the_relay_s_way(evidence: Evidence, analysis: Analysis, summary: Summary) -> None:
    shown = link_map(evidence, analysis, summary)
    (route,) = shown.routes
    assert route.what == "us-east–us-central–us-west"
    assert route.from_s == pytest.approx(4.28, abs=0.01)
    assert [fault.what for fault in shown.faults] == ["us-east–us-west"]


def test_a_run_with_nothing_recorded_has_no_rows(tmp_path: Path) -> None:
    run = Blip().write(tmp_path / "run")
    for path in (tmp_path / "run").rglob("*.parquet"):
        path.unlink()
    nothing = read_evidence(RunDir(run.root))
    empty = analyse(nothing)
    assert raster(empty) is None
    assert interruption_distributions(empty) == latency_distributions(empty) == []
    assert all(not way.lost.any() for each in link_series(nothing, empty, Bins.of(empty)) for way in each.ways)
