"""Added delay against latencies made by arithmetic."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from synthetic_media import DIRECT_EAST_WEST, TRIANGLE, VIA_CENTRAL
from synthetic_run import Blip

from results.metrics.analysis import analyse
from results.metrics.delay import UNKNOWN, added_delays, path_delay_ns
from results.report.report import read_evidence


def test_packets_that_took_exactly_their_links_delay_had_nothing_added(tmp_path: Path) -> None:
    analysis = analyse(read_evidence(Blip().write(tmp_path)))
    added = added_delays(analysis, TRIANGLE)
    assert len(added) == analysis.matched.packets.arrived.sum()
    assert set(added.tolist()) == {0}


@pytest.mark.parametrize(
    ("path", "delay_ns"),
    [
        (DIRECT_EAST_WEST, 31_150_000),
        (VIA_CENTRAL, 15_300_000 + 25_250_000),
        (1, 0),
        (1 | 9 << 8, UNKNOWN),
        (1 | 1 << 8, UNKNOWN),
    ],
)
def test_the_delay_of_a_path_log(path: int, delay_ns: int) -> None:
    assert path_delay_ns(TRIANGLE, path) == delay_ns


def test_between_clusters_without_a_link_it_is_that_of_the_links_between() -> None:
    chain = replace(
        TRIANGLE, links=tuple(link for link in TRIANGLE.links if link != TRIANGLE.link("us-east", "us-west"))
    )
    assert path_delay_ns(chain, DIRECT_EAST_WEST) == path_delay_ns(chain, VIA_CENTRAL) == 15_300_000 + 25_250_000
