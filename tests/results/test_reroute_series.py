"""The waterfall of reroutes: where its bars are, and that it is drawn."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from report_lab import summary_of
from synthetic_run import Blip

from results.metrics.network_figures import LaneRow, RerouteParts, RerouteRow
from results.report.report import make_report
from results.report.reroute_plot import plot_reroutes
from results.report.reroute_series import MOST_REROUTES, STEPS, Waterfall, reroute_picture
from results.run_files.run_dir import RunDir
from results.verdict.summary import Summary

PARTS = RerouteParts(
    detect_ms=250,
    decide_ms=1,
    install_ms=4,
    first_packet_ms=7,
    relay_ms=18,
    recovered_ms=25,
    under_way_ms=-30,
    unexplained_ms=12,
    still=False,
)
"""287 ms in all."""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunDir:
    return Blip().write(tmp_path_factory.mktemp("run") / "run")


@pytest.fixture(scope="module")
def summary(run: RunDir) -> Summary:
    return summary_of(run)


def made(summary: Summary, parts: RerouteParts, length_ms: float, lane: int = 3) -> RerouteRow:
    row = summary.reroutes[0]
    lanes = [LaneRow(lane, 1, None, None, None, None, None, length_ms, parts)]
    return replace(row, interruption_ms=length_ms, parts=parts, by_lane=lanes)


def waterfall(summary: Summary, parts: RerouteParts, length_ms: float) -> Waterfall:
    picture = reroute_picture(replace(summary, reroutes=[made(summary, parts, length_ms)]))
    assert picture is not None
    (found,) = picture.waterfalls
    return found


def test_bars_follow_one_another_from_the_fault_to_the_end_of_the_silence(summary: Summary) -> None:
    found = waterfall(summary, PARTS, 287)
    assert [bar.name for bar in found.bars] == [*STEPS]
    assert [bar.start_ms for bar in found.bars] == [0, 250, 251, 255, 262, 280]
    assert found.silence == (305 - 287, 305)
    assert found.unexplained == (18, 30)
    assert (found.origin, found.under_way_ms, found.end_ms) == ("the fault", 30, 305)
    assert found.title == "us-east–us-west via us-central"
    assert found.note == "seen at 4.260 s; the stream silent longest is on lane 3"


def test_what_is_not_explained_is_where_parts_are_not_known(summary: Summary) -> None:
    parts = replace(PARTS, first_packet_ms=None, relay_ms=None, unexplained_ms=37)
    found = waterfall(summary, parts, 287)
    assert [bar.start_ms for bar in found.bars] == [0, 250, 251, 255, 292, 292]
    assert found.unexplained == (255, 292)
    assert found.silence == (30, 317)


def test_a_silence_that_lasts_goes_on_after_what_is_known(summary: Summary) -> None:
    parts = replace(PARTS, relay_ms=None, recovered_ms=None, unexplained_ms=2768, still=True)
    found = waterfall(summary, parts, 3000)
    assert found.unexplained == (262, 3030)
    assert (found.silence, found.still) == ((30, 3030), True)


def test_without_a_fault_times_are_from_when_it_was_seen(summary: Summary) -> None:
    parts = replace(PARTS, detect_ms=None, under_way_ms=None, unexplained_ms=232)
    found = waterfall(summary, parts, 287)
    assert (found.origin, found.under_way_ms) == ("it was seen", None)
    assert [bar.start_ms for bar in found.bars] == [0, 0, 1, 5, 12, 30]
    assert (found.silence, found.unexplained) == ((-232, 55), (-232, 0))


def test_parts_longer_than_the_silence_leave_no_place_without_one(summary: Summary) -> None:
    found = waterfall(summary, replace(PARTS, unexplained_ms=-5), 270)
    assert found.unexplained == (35, 35)
    assert found.unexplained_ms == -5


def test_the_longest_are_drawn_in_their_order(summary: Summary, tmp_path: Path) -> None:
    lengths = [287.0 + number for number in range(MOST_REROUTES + 2)]
    rows = [made(summary, PARTS, length, lane) for lane, length in enumerate(lengths)]
    picture = reroute_picture(replace(summary, reroutes=rows))
    assert picture is not None
    assert picture.more == 2
    assert [each.note.rpartition(" ")[2] for each in picture.waterfalls] == [str(lane) for lane in range(2, 8)]
    plot_reroutes(picture, tmp_path / "reroutes.png")
    assert (tmp_path / "reroutes.png").read_bytes().startswith(b"\x89PNG")


def test_without_a_silence_there_is_no_picture(summary: Summary) -> None:
    quiet = replace(summary.reroutes[0], interruption_ms=None, parts=None)
    assert reroute_picture(replace(summary, reroutes=[quiet])) is None
    assert reroute_picture(replace(summary, reroutes=[])) is None


def test_it_is_among_the_plots_of_a_run(run: RunDir) -> None:
    make_report(run)
    assert run.reroute_plot.read_bytes().startswith(b"\x89PNG")
