"""How much of its rate a link carried: of bytes that come evenly, in samples at known times, with known bounds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from bounds_lab import held, on_time, summary_of
from synthetic_media import START
from synthetic_run import Blip

from hostio.timing import MS, S
from results.bounds.interval import Interval
from results.metrics.analysis import Evidence
from results.report.report import read_evidence
from results.run_files.faults import LinkFault
from results.run_files.hold_ups import HoldUpPlace
from results.run_files.link_rates import RatedSpan, joined, rated_spans, rated_within
from results.run_files.machine import LINK_SAMPLE
from results.run_files.plan import Expectation, LinkPart
from results.verdict.summary import Summary
from topologies.link_state import LinkChange
from topologies.model import Direction

EAST_WEST = Direction("us-east", "us-west")
BROWNOUT = LinkFault("brownout", 2 * S, 10 * S, (EAST_WEST,), LinkChange(rate_bps=1_000_000, queue_ns=20 * MS))
PER_S = 25_000
"""Bytes a second: a fifth of the rate."""


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    """Samples every 100 ms, 30 ms after full tenths of a second, each of which took 1 ms; twice as much from 6 s on."""
    found = on_time(read_evidence(Blip().write(tmp_path_factory.mktemp("run") / "run")))
    plan = replace(found.plan, faults=(*found.plan.faults, BROWNOUT))
    rows = np.zeros(134, LINK_SAMPLE)
    at_ms = 100 * np.arange(-1, 133) + 30
    rows["from_ns"], rows["until_ns"] = START + at_ms * MS, START + (at_ms + 1) * MS
    rows["direction"] = plan.topology.directions.index(EAST_WEST)
    rows["bytes"] = (PER_S * (at_ms + np.maximum(at_ms - 6000, 0))) // 1000 + 5000
    return replace(found, plan=plan, link_bytes=rows)


def found(evidence: Evidence, *times: tuple[int, int], limit: float = 0.0) -> Summary:
    parts = [LinkPart(*EAST_WEST, *(at * S for at in each)) for each in times] or [LinkPart(*EAST_WEST)]
    return summary_of(evidence, *(Expectation(f"link {part}", ">=", limit, f"{part}", link=part) for part in parts))


def test_the_share_is_that_of_the_bits_of_the_rate(evidence: Evidence) -> None:
    summary = found(evidence, (3, 5), (7, 8), (5, 7))
    assert [row.value for row in summary.expectations] == pytest.approx([20.0, 40.0, 30.0], abs=0.1)
    (whole,) = found(evidence).expectations
    assert whole.value == pytest.approx((4 * 20 + 4 * 40) / 8, abs=0.1)
    assert [(row.source, row.destination, row.utilisation_percent) for row in summary.links] == [
        ("us-east", "us-west", whole.value)
    ]


def test_bounds_are_the_samples_around_the_time_and_what_was_held_up_moves_them(evidence: Evidence) -> None:
    """A sample has a tenth of a second, 2 % of one. From 3 s to 5 s the samples inside are 3.03 s to 4.93 s, and 3.13 s
    is the first that is later than the 1 ms of noise; those around are 2.93 s and 5.03 s."""
    (row,) = found(evidence, (3, 5)).expectations
    assert row.interval == Interval(19.0, 21.0)
    later = held(evidence, (HoldUpPlace.CORE, 0, 2.5, 70), (HoldUpPlace.CORE, 0, 1.5, 400))
    (row,) = found(later, (3, 5)).expectations
    assert row.interval == Interval(18.0, 22.0)


@pytest.mark.parametrize(("limit", "verdict"), [(18.0, "pass"), (20.0, "inconclusive"), (22.0, "fail")])
def test_a_limit_within_the_bounds_is_left_open(evidence: Evidence, limit: float, verdict: str) -> None:
    summary = found(evidence, (3, 5), limit=limit)
    assert {True: "pass", None: "inconclusive", False: "fail"}[summary.expectations[0].ok] == verdict


def test_what_was_not_sampled_is_unknown(evidence: Evidence) -> None:
    for rows in (None, evidence.link_bytes[:20] if evidence.link_bytes is not None else None):
        summary = found(replace(evidence, link_bytes=rows), (3, 5), limit=1.0)
        (row,) = summary.expectations
        assert (row.value, row.ok) == (None, None)
        assert "no interruption" not in " ".join(summary.reasons)


def test_the_rate_over_time_is_that_of_the_link_but_where_a_fault_sets_another(evidence: Evidence) -> None:
    topology = evidence.plan.topology
    assert rated_spans(topology, (), EAST_WEST, 12 * S) == ()
    spans = rated_spans(topology, (BROWNOUT,), EAST_WEST, 12 * S)
    assert spans == (RatedSpan(2 * S, 10 * S, 1_000_000),)
    assert [span.bits for span in rated_within(spans, S, 3 * S)] == [1_000_000]
    later = replace(BROWNOUT, at_ns=10 * S, until_ns=12 * S, change=LinkChange(rate_bps=2_000_000))
    both = rated_spans(topology, (BROWNOUT, later), EAST_WEST, 12 * S)
    assert (len(both), joined(both)) == (2, ((2 * S, 12 * S),))
