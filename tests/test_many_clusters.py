"""A run of 32 clusters on a ring with chords: calls over many hops, and a cut link that a relay repairs."""

from __future__ import annotations

from pathlib import Path

import pytest
from run_lab import Run, attempted, shows
from run_record import RunRecord

from benchmarks.rings import CHORD_NS, RING_NS, ring, scenario_text

FAR_MS = (5 * CHORD_NS + RING_NS) / 1e6
"""From c01 over c04, c07, c10 and c13 to c16 by chords, and on to c17; the other way round it is 2.5 ms more."""


def far_delays_ms(run: Run) -> list[float]:
    """Median one-way delay of the media between c01 and c17, either way."""
    rows = (row for row in run.summary["pairs"] if {row["source"], row["destination"]} == {"c01", "c17"})
    return [row["one_way_ms"]["p50"] for row in rows]


def as_far_as_its_links(run: Run) -> bool:
    """A millisecond more or less for each of the six links."""
    return all(0 <= found - FAR_MS <= 6 for found in far_delays_ms(run))


def moved_over_the_chord(run: Run) -> bool:
    """The calls whose link is cut go over c04, which has a chord to c01 and two links of the ring to c02."""
    return any((row["link"], row["via"]) == ("c01–c02", "c04") for row in run.summary["reroutes"])


@pytest.mark.root
@pytest.mark.long
def test_a_ring_of_32_clusters_carries_calls_and_repairs_a_cut(runs: RunRecord, tmp_path: Path) -> None:
    scenario = tmp_path / "ring-32.yaml"
    scenario.write_text(scenario_text(ring(32)))
    believed = shows(lambda run: as_far_as_its_links(run) and moved_over_the_chord(run))
    run = attempted(runs, tmp_path / "runs", scenario, believed=believed)
    assert len(far_delays_ms(run)) == 2
    assert run.bears(as_far_as_its_links(run)), far_delays_ms(run)
    assert run.bears(moved_over_the_chord(run)), run.summary["reroutes"]
    assert run.bears(run.summary["ledger"]["unexplained"] == 0)
    assert run.bears(run.summary["media"]["still_interrupted"] == 0)
