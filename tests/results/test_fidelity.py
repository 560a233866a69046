from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from synthetic_machine import core_samples, lateness_row, machine, machine_samples, probes
from synthetic_media import EAST, START, TRIANGLE
from synthetic_run import Blip

from hostio.timing import MS, S
from results.fidelity.all_checks import fidelity_checks
from results.fidelity.checks import CheckId
from results.metrics.analysis import Evidence, analyse
from results.metrics.matching import Ints
from results.report.report import read_evidence
from results.run_files.documents import Event
from results.run_files.events import FaultEdge
from results.run_files.faults import Freeze, LinkFault, Process, ProcessFault
from results.run_files.hold_ups import HOLD_UP, RUN_DELAY, HoldUps, RunDelayPlace
from results.run_files.machine import CounterRow, LatenessRow, MachineSamples, ProcessId, SocketRow
from results.run_files.plan import FidelityLimits, Plan
from results.run_files.records import Rows
from results.run_files.relay_program import RelayProgram
from topologies.back_ends import BackendName
from topologies.link_backend import LinkCounters
from topologies.link_state import LinkChange
from topologies.model import Direction
from topologies.openvswitch import DatapathStats, PortDrops


@pytest.fixture(scope="module")
def faithful(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    return read_evidence(Blip().write(tmp_path_factory.mktemp("run")))


def broken(evidence: Evidence) -> dict[CheckId, float | None]:
    checks = fidelity_checks(evidence, analyse(evidence))
    return {check.id: check.value for check in checks if not check.ok}


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
    assert broken(delayed(faithful, 11 * MS, slice(None))) == {"pacing-p99": 11.0}


def test_links_slower_than_emulated(faithful: Evidence) -> None:
    slow = {cluster: probes(cluster, excess_ns=1_100_000) for cluster in faithful.recording.probes}
    found = broken(replace(faithful, recording=replace(faithful.recording, probes=slow)))
    assert found == {"delay-p50": 1.1}


def test_packets_that_a_client_could_not_send(faithful: Evidence) -> None:
    counters = (CounterRow(ProcessId("client", EAST), "refused", 3), CounterRow(ProcessId("relay", EAST), "refused", 9))
    report = replace(machine(), counters=counters)
    assert broken(replace(faithful, machine=report)) == {"client-errors": 3.0}


def with_program(faithful: Evidence) -> Evidence:
    """The relay in the east is a program."""
    programs = {"mine": RelayProgram("/mine", ("./relay",))}
    relays = replace(faithful.plan.relays, versions={EAST: "mine"}, programs=programs)
    return replace(faithful, plan=replace(faithful.plan, relays=relays))


def test_what_a_program_sends_to_clients_is_no_error_of_theirs(faithful: Evidence) -> None:
    clients = [CounterRow(ProcessId("client", name), "malformed", 5) for name in (EAST, "us-west")]
    programs = with_program(faithful)
    assert broken(replace(faithful, machine=replace(machine(), counters=(clients[0],)))) == {"client-errors": 5.0}
    assert broken(replace(programs, machine=replace(machine(), counters=(clients[0],)))).get("client-errors") is None
    assert broken(replace(programs, machine=replace(machine(), counters=(clients[1],))))["client-errors"] == 5.0


def of_a_program(faithful: Evidence, waited_ms: int) -> Evidence:
    """A program that waited for a core, and lost packets before it read them."""
    ordinal = faithful.plan.topology.cluster(EAST).ordinal
    waits = [(RunDelayPlace.RELAY, ordinal, START + S, START + 2 * S, waited_ms * MS)]
    drops = (SocketRow(ProcessId("relay", EAST), "lane 1", 7), SocketRow(ProcessId("client", EAST), "media", 2))
    return replace(
        with_program(faithful),
        machine=replace(machine(), socket_drops=drops),
        hold_ups=HoldUps(np.empty(0, HOLD_UP), np.array(waits, RUN_DELAY)),
    )


@pytest.mark.parametrize(("waited_ms", "doubted"), [(0, 2.0), (99, 2.0), (101, 9.0)])
def test_what_a_program_did_not_read_in_time_is_its_own_doing_unless_it_waited_for_a_core(
    faithful: Evidence, waited_ms: int, doubted: float
) -> None:
    assert broken(of_a_program(faithful, waited_ms))["socket-drops"] == doubted


def test_one_stall(faithful: Evidence) -> None:
    assert broken(delayed(faithful, 101 * MS, slice(3, 4))) == {"pacing-max": 101.0}


@pytest.mark.parametrize(
    ("counters", "check"),
    [
        (LinkCounters(lost_overflow=2), "emulator-drops"),
        (LinkCounters(lost_queue=2), "queue-drops"),
    ],
)
def test_link_counters(faithful: Evidence, counters: LinkCounters, check: str) -> None:
    assert broken(replace(faithful, machine=machine(counters))) == {check: 12.0}


def test_queues_may_drop_where_a_rate_was_planned(faithful: Evidence) -> None:
    limited = tuple(
        replace(fault, directions=fault.directions[:1], change=LinkChange(rate_bps=1_000_000))
        for fault in faithful.plan.link_faults
    )
    evidence = replace(
        faithful, plan=replace(faithful.plan, faults=limited), machine=machine(LinkCounters(lost_queue=2))
    )
    assert broken(evidence) == {"queue-drops": 10.0}


def test_planned_loss_is_no_fault_of_the_machine(faithful: Evidence) -> None:
    assert broken(replace(faithful, machine=machine(LinkCounters(lost_loss=5)))) == {}


def test_sockets_and_ports(faithful: Evidence) -> None:
    sockets = (SocketRow(ProcessId("prober", EAST), "probes", 1), SocketRow(ProcessId("ovs-vswitchd"), "s1-lan", 2))
    report = replace(machine(), socket_drops=sockets, port_drops=(PortDrops("s1", "s1-w3", "tx", 4),))
    assert broken(replace(faithful, machine=report)) == {
        "socket-drops": 3.0,
        "port-drops": 4.0,
    }


def test_without_a_machine_report_nothing_is_known(faithful: Evidence) -> None:
    found = broken(replace(faithful, machine=None))
    assert len(found) == 17
    assert set(found.values()) == {None}


def test_without_samples_nothing_is_known_of_the_processor_and_the_clock(faithful: Evidence) -> None:
    found = broken(replace(faithful, samples=None))
    assert found == dict.fromkeys(("steal", "steal-second", "clock-step"))


@pytest.mark.parametrize(
    ("process", "thread", "kind"),
    [
        (ProcessId("wire"), "release", "link"),
        (ProcessId("relay", "us-west"), "forward", "relay"),
        (ProcessId("client", EAST), "send", "sender"),
        (ProcessId("client", EAST), "receive", "receiver"),
        (ProcessId("prober", "us-west"), "probe", "prober"),
    ],
)
def test_the_worst_process_of_a_kind_stands_for_it(
    faithful: Evidence, process: ProcessId, thread: str, kind: str
) -> None:
    often = broken(with_lateness(faithful, lateness_row(process, thread, *[6.0] * 10)))
    once = broken(with_lateness(faithful, lateness_row(process, thread, *[0.06] * 900, 120.0)))
    assert often == {f"{kind}-lateness-p99": pytest.approx(6, rel=0.01)}
    assert once == {f"{kind}-lateness-max": pytest.approx(120, rel=0.01)}


def with_lateness(evidence: Evidence, late: LatenessRow) -> Evidence:
    """One thread of a process replaced."""
    others = (row for row in machine().lateness if (row.process, row.thread) != (late.process, late.thread))
    return replace(evidence, machine=replace(machine(), lateness=(*others, late)))


@pytest.mark.parametrize(
    ("back_end", "doubts"),
    [("netem", {}), ("userspace", {"link-lateness-p99": None, "link-lateness-max": None})],
)
def test_only_a_back_end_that_cannot_tell_how_late_it_was_need_not(
    faithful: Evidence, back_end: BackendName, doubts: dict[str, float | None]
) -> None:
    silent = tuple(row for row in machine().lateness if row.process != ProcessId("wire"))
    assert faithful.plan.environment is not None
    plan = replace(faithful.plan, environment=replace(faithful.plan.environment, link_backend=back_end))
    assert broken(replace(faithful, plan=plan, machine=replace(machine(), lateness=silent))) == doubts


def test_a_relay_that_is_frozen_by_plan_wakes_late_by_plan(faithful: Evidence) -> None:
    late = with_lateness(faithful, lateness_row(ProcessId("relay", "us-west"), "forward", 800.0))
    assert broken(late).keys() == {"relay-lateness-max"}
    (blip,) = faithful.plan.faults
    for cluster, doubts in (("us-west", set()), ("us-east", {"relay-lateness-max"})):
        freeze = ProcessFault("relay-freeze", blip.at_ns, blip.until_ns, Process("relay", cluster), Freeze())
        assert broken(replace(late, plan=replace(faithful.plan, faults=(freeze,)))).keys() == doubts


def test_a_life_that_was_ended_by_plan_is_held_to_no_lateness(faithful: Evidence) -> None:
    ended = replace(lateness_row(ProcessId("relay", "us-west"), "forward", 800.0), ended_life=0)
    report = replace(machine(), lateness=(*machine().lateness, ended))
    assert broken(replace(faithful, machine=report)) == {}


def test_a_second_that_was_stolen_from_one_core(faithful: Evidence) -> None:
    cores = core_samples()
    cores["stolen_ns"][(cores["core"] == 1) & (cores["at_ns"] > START + 5 * S)] = 500 * MS
    assert broken(sampled(faithful, cores=cores)) == {"steal-second": pytest.approx(100 / 3, abs=0.001)}


def test_time_stolen_throughout(faithful: Evidence) -> None:
    cores = core_samples()
    cores["stolen_ns"] = (cores["at_ns"] - START) // 10
    assert broken(sampled(faithful, cores=cores)) == {"steal": pytest.approx(100 / 11, abs=0.001)}


def test_a_clock_that_was_set(faithful: Evidence) -> None:
    rows = machine_samples()
    rows["clock_offset_ns"][6:] -= 3 * MS
    assert broken(sampled(faithful, machine_rows=rows)) == {"clock-step": 3.0}


def test_packets_that_the_kernel_had_no_room_for(faithful: Evidence) -> None:
    """A port that is planned to go down takes nothing for a while."""
    east, west = (TRIANGLE.cluster(name).ordinal for name in ("us-east", "us-west"))
    report = replace(machine(), backlog_drops={f"s{west}-w{east}": 3, "us-east": 4})
    assert broken(replace(faithful, machine=report)) == {"softnet-drops": 7.0}
    link = Direction("us-east", "us-west")
    down = LinkFault("port-down", 4 * S, 6 * S, (link,), LinkChange(up=False))
    planned = replace(faithful.plan, faults=(down,))
    assert broken(replace(faithful, machine=report, plan=planned))["softnet-drops"] == 4.0


def test_upcalls_that_were_lost(faithful: Evidence) -> None:
    report = replace(machine(), lookups=DatapathStats(1000, 20, 3))
    assert broken(replace(faithful, machine=report)) == {"lost-upcalls": 3.0}


def test_a_busy_processor_alone_is_no_doubt(faithful: Evidence) -> None:
    cores = core_samples()
    cores["busy_ns"], cores["idle_ns"] = cores["busy_ns"] + cores["idle_ns"], 0
    assert broken(sampled(faithful, cores=cores)) == {}


def test_the_plan_may_set_a_limit(faithful: Evidence) -> None:
    assert broken(replace(delayed(faithful, 11 * MS, slice(None)), plan=lenient(faithful))) == {}


def lenient(evidence: Evidence) -> Plan:
    return replace(evidence.plan, fidelity=FidelityLimits(pacing_p99_ns=20 * MS))


def sampled(evidence: Evidence, *, machine_rows: Rows | None = None, cores: Rows | None = None) -> Evidence:
    rows = machine_samples() if machine_rows is None else machine_rows
    return replace(evidence, samples=MachineSamples(rows, core_samples() if cores is None else cores))


@pytest.mark.parametrize("shift_ms", [-11, 11])
def test_a_fault_at_the_wrong_time(faithful: Evidence, shift_ms: int) -> None:
    edges = list(faithful.fault_edges.values())
    at_ns = START + faithful.plan.faults[0].at_ns + shift_ms * MS
    moved = replace(edges[0], planned_ns=at_ns, applied_first_ns=at_ns, applied_last_ns=at_ns, verified_ns=at_ns)
    assert broken(with_edges(faithful, [moved, edges[1]])) == {"event-error-max": 11.0}


def test_a_fault_that_did_not_happen(faithful: Evidence) -> None:
    assert broken(with_edges(faithful, [])) == {"event-missing": 2.0}


def test_a_fault_not_read_back(faithful: Evidence) -> None:
    edges = [replace(edge, verified_ns=0) for edge in faithful.fault_edges.values()]
    assert broken(with_edges(faithful, edges)) == {"event-unverified": 2.0}


def test_a_fault_that_lasts_to_the_end_needs_no_second_edge(faithful: Evidence) -> None:
    faults = tuple(replace(fault, until_ns=faithful.plan.duration_ns) for fault in faithful.plan.faults)
    edges = [edge for edge in faithful.fault_edges.values() if edge.edge == "start"]
    assert broken(with_edges(replace(faithful, plan=replace(faithful.plan, faults=faults)), edges)) == {}


def test_packets_from_nowhere(faithful: Evidence) -> None:
    rows = faithful.recording.received["us-west"].copy()
    rows["ssrc"][:5] = 12345
    recording = replace(faithful.recording, received={**faithful.recording.received, "us-west": rows})
    assert broken(replace(faithful, recording=recording)) == {"unmatched-packets": 5.0}


def test_a_client_that_sent_nothing(faithful: Evidence) -> None:
    sent = {**faithful.recording.sent, "us-east": faithful.recording.sent["us-east"][:0]}
    received = {**faithful.recording.received, "us-west": faithful.recording.received["us-west"][:0]}
    recording = replace(faithful.recording, sent=sent, received=received)
    assert broken(replace(faithful, recording=recording)) == {"directions-without-records": 4.0}


def test_an_empty_run_directory_is_not_faithful(tmp_path: Path) -> None:
    run = Blip().write(tmp_path / "run")
    for path in (*run.root.rglob("*.parquet"), run.machine, run.events):
        path.unlink()
    assert broken(read_evidence(run))["directions-without-records"] == 8.0
