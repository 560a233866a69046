"""A fast-failover group on a real Open vSwitch with the userspace datapath, in a sandbox of its own."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest
from controller_samples import triangle
from group_controller import GROUP
from ovs_lab import PROJECT, OvsLab

from controller.settings import ControllerConfig, ControllerSettings
from hostio.timing import wait_until

DEADLINE_S = 60
pytestmark = pytest.mark.root


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[OvsLab]:
    config = ControllerConfig(triangle(), ControllerSettings(), tmp_path / "telemetry", tmp_path / "decisions")
    lab = OvsLab(tmp_path, config, "netdev", sys.executable, str(PROJECT / "tests/controller/group_controller.py"))
    try:
        yield lab
        assert lab.end() == 0
    finally:
        lab.destroy()


def way_out(lab: OvsLab) -> tuple[list[str], list[str]]:
    """The ports by which a packet from east's host to west leaves the switch at east, and its destination then."""
    packet = "in_port=254,udp,dl_dst=02:00:00:00:00:03,nw_dst=10.0.0.3,udp_dst=40000"
    told = lab.daemon("ofproto/trace", "s1", packet)
    return re.findall(r"output:(\d+)", told), re.findall(r"set_field:([0-9.]+)->ip_dst", told)


def test_a_fast_failover_group_is_installed_read_back_and_changes_path_by_itself(lab: OvsLab) -> None:
    assert lab.line() == {"connected": []}
    assert "netdev@ovs-netdev" in lab.daemon("dpif/show")
    assert lab.line() == {"installed": 1}
    dump = lab.ofctl(1, "dump-groups")
    assert [line.strip() for line in dump.splitlines() if "group_id" in line] == [
        "group_id=7,type=ff,"
        "bucket=watch_port:3,actions=output:3,"
        "bucket=watch_port:2,actions=set_field:02:00:00:00:00:02->eth_dst,set_field:10.0.0.2->ip_dst,output:2"
    ]
    assert lab.flows(1) == {"priority=200,ip,in_port=254,nw_dst=10.0.0.3 actions=group:7"}
    assert way_out(lab) == (["3"], [])
    lab.ofctl(1, "mod-port", "3", "down")
    assert wait_until(lambda: way_out(lab) == (["2"], ["10.0.0.2"]), DEADLINE_S)
    lab.daemon("bridge/reconnect", "s1")
    assert lab.line() == {"connected": [json.loads(json.dumps(asdict(GROUP)))]}
