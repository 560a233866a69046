"""Whole runs with relay programs of which only the outside tells: one that takes packets and sends none, and one in the
kernel."""

from __future__ import annotations

import csv
from pathlib import Path

import bare_relay
import pytest
from program_lab import shipped
from run_lab import BRIEF, ONE_BLIP, PROJECT, Run, attempted
from run_record import RunRecord

from scenarios.language.topology_files import load_topology

pytestmark = [pytest.mark.root, pytest.mark.repeats_alone]

TEMPLATE = PROJECT / "relay_app" / "programs" / "template"
SILENT_S = 2.5
SILENT = f"""
from time import monotonic
served = []
def silent():
    served.append(monotonic())
    return 0.5 < served[-1] - served[0] < {0.5 + SILENT_S}
"""


@pytest.mark.long
def test_a_relay_that_takes_packets_and_sends_none_has_stalled(runs: RunRecord, tmp_path: Path) -> None:
    """From half a second after its first packet on; a look comes each quarter of a second."""
    folder = tmp_path / "silent"
    folder.mkdir()
    relay, send = (TEMPLATE / "relay.py").read_text(), "lane.sendto(packet, next_hop[ssrc])"
    changed = relay.replace(send, f"silent() or {send}").replace("\n\ndef learn(", f"\n{SILENT}\n\ndef learn(", 1)
    (folder / "relay.py").write_text(changed)
    (folder / "relay.yaml").write_text(
        'command: [python3, relay.py, "${BLIPNET_ADDRESS}"]\npath_log: true\nstacks: py-spy\n'
    )
    settings = (*BRIEF[1::2], f"relays.kinds.us-central={folder}", "controller.hold=60s")

    def as_long(run: Run) -> bool:
        stalls = run.summary["programs"]["us-central"]["stalls_seen"]
        return bool(stalls and SILENT_S - 0.5 <= stalls[0]["silent_s"] <= SILENT_S + 0.5)

    run = attempted(runs, tmp_path / "runs", ONE_BLIP, *settings, believed=as_long)
    seen = run.summary["programs"]["us-central"]
    here = str(load_topology("us-triangle").cluster("us-central").address)
    assert seen["command"][1:] == ["relay.py", here], "as it was started"
    stall = seen["stalls_seen"][0]
    assert stall["lane"] is None, "it took what came"
    assert run.bears(as_long(run))
    assert "MainThread" in (run.root / stall["stacks"]).read_text()
    (sentence,) = (each for each in run.summary["diagnosis"] if "frames came to it from other hosts" in each)
    assert f"from {stall['at']:.1f} s on, for {stall['silent_s']:.1f} s, " in sentence
    assert run.summary["ledger"]["unexplained"] == 0
    assert run.summary["ledger"]["counted"]["host us-central: inside relay"] > 0


@pytest.mark.long
def test_rules_in_the_kernel_go_with_the_process_that_owns_them(runs: RunRecord, tmp_path: Path) -> None:
    """Killed, it forwards no more, and its successor does; stopped, the rules work on."""
    shipped("nftables")
    scenario = tmp_path / "fault.yaml"
    scenario.write_text(
        "name: fault\ntopology: us-triangle\nduration: 9s\nrelays: {kinds: {us-central: nftables}}\n"
        "sessions: [{between: [us-east, us-west], count: 10, media: voice}]\ncontroller: {hold: 60s}\n"
        "events:\n"
        "  - {at: 1s, what: blackhole, link: [us-east, us-west], for: 7s}\n"
        "  - {at: 3s, what: relay-kill, cluster: us-central, for: 1s}\n"
        "  - {at: 6s, what: relay-freeze, cluster: us-central, for: 1s}\n"
        "expect: [media.still_interrupted == 0]\n"
    )

    def works_on(run: Run) -> bool:
        with (run.root / "interruptions.csv").open() as table:
            began_s = [float(row["started_at_s"]) for row in csv.DictReader(table)]
        return run.summary["media"]["still_interrupted"] == 0 and not any(5.5 < each < 7.5 for each in began_s)

    run = attempted(runs, tmp_path / "runs", scenario, believed=works_on)
    assert run.summary["ledger"]["unexplained"] == 0
    assert run.summary["media"]["interruption_ms"]["max"] >= 950, "as long as it was gone"
    assert run.bears(works_on(run))
    assert not any(" did not end " in each or " ended by itself " in each for each in run.summary["diagnosis"])


def test_rules_that_cannot_be_had_are_named_in_one_line(tmp_path: Path) -> None:
    """Without the capability the kernel lets it change neither settings nor rules."""
    folder = tmp_path / "mine"
    folder.mkdir()
    for each in shipped("nftables").folder.glob("relay.*"):
        (folder / each.name).write_text(each.read_text().replace("capabilities: [net_admin]", "capabilities: []"))
    problem = bare_relay.play(folder).problem
    assert problem is not None
    assert problem.startswith(
        "relay-us-central (mine) ended before it was ready (relay: [Errno 30] Read-only file system"
    )
