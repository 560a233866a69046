"""Formats of `machine.json`: the first, named by text, against typed rows written by hand; and 2 and 3."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from synthetic_machine import machine, punctual

from results.run_files.document_error import DocumentError
from results.run_files.documents import dump
from results.run_files.machine import CounterRow, LatenessRow, MachineReport, ProcessId, SocketRow
from results.run_files.machine_formats import read_machine_report
from topologies.openvswitch import PortDrops

ROWS = ("counters", "socket_drops", "port_drops", "lateness")


def written(path: Path, rows: dict[str, Any]) -> MachineReport:
    """What is read of a report of the first format with these rows."""
    document = {key: value for key, value in json.loads(dump(machine())).items() if key != "format"}
    path.write_text(json.dumps(document | {key: {} for key in ROWS} | rows))
    return read_machine_report(path)


def test_counters_and_sockets_get_their_process(tmp_path: Path) -> None:
    counters = {"relay-us-east-2: left_in_buffers": 5, "monitor: late": 1}
    sockets = {"relay-us-east-2: lane 15": 3, "prober-us-west: canaries": 2, "ovs-vswitchd: s1-lan": 4}
    found = written(tmp_path / "machine.json", {"counters": counters, "socket_drops": sockets})
    relay = ProcessId("relay", "us-east-2")
    assert found.counters == (
        CounterRow(relay, "left_in_buffers", 5),
        CounterRow(ProcessId("monitor"), "late", 1),
    )
    assert found.socket_drops == (
        SocketRow(relay, "lane 15", 3),
        SocketRow(ProcessId("prober", "us-west"), "canaries", 2),
        SocketRow(ProcessId("ovs-vswitchd"), "s1-lan", 4),
    )


def test_ports_get_their_switch_and_side(tmp_path: Path) -> None:
    found = written(tmp_path / "machine.json", {"port_drops": {"s1 s1-w2 rx": 7, "s1 s1-w2 tx": 8}})
    assert found.port_drops == (PortDrops("s1", "s1-w2", "rx", 7), PortDrops("s1", "s1-w2", "tx", 8))


def test_threads_get_their_process_and_the_life_that_ended(tmp_path: Path) -> None:
    late = punctual(3.0)
    threads = ("relay-us-west: forward", "relay-us-west: forward in life 1", "wire: release")
    found = written(tmp_path / "machine.json", {"lateness": dict.fromkeys(threads, asdict(late))})
    relay = ProcessId("relay", "us-west")
    assert found.lateness == (
        LatenessRow(relay, "forward", None, late),
        LatenessRow(relay, "forward", 1, late),
        LatenessRow(ProcessId("wire"), "release", None, late),
    )


def test_what_was_typed_before_stays_as_it_is(tmp_path: Path) -> None:
    found, whole = written(tmp_path / "machine.json", {}), machine()
    assert (found.links, found.hosts, found.lookups) == (whole.links, whole.hosts, whole.lookups)
    assert (found.backlog_drops, found.memory_bytes) == (whole.backlog_drops, whole.memory_bytes)
    assert found.ended_early == whole.ended_early


def test_the_present_format_says_its_number_and_survives_the_file(tmp_path: Path) -> None:
    path = tmp_path / "machine.json"
    path.write_text(dump(machine()))
    assert json.loads(path.read_text())["format"] == 5
    assert read_machine_report(path) == machine()


def test_the_formats_before_it_are_read_and_told_apart(tmp_path: Path) -> None:
    second = replace(machine(), format=2)
    path = tmp_path / "machine.json"
    path.write_text(dump(second))
    assert read_machine_report(path) == second
    assert written(path, {}).format == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"format": 6}', r"^machine\.json: format: Input should be 1, 2, 3, 4 or 5$"),
        ("{}", r"^machine\.json: counters: Field required$"),
        ("", r"^machine\.json: Invalid JSON"),
    ],
)
def test_what_is_of_no_format_is_named(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "machine.json"
    path.write_text(text)
    with pytest.raises(DocumentError, match=message):
        read_machine_report(path)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ({"counters": {"lunch-us-west: eaten": 1}}, r"^machine\.json: counters\.0\.process\.kind: Input should be"),
        ({"port_drops": {"s1 s1-w2": 1}}, r"^machine\.json: port_drops\.0\.side: Input should be"),
    ],
)
def test_a_name_of_the_first_format_that_does_not_parse_is_said(
    rows: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(DocumentError, match=message):
        written(tmp_path / "machine.json", rows)
