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
from results.fidelity.all_checks import fidelity_checks
from results.metrics.analysis import Evidence, analyse
from results.metrics.delay import probe_excess
from results.report.report import read_evidence
from results.run_files.faults import Fault, LinkFault
from topologies.link_state import LinkChange
from topologies.model import Direction, OneWay

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


def test_probes_that_overtake_are_left_out_and_those_they_overtake_count(tmp_path: Path) -> None:
    """So that links that reorder all the time are checked, too: here each other probe has no delay."""
    east_west = Direction("us-east", "us-west")
    found = evidence(tmp_path, LinkFault("reorder", 4 * S, 6 * S, (east_west,), LinkChange(reorder=0.5)))
    rows = probes("us-west")
    mine = np.flatnonzero(
        (rows["source"] == 1) & (rows["sent_ns"] >= START + 4 * S) & (rows["sent_ns"] < START + 6 * S)
    )
    overtaking = mine[1:-1:2]
    rows["received_ns"][overtaking] = rows["sent_ns"][overtaking] + 400_000
    recording = replace(found.recording, probes={**found.recording.probes, "us-west": rows})
    excess = probe_excess(replace(found, recording=recording), START, END)
    assert set(excess.tolist()) == {400_000}
    assert len(excess) == 6 * 240 - len(overtaking)


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


def lopsided(found: Evidence, there: OneWay, back: OneWay) -> Evidence:
    """The same records of a run whose link from east to west was planned so."""
    links = tuple(
        replace(link, there=there, back=back) if (link.a, link.b) == ("us-east", "us-west") else link
        for link in TRIANGLE.links
    )
    return replace(found, plan=replace(found.plan, topology=replace(TRIANGLE, links=links)))


def test_each_direction_is_held_to_its_own_delay_and_two_that_were_swapped_are_found(tmp_path: Path) -> None:
    """The records are of 31.15 ms either way. Planned 5 ms more there, and as much less back, both are 5 ms off."""
    found = lopsided(evidence(tmp_path), OneWay(36_150_000), OneWay(26_150_000))
    assert set(probe_excess(found, START, END).tolist()) == {400_000, 400_000 - 5 * MS, 400_000 + 5 * MS}
    swapped = lopsided(evidence(tmp_path), OneWay(61_150_000), OneWay(1_150_000))
    checks = {check.id: check.ok for check in fidelity_checks(swapped, analyse(swapped))}
    assert checks["delay-p99"] is False


def test_probes_that_wait_for_a_rate_are_left_out(tmp_path: Path) -> None:
    found = lopsided(evidence(tmp_path), OneWay(31_150_000, rate_bps=1_000_000), OneWay(31_150_000))
    assert len(probe_excess(found, START, END)) == 5 * 240
