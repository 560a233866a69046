"""Probe delays against the delays that the synthetic run was made with."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from synthetic_machine import probes
from synthetic_media import BLIP, START, TRIANGLE
from synthetic_run import Blip

from hostio.timing import MS, S
from results.metrics.analysis import Evidence
from results.metrics.delay import probe_excess
from results.report.report import read_evidence
from results.run_files.faults import Fault, LinkFault
from topologies.link_state import LinkChange
from topologies.model import Direction

END = START + 12 * S


def evidence(tmp_path: Path, *faults: Fault) -> Evidence:
    found = read_evidence(Blip().write(tmp_path))
    return replace(found, plan=replace(found.plan, faults=faults))


def test_every_probe_counts_with_what_it_took_beyond_its_link(tmp_path: Path) -> None:
    excess = probe_excess(evidence(tmp_path, BLIP), START, END)
    assert len(excess) == 6 * 240
    assert set(excess.tolist()) == {400_000}


def test_only_probes_sent_while_media_flowed_count(tmp_path: Path) -> None:
    assert len(probe_excess(evidence(tmp_path, BLIP), START + 2 * S, START + 3 * S)) == 6 * 20


def test_probes_under_a_fault_that_bends_delay_are_left_out(tmp_path: Path) -> None:
    east_west = Direction("us-east", "us-west")
    latency = LinkFault("latency", 4 * S, 6 * S, (east_west,), LinkChange(extra_delay_ns=40 * MS))
    found = evidence(tmp_path, latency)
    rows = probes("us-west")
    bent = (rows["source"] == 1) & (rows["sent_ns"] >= START + 4 * S) & (rows["sent_ns"] < START + 6 * S)
    rows["received_ns"][bent] += 40 * MS
    bent_recording = replace(found.recording, probes={**found.recording.probes, "us-west": rows})
    excess = probe_excess(replace(found, recording=bent_recording), START, END)
    assert np.unique(excess).tolist() == [400_000]
    assert 6 * 240 - 63 <= len(excess) < 6 * 240 - 58


@pytest.mark.parametrize("by_queue", [True, False])
def test_probes_behind_a_queue_that_drains_for_seconds_are_left_out(by_queue: bool, tmp_path: Path) -> None:
    """A second after a fault the links are as they were, but for what a queue of three seconds still holds."""
    east_west, extra_ns = Direction("us-east", "us-west"), 3 * S
    change = LinkChange(extra_delay_ns=extra_ns, in_order=True if by_queue else None)
    found = evidence(tmp_path, LinkFault("latency", 4 * S, 6 * S, (east_west,), change))
    rows = probes("us-west")
    held = (rows["source"] == 1) & (rows["sent_ns"] >= START + 4 * S) & (rows["sent_ns"] < START + 9 * S)
    rows["received_ns"][held] = START + 9 * S + TRIANGLE.one_way_ns(*east_west)
    recording = replace(found.recording, probes={**found.recording.probes, "us-west": rows})
    excess = probe_excess(replace(found, recording=recording), START, END)
    assert bool(excess.max() < MS) is by_queue
