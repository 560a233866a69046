"""When the controller process, on os-ken and on Ryu, sent, wrote and was answered, by its records.

The switches are of the test's own.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from time import monotonic_ns

import pytest
from ryu_lab import needs_ryu
from wire_lab import DEADLINE_S, WireLab, wait_until

from topologies.model import Direction


@pytest.fixture(params=["os-ken", pytest.param("ryu", marks=needs_ryu)])
def lab(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[WireLab]:
    lab = WireLab(tmp_path, request.param)
    yield lab
    lab.close()


def test_flow_mods_are_written_before_the_switch_answers_and_after_they_were_queued(lab: WireLab) -> None:
    wait_until(lambda: len(lab.records("health")) == 6, DEADLINE_S, lab.probe)
    before = [switch.flow_mods for switch in lab.switches]
    east, _, west = lab.switches
    for switch in (east, west):
        switch.answering.clear()
        switch.asked.clear()
    silent = Direction("east", "west")
    wait_until(lambda: east.asked.is_set() and west.asked.is_set(), DEADLINE_S, lambda: lab.probe(silent))
    asked_ns = monotonic_ns()
    assert [switch.flow_mods - count for switch, count in zip(lab.switches, before, strict=True)] == [16, 0, 16]
    for _ in range(5):
        lab.probe(silent)
    west.answering.set()
    east.answering.set()
    wait_until(lambda: bool(lab.records("decision")), DEADLINE_S, lambda: lab.probe(silent))
    (decision,) = lab.records("decision")
    times = [decision[f"{step}_ns"] for step in ("seen", "decided", "written", "installed")]
    assert times == sorted(times)
    assert decision["decided_ns"] <= decision["sent_ns"] <= decision["installed_ns"]
    assert asked_ns <= decision["installed_ns"]
    assert decision["written_ns"] < decision["installed_ns"], "noted by the socket, not only bounded by the answer"
