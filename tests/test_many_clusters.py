"""A run of 32 clusters on a ring with chords: calls over many hops, and a cut link that a relay repairs."""

from __future__ import annotations

from pathlib import Path

import pytest
from run_lab import Run, attempted
from run_record import RunRecord

from benchmarks.rings import CHORD_NS, RING_NS, ring, scenario_text
from results.metrics.analysis import analyse
from results.report.report import read_evidence
from results.run_files.run_dir import RunDir

FAR_MS = (5 * CHORD_NS + RING_NS) / 1e6
"""From c01 over c04, c07, c10 and c13 to c16 by chords, and on to c17; the other way round it is 2.5 ms more."""


def least_delays_ms(run: Run) -> dict[tuple[str, str], float]:
    """The least one-way delay of the media between c01 and c17, either way: what queues and late processes add is
    least in it."""
    matched = analyse(read_evidence(RunDir(run.root))).matched
    packets = matched.packets
    took = packets.received_ns - packets.sent_ns
    far = {
        index: (stream.source, stream.destination)
        for index, stream in enumerate(matched.streams)
        if {stream.source, stream.destination} == {"c01", "c17"}
    }
    each = [(ends, took[(packets.stream == index) & packets.arrived].min() / 1e6) for index, ends in far.items()]
    return {ends: min(ms for at, ms in each if at == ends) for ends in far.values()}


def moved_over_the_chord(run: Run) -> bool:
    """The calls whose link is cut go over c04, which has a chord to c01 and two links of the ring to c02."""
    return any((row["link"], row["via"]) == ("c01–c02", "c04") for row in run.summary["reroutes"])


@pytest.mark.root
@pytest.mark.long
def test_a_ring_of_32_clusters_carries_calls_and_repairs_a_cut(runs: RunRecord, tmp_path: Path) -> None:
    scenario = tmp_path / "ring-32.yaml"
    scenario.write_text(scenario_text(ring(32)))
    run = attempted(runs, tmp_path / "runs", scenario, believed=moved_over_the_chord)
    assert run.bears(moved_over_the_chord(run)), run.summary["reroutes"]
    found = least_delays_ms(run)
    assert found.keys() == {("c01", "c17"), ("c17", "c01")}
    assert all(ms >= FAR_MS for ms in found.values()), found
    # A millisecond more for each of the six links at most.
    assert run.bears(all(ms <= FAR_MS + 6 for ms in found.values())), found
    assert run.bears(run.summary["ledger"]["unexplained"] == 0)
    assert run.bears(run.summary["media"]["still_interrupted"] == 0)
