from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from every import every
from synthetic_media import TRIANGLE
from synthetic_run import Blip

from hostio.timing import MS
from results.ledger.reconcile import reconcile
from results.metrics.analysis import Analysis, Evidence, analyse
from results.report.report import read_evidence, summarise
from results.report.stall_plot import plot_stall
from results.report.stall_series import StallPicture, stall_picture


@pytest.fixture
def evidence(tmp_path: Path) -> Evidence:
    return read_evidence(Blip(sessions=4).write(tmp_path / "run"))


def picture_of(evidence: Evidence) -> StallPicture | None:
    analysis: Analysis = analyse(evidence)
    summary = summarise(evidence, analysis, reconcile(evidence, analysis))
    return stall_picture(evidence, analysis, summary)


def test_every_moved_stream_is_a_row_and_silence_is_blank(evidence: Evidence) -> None:
    picture = picture_of(evidence)
    assert picture is not None
    assert [(band.source, band.destination, band.moved, band.count) for band in picture.bands] == [
        ("us-east", "us-west", True, 4),
        ("us-west", "us-east", True, 4),
    ]
    middles = (picture.edges_s[:-1] + picture.edges_s[1:]) / 2
    blank = np.isnan(picture.latency_ms)
    assert every(blank[:, (middles > 4.1) & (middles < 4.3)].ravel())
    assert every(~blank[:, (middles > 0.2) & (middles < 3.9)].ravel())
    assert every(~blank[:, (middles > 4.5) & (middles < 11.9)].ravel())


def test_colours_are_the_latency_of_the_path_taken(evidence: Evidence) -> None:
    picture = picture_of(evidence)
    assert picture is not None
    middles = (picture.edges_s[:-1] + picture.edges_s[1:]) / 2
    for path, within in ((("us-east", "us-west"), (1, 3)), (("us-east", "us-central", "us-west"), (5, 8))):
        cells = picture.latency_ms[:, (middles > within[0]) & (middles < within[1])]
        assert cells.size > 0
        assert cells == pytest.approx(np.full(cells.shape, TRIANGLE.one_way_ns(*path) / MS), abs=1.0)


def test_it_is_drawn(evidence: Evidence, tmp_path: Path) -> None:
    picture = picture_of(evidence)
    assert picture is not None
    plot_stall(picture, tmp_path / "stall.png")
    assert (tmp_path / "stall.png").read_bytes().startswith(b"\x89PNG")


def test_without_a_reroute_there_is_no_picture(tmp_path: Path) -> None:
    run = Blip(sessions=1).write(tmp_path / "run")
    run.decisions.write_text("")
    assert picture_of(read_evidence(run)) is None
