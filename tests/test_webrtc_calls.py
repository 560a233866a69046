"""Whole runs with a WebRTC call over TURN servers: getStats() against the packets, and a server that is lost."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml
from program_lab import shipped
from run_lab import PROJECT, Run, attempted
from run_record import RunRecord

from scenarios.language.library import load_plan

pytestmark = [
    pytest.mark.root,
    pytest.mark.long,
    pytest.mark.repeats_alone,
    pytest.mark.skipif(find_spec("aiortc") is None, reason="needs aiortc, which scripts/setup --media installs"),
]

BLIP = PROJECT / "scenarios" / "webrtc" / "blip.yaml"
SERVER_LOST = PROJECT / "scenarios" / "webrtc" / "server-lost.yaml"
PEERS = ("us-east", "us-west")


def said(run: Run, cluster: str, event: str) -> list[dict[str, Any]]:
    """What a peer said, of one kind."""
    lines = (run.root / "logs" / f"peer-call-0000-{cluster}.log").read_text().splitlines()
    told = [json.loads(line) for line in lines if line.startswith("{")]
    return [each for each in told if each["event"] == event]


def passed(run: Run) -> bool:
    return bool(run.summary["verdict"] == "pass")


def sent_by(run: Run) -> int:
    return sum(each["sent"] for cluster in PEERS for each in said(run, cluster, "outbound-rtp"))


def test_a_call_loses_what_the_blip_takes_and_both_peers_know_it(runs: RunRecord, tmp_path: Path) -> None:
    """The packets of aiortc's own counters, those of the hosts' interfaces, and the losses by either agree."""
    shipped("coturn")
    run = attempted(runs, tmp_path, BLIP, believed=passed)
    call = run.summary["webrtc"]["call"]
    told = {cluster: said(run, cluster, "inbound-rtp") for cluster in PEERS}
    assert run.bears([len(each) for each in told.values()] == [1, 1])
    assert call["stats_off"] == 0
    assert call["stats_lost"] == sum(each["lost"] for streams in told.values() for each in streams) == call["lost"] > 0
    assert call["sent"] == sent_by(run)
    assert call["received_by_server"] == {"us-central": call["received"]}
    # Each packet crosses both links of the server: the delays of these are known.
    over_server_ms = load_plan(BLIP).topology.one_way_ns("us-east", "us-central", "us-west") / 1e6
    assert run.bears(over_server_ms <= call["one_way_ms"]["p50"] < over_server_ms + 5)
    assert run.bears(passed(run)), run.summary["reasons"]


@pytest.fixture(params=["links", "server"])
def server_lost(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Both links to the server are cut; or it is killed, and back after half a second without its allocations."""
    if request.param == "links":
        return SERVER_LOST
    scenario = yaml.safe_load(SERVER_LOST.read_text())
    kill = {"at": "4s", "what": "relay-kill", "part": "server", "cluster": "us-central", "for": "500ms"}
    path = tmp_path / "killed.yaml"
    path.write_text(yaml.safe_dump({**scenario, "events": [kill]}))
    return path


def test_peers_whose_server_is_lost_begin_anew_over_another(runs: RunRecord, tmp_path: Path, server_lost: Path) -> None:
    """Of what is sent before consent expires getStats() tells nothing; by the packets it is lost."""
    shipped("coturn")
    run = attempted(runs, tmp_path / "runs", server_lost, believed=passed)
    call = run.summary["webrtc"]["call"]
    assert run.bears(passed(run)), run.summary["reasons"]
    assert run.bears([len(said(run, cluster, "connected")) for cluster in PEERS] == [2, 2])
    assert call["received_by_server"].keys() == {"us-central", "us-south"}
    assert call["lost_after_last"] > 50
    assert run.bears(call["stats_lost"] + call["lost_after_last"] == call["lost"])
