from pathlib import Path

import numpy as np
import pytest
from every import every
from synthetic_media import TRIANGLE, VIA_CENTRAL
from synthetic_run import Blip, with_media, with_relay

from results.ledger.reconcile import reconcile
from results.metrics.analysis import Evidence, analyse
from results.metrics.paths import passes, relays_passed
from results.report.latency_plot import plot_latency
from results.report.latency_series import MOST_BINS, LatencyPicture, Route, latency_picture
from results.report.report import read_evidence, summarise
from results.report.tables import interruption_rows
from results.run_files.run_dir import RunDir
from topologies.model import route_name


def picture_of(run: RunDir) -> LatencyPicture:
    return picture_from(read_evidence(run))


def picture_from(evidence: Evidence) -> LatencyPicture:
    analysis = analyse(evidence)
    summary = summarise(evidence, analysis, reconcile(evidence, analysis))
    return latency_picture(evidence, analysis, summary)


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> LatencyPicture:
    run = Blip().write(tmp_path_factory.mktemp("run"))
    return picture_of(run)


def test_a_panel_per_direction_and_a_line_per_route(picture: LatencyPicture) -> None:
    assert [(panel.source, panel.destination) for panel in picture.panels] == [
        ("us-east", "us-west"),
        ("us-west", "us-east"),
    ]
    assert [[route.via for route in panel.routes] for panel in picture.panels] == [[(), ("us-central",)]] * 2


def test_lines_are_where_the_latency_was_and_break_where_it_was_silent(picture: LatencyPicture) -> None:
    direct, over = picture.panels[0].routes
    at = picture.at_s
    assert (picture.bin_ms, len(at)) == (50.0, 240)
    away = (at > 4.0) & (at < 9.1)
    assert every(np.isnan(direct.median_ms[away]))
    assert direct.median_ms[~away] == pytest.approx(31.15)
    there = (at > 4.3) & (at < 9.1)
    assert over.median_ms[there] == pytest.approx(40.55)
    assert every(np.isnan(over.median_ms[(at < 4.25) | (at > 9.15)]))
    assert (direct.one_way_ms, over.one_way_ms) == (31.15, 40.55)


def test_quantiles_enclose_the_median(picture: LatencyPicture) -> None:
    for route in picture.panels[0].routes:
        heard = ~np.isnan(route.median_ms)
        assert every(route.low_ms[heard] <= route.median_ms[heard])
        assert every(route.median_ms[heard] <= route.high_ms[heard])


def test_loss_is_a_share_of_what_was_sent(picture: LatencyPicture) -> None:
    lost, at = picture.panels[0].lost, picture.at_s
    assert lost[(at > 4.0) & (at < 4.25)].tolist() == [1.0] * 5
    assert every(lost[(at < 4.0) | (at > 4.3)] == 0)


def test_a_long_run_has_no_more_bins_than_pixels(tmp_path: Path) -> None:
    run = Blip().write(tmp_path / "run")
    run.events.write_text(run.events.read_text().replace('"media_end_ns":1012', '"media_end_ns":1812'))
    assert len(picture_of(run).at_s) <= MOST_BINS


def resumed(evidence: Evidence) -> set[str]:
    return {row.resumed_via for row in interruption_rows(analyse(evidence), evidence.plan)}


def routes_of(evidence: Evidence) -> list[list[Route]]:
    return [[route.via for route in panel.routes] for panel in picture_from(evidence).panels]


def test_media_without_path_log_do_not_tell_their_route(tmp_path: Path) -> None:
    """Nor do packets that may have passed a relay that enters nothing in it; at an end there is no other way."""
    evidence = read_evidence(Blip().write(tmp_path / "run"))
    told = [[(), ("us-central",)]] * 2
    assert (routes_of(evidence), resumed(evidence)) == (told, {"via us-central"})
    foreign = with_media(evidence, "ffmpeg-opus")
    silent = with_relay(evidence, "us-central", path_log=False)
    for each in (foreign, silent):
        assert (routes_of(each), resumed(each)) == ([[None]] * 2, {"not told"})
    assert routes_of(with_relay(evidence, "us-central", path_log=True)) == told
    assert routes_of(with_relay(evidence, "us-east", path_log=False)) == told
    plot_latency(picture_from(foreign), tmp_path / "plot.png")
    assert route_name(None) == "not told"


def test_drawing_twice_gives_the_same_picture(picture: LatencyPicture, tmp_path: Path) -> None:
    plot_latency(picture, tmp_path / "one.png")
    plot_latency(picture, tmp_path / "two.png")
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()


def test_relays_passed_leave_out_the_ends() -> None:
    assert relays_passed(VIA_CENTRAL, TRIANGLE, ("us-east", "us-west")) == ("us-central",)
    assert relays_passed(0, TRIANGLE, ("us-east", "us-west")) == ()
    assert relays_passed(0xFF00, TRIANGLE, ("us-east", "us-west")) == ()
    assert [route_name(via) for via in ((), ("a",), ("a", "b"))] == ["direct", "via a", "via a and b"]


def test_passes_looks_at_every_place() -> None:
    paths = np.array([2, 2 << 8, 2 << 16, 2 << 24, 3 << 24 | 1, 0])
    assert passes(paths, 2).tolist() == [True, True, True, True, False, False]
