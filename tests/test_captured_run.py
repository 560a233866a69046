"""A whole run whose packets are kept, with tshark as the judge."""

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
from results.run_files.records import read_sessions
from results.run_files.run_dir import RunDir
from scenarios.language.topology_files import load_topology
from topologies.model import Direction

pytestmark = [pytest.mark.root, pytest.mark.bears_load]

DISSECTOR = ("-X", f"lua_script:{PROJECT / 'docs' / 'blipnet.lua'}")
EAST_END = "us-east, link to us-west"
_STREAM = re.compile(rf" {CLIENT_PORT} +0x([0-9A-F]{{8}}) +\S+ +(\d+) +(-?\d+) \(")


def test_wireshark_counts_what_we_count(tmp_path: Path) -> None:
    """Of every stream to a captured host: packets that came to its client, and those lost before. And either end of a
    captured link has its name and the times at which packets passed."""
    if not shutil.which("tshark"):
        pytest.skip("tshark is not installed")
    points = ("--pcap", "us-west", "--pcap", "us-east-us-west")
    code, output = finished(start("run", ONE_BLIP, "--out", tmp_path, *BRIEF, *points))
    assert code in (0, 1, 3), output
    root, summary = summary_of(tmp_path)
    run = RunDir(root)
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
