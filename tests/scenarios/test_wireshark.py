"""docs/blipnet.lua, by which Wireshark reads our packets, and the captures that `--pcap` asks for."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether
from scapy.packet import Packet, Raw
from scapy.utils import EDecimal, wrpcap

from benchmarks.rings import ring
from hostio.timing import MS, S
from relay_app.ports import CLIENT_PORT, LANE_PORT
from relay_app.rtp import NTP_EXTENSION, PATH_EXTENSION, RtpPacket, ntp_fraction, ntp_offset_ns, ntp_seconds
from results.run_files.captured import Captured, CaptureEnd
from results.verdict.diagnosis import diagnose_captures
from scenarios.errors import ScenarioError
from scenarios.language.capture_points import MOST_POINTS, with_captures
from scenarios.language.library import LIBRARY, load_plan
from scenarios.run.capture_commands import capture_files, command, counts_of
from scenarios.run.space import space_needed
from topologies.model import link_name

DISSECTOR = Path(__file__).parent.parent.parent / "docs" / "blipnet.lua"
ONE_BLIP = LIBRARY / "one-blip.yaml"
CLUSTERS = "us-east,us-central,us-west"
BEGAN_NS = 1_795_000_000_123_456_789
SAID = """Capturing on 'us-east, network' and 'us-east, within the host'
File: pcap/host-us-east.pcapng
Packets captured: 4711
Packets received/dropped on interface 'us-east, network': 4000/3 (pcap:0/dumpcap:0/flushed:3/ps_ifdrop:0) (99.9%)
Packets received/dropped on interface 'us-east, within the host': 711/4 (pcap:4/dumpcap:0/flushed:0/ps_ifdrop:0) (99%)
"""


def test_wireshark_reads_what_our_packets_say(tmp_path: Path) -> None:
    if not (tshark := shutil.which("tshark")):
        pytest.skip("tshark is not installed")
    capture = tmp_path / "rtp.pcap"
    packets = [(0, (), CLIENT_PORT), (20, (1, 3), LANE_PORT + 15), (40, (1, 2, 3, 9), LANE_PORT)]
    frames = [_frame(number, *packet) for number, packet in enumerate(packets)]
    wrpcap(str(capture), [*frames, *(_with(frames[0], NTP_EXTENSION, bytes(each)) for each in (4, 12))], nano=True)
    fields = ("rtp.seq", "blipnet.sent", "blipnet.delay_ms", "blipnet.relays", "blipnet.path", "blipnet.malformed")
    shown = [word for each in fields for word in ("-e", each)]
    options = ["-X", f"lua_script:{DISSECTOR}", "-o", f"blipnet.clusters:{CLUSTERS}", "-r", str(capture)]
    told = subprocess.run(
        [tshark, *options, "-T", "fields", *shown], capture_output=True, text=True, check=True, timeout=60
    ).stdout
    assert [line.split("\t") for line in told.splitlines()] == [
        ["0", "Nov 18, 2026 11:06:40.123456789 UTC", "35", "0", "", ""],
        ["1", "Nov 18, 2026 11:06:40.143456789 UTC", "35", "2", "us-east > us-west", ""],
        ["2", "Nov 18, 2026 11:06:40.163456789 UTC", "35", "4", "us-east > us-central > us-west > 9", ""],
        *(["0", "", "", "", "", "1"] for _ in range(2)),
    ]


def _frame(number: int, after_ms: int, relays: tuple[int, ...], port: int) -> Packet:
    """Captured 35 ms after it was sent."""
    at_ns, offset_ns = after_ms * MS, ntp_offset_ns(BEGAN_NS, 0)
    ntp = ntp_seconds(at_ns, offset_ns).to_bytes(4, "big") + ntp_fraction(at_ns, offset_ns).to_bytes(4, "big")
    extensions = ((NTP_EXTENSION, ntp), (PATH_EXTENSION, bytes(relays).ljust(4, b"\0")))
    return _captured(RtpPacket(111, number, 960 * number, 7, extensions=extensions), port, BEGAN_NS + at_ns + 35 * MS)


def _with(frame: Packet, identifier: int, data: bytes) -> Packet:
    return _captured(RtpPacket(111, 0, 0, 7, extensions=((identifier, data),)), CLIENT_PORT, int(frame.time * S))


def _captured(packet: RtpPacket, port: int, at_ns: int) -> Packet:
    frame: Packet = (
        Ether() / IP(src="10.0.0.1", dst="10.0.0.3") / UDP(sport=LANE_PORT, dport=port) / Raw(packet.encode())
    )
    frame.time = EDecimal(at_ns) / S
    return frame


def test_names_become_points_of_the_network() -> None:
    names = ["us-west", "us-west-us-east", "us-east–us-west", "us-west"]
    plan = with_captures(load_plan(ONE_BLIP), names)
    assert plan.captured == Captured(("us-west",), (("us-east", "us-west"),))
    assert plan.command[2:] == tuple(word for name in names for word in ("--pcap", name))
    links, host = capture_files(plan.captured, plan.topology)
    assert {each.interface: each.name for each in links.points} == {
        "s1-w3": "us-east, link to us-west",
        "s3-w1": "us-west, link to us-east",
    }
    assert (links.cluster, host.cluster) == (None, "us-west")
    assert [each.interface for each in host.points] == ["lan", "lo"]
    assert space_needed(plan).peak_bytes > space_needed(load_plan(ONE_BLIP)).peak_bytes


def test_a_wrong_name_gets_a_line_of_its_own() -> None:
    plan = load_plan(ONE_BLIP)
    with pytest.raises(ScenarioError) as refused:
        with_captures(plan, ["us-wets", "us-west", "us-east-us-wset", "?"])
    assert str(refused.value).splitlines() == [
        "--pcap us-wets: no cluster or link 'us-wets'; did you mean 'us-west'?",
        "--pcap us-east-us-wset: no cluster or link 'us-east-us-wset'; did you mean 'us-east–us-west'?",
        "--pcap ?: no cluster or link '?'; "
        "known: us-east, us-central, us-west, us-east–us-central, us-east–us-west, us-central–us-west",
    ]
    assert with_captures(plan, []) is plan


def test_not_all_of_a_large_network_is_captured() -> None:
    plan = replace(load_plan(ONE_BLIP), topology=ring(MOST_POINTS + 1))
    names = [link_name(link.a, link.b) for link in plan.topology.links]
    with pytest.raises(ScenarioError, match=f"{MOST_POINTS + 1} are too many"):
        with_captures(plan, names[: MOST_POINTS + 1])
    assert len(with_captures(plan, names[:MOST_POINTS]).captured.links) == MOST_POINTS


def test_the_command_bounds_the_file_and_names_each_interface() -> None:
    plan = with_captures(load_plan(ONE_BLIP), ["us-east"])
    (file,) = capture_files(plan.captured, plan.topology)
    argv = command(file.points, Path("x.pcapng"), "a scenario", 5_000_000)
    assert argv[argv.index("dumpcap") :] == [
        *("dumpcap", "-q", "-B", "8"),
        *("-i", "lan", "--ifname", "us-east, network", "-p"),
        *("-i", "lo", "--ifname", "us-east, within the host", "-p"),
        *("-a", "filesize:5000", "--capture-comment", "a scenario", "-w", "x.pcapng"),
    ]


def test_what_a_capture_lacks_is_read_from_what_it_said() -> None:
    assert counts_of(SAID) == (4711, 7)
    assert counts_of(SAID[:90]) is None


def test_a_capture_that_is_not_whole_is_told_of() -> None:
    whole = CaptureEnd("pcap/links.pcapng", 10, 0, full=False, at_ns=9 * S)
    full, dropped = replace(whole, full=True, at_ns=7 * S), replace(whole, dropped=3)
    assert [*diagnose_captures([whole, full, dropped], 4 * S)] == [
        "pcap/links.pcapng reached its limit at 3.000 s, and lacks what came later",
        "pcap/links.pcapng lacks 3 packets, which came too fast to be captured",
    ]
