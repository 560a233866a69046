from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from synthetic import START, Blip, machine, probes

from hostio.units import MS
from results.analysis import Evidence, analyse
from results.documents import Event
from results.events import FaultEdge
from results.fidelity import FidelityLimits, fidelity
from results.matching import Ints
from results.report import read_evidence
from topologies.link_state import LinkChange
from topologies.links import LinkCounters


@pytest.fixture(scope="module")
def faithful(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    return read_evidence(Blip().write(tmp_path_factory.mktemp("run")))


def broken(evidence: Evidence) -> dict[str, float | None]:
    checks = fidelity(evidence, analyse(evidence), FidelityLimits())
    return {check.check: check.value for check in checks if not check.ok}


def with_edges(evidence: Evidence, edges: Sequence[FaultEdge]) -> Evidence:
    others: list[Event] = [event for event in evidence.events if not isinstance(event, FaultEdge)]
    return replace(evidence, events=(*others, *edges))


def delayed(evidence: Evidence, delay_ns: Ints | int, rows: slice) -> Evidence:
    sent = evidence.recording.sent["us-east"].copy()
    sent["sent_ns"][rows] += delay_ns
    recording = replace(evidence.recording, sent={**evidence.recording.sent, "us-east": sent})
    return replace(evidence, recording=recording)


def test_a_faithful_run_breaks_nothing(faithful: Evidence) -> None:
    assert broken(faithful) == {}


def test_media_late_throughout(faithful: Evidence) -> None:
    assert broken(delayed(faithful, 11 * MS, slice(None))) == {"99th percentile of media pacing error": 11.0}


def test_links_slower_than_emulated(faithful: Evidence) -> None:
    slow = {cluster: probes(cluster, excess_ns=1_100_000) for cluster in faithful.recording.probes}
    found = broken(replace(faithful, recording=replace(faithful.recording, probes=slow)))
    assert found == {"median delay of probes beyond the emulated one": 1.1}


def test_packets_that_a_client_could_not_send(faithful: Evidence) -> None:
    report = replace(machine(), counters={"client-us-east: refused": 3, "relay-us-east: fetches": 9})
    check = "packets that a client or prober could not send or read"
    assert broken(replace(faithful, machine=report)) == {check: 3.0}


def test_one_stall(faithful: Evidence) -> None:
    assert broken(delayed(faithful, 101 * MS, slice(3, 4))) == {"largest media pacing error": 101.0}


@pytest.mark.parametrize(
    ("counters", "check"),
    [
        (LinkCounters(lost_overflow=2), "packets for which the link emulator had no room"),
        (LinkCounters(lost_queue=2), "packets dropped by queues of links without a rate"),
    ],
)
def test_link_counters(faithful: Evidence, counters: LinkCounters, check: str) -> None:
    assert broken(replace(faithful, machine=machine(counters))) == {check: 12.0}


def test_queues_may_drop_where_a_rate_was_planned(faithful: Evidence) -> None:
    limited = tuple(
        replace(fault, directions=fault.directions[:1], change=LinkChange(rate_bps=1_000_000))
        for fault in faithful.plan.faults
    )
    evidence = replace(
        faithful, plan=replace(faithful.plan, faults=limited), machine=machine(LinkCounters(lost_queue=2))
    )
    assert broken(evidence) == {"packets dropped by queues of links without a rate": 10.0}


def test_planned_loss_is_no_fault_of_the_machine(faithful: Evidence) -> None:
    assert broken(replace(faithful, machine=machine(LinkCounters(lost_loss=5)))) == {}


def test_sockets_and_ports(faithful: Evidence) -> None:
    report = replace(machine(), socket_drops={"a": 1, "b": 2}, port_drops={"c": 4})
    assert broken(replace(faithful, machine=report)) == {
        "packets dropped by sockets": 3.0,
        "packets dropped by switch ports": 4.0,
    }


def test_without_a_machine_report_nothing_is_known(faithful: Evidence) -> None:
    assert list(broken(replace(faithful, machine=None)).values()) == [None] * 6


@pytest.mark.parametrize("shift_ms", [-11, 11])
def test_a_fault_at_the_wrong_time(faithful: Evidence, shift_ms: int) -> None:
    edges = list(faithful.fault_edges.values())
    at_ns = START + faithful.plan.faults[0].at_ns + shift_ms * MS
    moved = replace(edges[0], planned_ns=at_ns, applied_first_ns=at_ns, applied_last_ns=at_ns, verified_ns=at_ns)
    assert broken(with_edges(faithful, [moved, edges[1]])) == {"largest error of a fault's time": 11.0}


def test_a_fault_that_did_not_happen(faithful: Evidence) -> None:
    assert broken(with_edges(faithful, [])) == {"fault edges that did not happen": 2.0}


def test_a_fault_not_read_back(faithful: Evidence) -> None:
    edges = [replace(edge, verified_ns=0) for edge in faithful.fault_edges.values()]
    assert broken(with_edges(faithful, edges)) == {"fault edges not read back": 2.0}


def test_a_fault_that_lasts_to_the_end_needs_no_second_edge(faithful: Evidence) -> None:
    faults = tuple(replace(fault, until_ns=faithful.plan.duration_ns) for fault in faithful.plan.faults)
    edges = [edge for edge in faithful.fault_edges.values() if edge.edge == "start"]
    assert broken(with_edges(replace(faithful, plan=replace(faithful.plan, faults=faults)), edges)) == {}


def test_packets_from_nowhere(faithful: Evidence) -> None:
    rows = faithful.recording.received["us-west"].copy()
    rows["ssrc"][:5] = 12345
    recording = replace(faithful.recording, received={**faithful.recording.received, "us-west": rows})
    assert broken(replace(faithful, recording=recording)) == {"packets received that nobody sent": 5.0}


def test_a_client_that_sent_nothing(faithful: Evidence) -> None:
    sent = {**faithful.recording.sent, "us-east": faithful.recording.sent["us-east"][:0]}
    received = {**faithful.recording.received, "us-west": faithful.recording.received["us-west"][:0]}
    recording = replace(faithful.recording, sent=sent, received=received)
    assert broken(replace(faithful, recording=recording)) == {"directions without records": 4.0}


def test_an_empty_run_directory_is_not_faithful(tmp_path: Path) -> None:
    run = Blip().write(tmp_path / "run")
    for path in (*run.root.rglob("*.parquet"), run.machine, run.events):
        path.unlink()
    assert broken(read_evidence(run))["directions without records"] == 8.0
