"""Stalls of programs beside faults and beside what their own clients send, against arithmetic."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from synthetic_media import START
from synthetic_run import Blip

from hostio.timing import S
from relay_app.calls import Calls
from relay_app.streams import streams_of
from results.metrics.analysis import Evidence, analyse
from results.metrics.stall_figures import stall_rows
from results.metrics.system_figures import ProgramStallRow
from results.report.report import read_evidence
from results.run_files.events import FaultEdge
from results.run_files.faults import Freeze, Part, Process, ProcessFault
from results.run_files.program_samples import HOST_SAMPLE, PROCESS_SAMPLE, UDP_DROP_SAMPLE, ProgramSamples
from results.run_files.program_stalls import ProgramStall, ProgramStalls
from results.run_files.records import Rows

VIA, END = "us-central", "us-east"
"""Sessions of the run pass the first, and begin at the second."""


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    return read_evidence(Blip().write(tmp_path_factory.mktemp("run") / "run"))


def at(seconds: float) -> int:
    return START + round(seconds * S)


def silence(from_s: float, until_s: float, lane: int | None = None) -> ProgramStall:
    return ProgramStall(lane, at(from_s), at(from_s + 1), "stacks.txt", None, 50, at(until_s))


def rows(evidence: Evidence, *stalls: ProgramStall, cluster: str = VIA) -> list[ProgramStallRow] | None:
    processes, hosts, drops = (np.empty(0, dtype) for dtype in (PROCESS_SAMPLE, HOST_SAMPLE, UDP_DROP_SAMPLE))
    samples = ProgramSamples(processes, hosts, drops, stalls={cluster: ProgramStalls(stalls)})
    return stall_rows(replace(evidence, programs=samples), analyse(evidence), cluster)


def struck(evidence: Evidence, from_s: float, until_s: float, cluster: str = VIA, part: Part = "both") -> Evidence:
    """With a fault on a relay in this time."""
    from_ns, until_ns = at(from_s), at(until_s)
    fault = ProcessFault("relay-freeze", from_ns - START, until_ns - START, Process("relay", cluster), Freeze(), part)
    number = len(evidence.plan.faults)
    start = FaultEdge(number, "start", from_ns, from_ns, from_ns, from_ns)
    end = FaultEdge(number, "end", until_ns, until_ns, until_ns, until_ns)
    plan = replace(evidence.plan, faults=(*evidence.plan.faults, fault))
    return replace(evidence, plan=plan, events=(*evidence.events, start, end))


def sending(evidence: Evidence, sent: Rows) -> Evidence:
    """With these packets, and no others, sent at END."""
    return replace(evidence, recording=replace(evidence.recording, sent={**evidence.recording.sent, END: sent}))


def test_without_samples_nothing_is_told(evidence: Evidence) -> None:
    assert stall_rows(evidence, analyse(evidence), VIA) is None
    assert rows(evidence) == []


def test_a_silence_has_its_length_and_a_full_lane_none(evidence: Evidence) -> None:
    full = ProgramStall(3, at(7), at(9), None, "no gdb")
    assert rows(evidence, silence(2, 5.5), full, silence(10, 13, lane=4)) == [
        ProgramStallRow(None, 2.0, "stacks.txt", None, 3.5),
        ProgramStallRow(3, 7.0, None, "no gdb", None),
        ProgramStallRow(4, 10.0, "stacks.txt", None, 3.0),
    ]


@pytest.mark.parametrize("part", ["both", "server", "adapter"])
def test_the_time_of_a_fault_on_the_relay_is_left_out(evidence: Evidence, part: Part) -> None:
    """A silence begins up to 250 ms before it did."""
    during = struck(evidence, 3, 4, part=part)
    assert rows(during, silence(2.8, 4.9)) == []
    assert rows(during, silence(2.8, 5.5)) == [ProgramStallRow(None, 4.0, "stacks.txt", None, 1.5)]
    assert rows(during, silence(1, 4.5)) == [ProgramStallRow(None, 1.0, "stacks.txt", None, 1.75)]
    assert rows(during, silence(2.8, 4.9, lane=4)) == [ProgramStallRow(4, 2.8, "stacks.txt", None, None)]
    assert rows(struck(evidence, 3, 4, cluster=END), silence(2.8, 4.9)) != []


def test_what_comes_for_its_own_clients_is_not_sent_on(evidence: Evidence) -> None:
    """So at an end it counts from the first packet that clients there sent to the last: they may be late, or pause."""
    sent = evidence.recording.sent[END]
    spoken = sent[(sent["sent_ns"] >= at(3)) & (sent["sent_ns"] <= at(4.5))]
    first_ns, last_ns = int(spoken["sent_ns"].min()), int(spoken["sent_ns"].max())
    (found,) = rows(sending(evidence, spoken), silence(2, 7), cluster=END) or []
    assert (found.at, found.silent_s) == (round((first_ns - START) / S, 6), round((last_ns - first_ns) / S, 3))
    assert rows(sending(evidence, spoken), silence(4, 7), cluster=END) == [], "half a second of it"
    assert rows(sending(evidence, spoken[:0]), silence(2, 5), cluster=END) == []


def test_an_end_that_only_listens_has_nothing_to_send(evidence: Evidence) -> None:
    groups = tuple(replace(each, a=each.b, b=each.a, calls=Calls(one_way=True)) for each in evidence.plan.sessions)
    one_way = replace(evidence, plan=replace(evidence.plan, sessions=groups))
    assert {each.destination for each in streams_of(groups, evidence.plan.seed)} == {END}
    assert rows(one_way, silence(2, 5), cluster=END) == []
    assert rows(one_way, silence(2, 5), cluster=VIA) != []
