"""A whole run: a bundle is played again, and its packets are kept, with tshark as the judge of them."""

from __future__ import annotations

import csv
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from run_lab import BRIEF, ONE_BLIP, PROJECT, finished, start, summary_of

from relay_app.ports import CLIENT_PORT
from results.run_files.plan_formats import read_plan
from results.run_files.records import read_sessions
from results.run_files.run_dir import RunDir
from scenarios.bundles.bundling import bundle
from scenarios.cli.kept_inputs import keep_inputs
from scenarios.language.inputs import Arguments
from scenarios.language.topology_files import load_topology
from topologies.model import Direction

pytestmark = [pytest.mark.root, pytest.mark.bears_load]

RECORDED = PROJECT / "tests" / "results" / "recorded" / "one-blip" / "run"
DISSECTOR = ("-X", f"lua_script:{PROJECT / 'docs' / 'blipnet.lua'}")
EAST_END = "us-east, link to us-west"
_STREAM = re.compile(rf" {CLIENT_PORT} +0x([0-9A-F]{{8}}) +\S+ +(\d+) +(-?\d+) \(")


def test_a_bundle_is_played_and_wireshark_counts_what_we_count(tmp_path: Path) -> None:
    """The run has what a further bundle needs, and is compared with the one that it repeats.

    Of every stream to a captured host tshark counts the packets that came to its client, and those lost before. And
    either end of a captured link has its name and the times at which packets passed.
    """
    if not shutil.which("tshark"):
        pytest.skip("tshark is not installed")
    points = ("--pcap", "us-west", "--pcap", "us-east-us-west")
    before = RunDir(Path(shutil.copytree(RECORDED, tmp_path / "recorded")))
    made_of = Arguments(ONE_BLIP, 5, BRIEF[1::2])
    keep_inputs(made_of, before)
    bundled = bundle(before, tmp_path / "x.bundle", "Blipnet 0, commit 0", redact=False).path
    shutil.rmtree(before.root)
    code, output = finished(start("run", bundled, "--out", tmp_path / "runs", *points))
    assert code in (0, 1, 3), output
    root, summary = summary_of(tmp_path / "runs")
    run = RunDir(root)
    assert summary["seed"] == 5
    assert (run.inputs / "scenario.yaml").read_bytes() == ONE_BLIP.read_bytes()
    assert read_plan(run.plan).command == ("run", str(bundled), *points)
    assert f"{bundled}: its scenario makes another plan here" in output
    assert (
        f"{summary['verdict']}, {'as in' if summary['verdict'] == 'pass' else 'where it is pass in'} {bundled}"
        in output
    )
    assert json.loads(run.comparison.read_text())["sets"][0]["name"] == str(bundled)
    host, links = run.capture("host-us-west"), run.capture("links")
    assert f"packets  {host}" in output
    ends = [json.loads(line) for line in run.events.read_text().splitlines()]
    whole = {each["file"]: each for each in ends if each["kind"] == "capture-end"}
    assert {name: (each["dropped"], each["full"]) for name, each in whole.items()} == dict.fromkeys(
        ("pcap/links.pcapng", "pcap/host-us-west.pcapng"), (0, False)
    )
    ssrcs = {(each.session, each.source): each.ssrc for each in read_sessions(run) if each.destination == "us-west"}
    with run.streams.open() as table:
        ours = {
            ssrcs[row["session"], row["source"]]: (int(row["received"]), int(row["lost"]))
            for row in csv.DictReader(table)
            if row["destination"] == "us-west"
        }
    assert len(ours) == 10
    assert sum(lost for _, lost in ours.values()) > 0, "no packet was lost in the blip"
    said = _tshark(host, "-q", "-z", "rtp,streams")
    assert {int(each[1], 16): (int(each[2]), int(each[3])) for each in _STREAM.finditer(said)} == ours, summary
    fields = (word for each in ("frame.interface_name", "ip.src", "blipnet.delay_ms") for word in ("-e", each))
    shown = _tshark(links, "-Y", "blipnet.sent", "-T", "fields", *fields)
    rows = [line.split("\t") for line in shown.splitlines()]
    assert {name for name, _, _ in rows} == {EAST_END, "us-west, link to us-east"}
    topology = load_topology("us-triangle")
    came = [float(row[2]) for row in rows if row[:2] == [EAST_END, str(topology.cluster("us-west").address)]]
    link = topology.one_ways[Direction("us-west", "us-east")]
    assert came
    assert min(came) >= link.delay_ns / 1e6


def _tshark(capture: Path, *options: str) -> str:
    argv = ["tshark", *DISSECTOR, "-r", str(capture), *options]
    return subprocess.run(argv, capture_output=True, text=True, check=True, timeout=60).stdout
