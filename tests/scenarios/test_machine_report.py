"""Rows of the machine report, against counts whose sums are known."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from hostio.control import Stopped
from hostio.lateness import Lateness
from results.run_files.hold_ups import HoldUpPlace
from results.run_files.machine import CounterRow, LatenessRow, ProcessId, SocketRow
from scenarios.run.hold_up_rows import hold_up_rows
from scenarios.run.machine_report import ProcessCounts, counter_rows, lateness_rows, process_counts, socket_rows
from scenarios.run.media_processes import MediaProcesses
from scenarios.supervision.process_kind import EndedProcessCounters
from topologies.model import Cluster

RELAY, CLIENT = ProcessId("relay", "us-east-2"), ProcessId("client", "us-east-2")
LATE = Lateness(1, 0.1, 0.2, 0.3, 0.4, "")


def media(ended: EndedProcessCounters) -> MediaProcesses:
    def named(name: str, **more: Any) -> SimpleNamespace:
        return SimpleNamespace(name=name, **more)

    relay = named("relay-us-east-2", ended_counters=ended)
    parts = {
        "relays": {"us-east-2": relay},
        "programs": {},
        "clients": (named("client-us-east-2"),),
        "probers": (named("prober-us-east-2"),),
    }
    return cast("MediaProcesses", SimpleNamespace(**parts, peers=(), scrapers={}, taps={}))


def test_every_process_gets_its_kind_and_cluster_and_a_relay_its_ended_lives() -> None:
    ended = EndedProcessCounters()
    ended.counters.update(killed=1)
    ended.socket_drops.update({"lane 3": 2})
    ended.add(Stopped({}, {}, {"forward": LATE}, {"forward": ((1, 2),)}), 0)
    stopped = {
        "relay-us-east-2": Stopped({"lane 3": 5}, {"stuck_threads": 0}, {"forward": LATE}, {"forward": ((5, 6),)}),
        "client-us-east-2": Stopped({"client": 0}),
        "monitor": Stopped({}),
    }
    in_hand = {"relay-us-east-2": {"in_hand": 4}}
    found = list(process_counts(media(ended), (Cluster("us-east-2", 1),), stopped, in_hand))
    assert counter_rows(found) == (
        CounterRow(RELAY, "stuck_threads", 0),
        CounterRow(RELAY, "killed", 1),
        CounterRow(RELAY, "in_hand", 4),
    )
    assert socket_rows(found, {"s1-lan": 6}) == (
        SocketRow(RELAY, "lane 3", 7),
        SocketRow(CLIENT, "client", 0),
        SocketRow(ProcessId("ovs-vswitchd"), "s1-lan", 6),
    )
    assert lateness_rows(found, None) == (
        LatenessRow(RELAY, "forward", None, LATE),
        LatenessRow(RELAY, "forward", 0, LATE),
    )
    assert hold_up_rows(found, (), {"us-east-2": 1}).tolist() == [
        (HoldUpPlace.RELAY, 1, 5, 6),
        (HoldUpPlace.RELAY, 1, 1, 2),
    ]


def test_a_counter_is_added_up_over_the_parts_of_its_process_only() -> None:
    parts = [
        ProcessCounts(RELAY, {"refused": 1}),
        ProcessCounts(CLIENT, {"refused": 2}),
        ProcessCounts(RELAY, {"refused": 4}),
    ]
    assert counter_rows(parts) == (CounterRow(RELAY, "refused", 5), CounterRow(CLIENT, "refused", 2))


def test_the_wire_tells_how_late_it_released_where_it_emulates_the_links() -> None:
    assert lateness_rows([], LATE) == (LatenessRow(ProcessId("wire"), "release", None, LATE),)
