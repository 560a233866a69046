"""A recording as it is played, against the capture that it was made of, with tshark as the reader of both."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path
from time import monotonic_ns
from typing import Any

import numpy as np
import pytest
from redis_lab import loopback
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether
from scapy.utils import PcapNgWriter, wrpcap

from hostio.control import Workers
from hostio.timing import MS, S
from relay_app.calls import Calls
from relay_app.clients.client import compile_loops
from relay_app.clients.media_schedule import Schedule
from relay_app.clients.sender import Sender
from relay_app.media_profiles import Recording
from relay_app.messages import MediaWindow
from relay_app.ports import CLIENT_PORT
from relay_app.rtp import RtpPacket
from relay_app.streams import SessionGroup, Stream, media_of, spans_of, streams_of
from scenarios.language.library import load_plan

SCENARIO = """\
name: played
topology: us-triangle
duration: 12s
sessions:
  - {name: played, between: [us-east, us-west], count: 1, media: {capture: call.pcap}, one-way: true}
"""

PLAYED_NS = 300 * MS
"""The recording is played over again after 215 ms."""

pytestmark = pytest.mark.waits


def video(ssrc: int = 0x1234ABCD) -> list[tuple[float, RtpPacket]]:
    """Six pictures, 33 ms and once 50 ms apart, of one to three packets 1 ms apart, with an extension of their own."""
    found, at_s, seq = [], 0.0, 65_533
    for picture, (count, apart_s) in enumerate([(3, 0.033), (1, 0.033), (2, 0.05), (1, 0.033), (2, 0.033), (1, 0.033)]):
        for number in range(count):
            packet = RtpPacket(
                payload_type=102 if picture != 3 else 103,
                sequence=(seq := (seq + 1) & 0xFFFF),
                timestamp=(4_294_966_000 + picture * 2970) & 0xFFFFFFFF,
                ssrc=ssrc,
                marker=number == count - 1,
                extensions=((3, b"ab"),),
                payload=bytes(200 + 200 * picture - 50 * number),
            )
            found.append((round(at_s + number / 1000, 6), packet))
        at_s += apart_s
    return found


def write(path: Path, packets: Sequence[tuple[float, RtpPacket]], *, port: int = 5004) -> None:
    """A capture in pcap or, by the file's name, in pcapng."""
    frames = []
    for at_s, packet in packets:
        frame: Any = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02") / IP(src="192.0.2.1", dst="192.0.2.2")
        frame = frame / UDP(sport=port, dport=port) / packet.encode()
        frame.time = 1_700_000_000 + at_s
        frames.append(frame)
    if path.suffix == ".pcap":
        wrpcap(str(path), frames)
        return
    with PcapNgWriter(str(path)) as writer:
        for frame in frames:
            writer.write(frame)


def group_of(folder: Path) -> SessionGroup:
    (folder / "played.yaml").write_text(SCENARIO, encoding="utf-8")
    (group,) = load_plan(folder / "played.yaml").sessions
    return group


def recording_of(folder: Path) -> Recording:
    own = group_of(folder).own
    assert isinstance(own, Recording)
    return own


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path / "call.pcap", video())
    return tmp_path


def told_by_tshark(capture: Path, port: int) -> list[tuple[int, ...]]:
    """Payload type, marker, timestamp, bytes of payload, and µs since the first, of each RTP packet."""
    names = ("rtp.p_type", "rtp.marker", "rtp.timestamp", "rtp.payload", "frame.time_relative")
    fields = [word for name in names for word in ("-e", name)]
    command = ["tshark", "-r", str(capture), "-d", f"udp.port=={port},rtp", "-T", "fields", *fields]
    text = subprocess.run([*command, "-E", "separator=;"], capture_output=True, text=True, check=True).stdout
    found: list[tuple[int, ...]] = []
    for line in text.splitlines():
        payload_type, marker, timestamp, payload, since_s = line.split(";")
        length = len(payload.replace(":", "")) // 2
        since_us = round(float(since_s) * 1_000_000)
        found.append((int(payload_type), int(marker in ("1", "True")), int(timestamp), length, since_us))
    return found


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
def test_what_is_sent_is_what_the_capture_has_but_for_ssrc_numbers_and_extension(folder: Path) -> None:
    """Times are those for which the packets were due: when a busy machine sent them is no matter of the recording."""
    recording = recording_of(folder)
    compile_loops()
    stream, media = Stream(0xAB, "s-0000", "s", "a", "b", "own:s", relayed=False), {"own:s": recording}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind((loopback(2), CLIENT_PORT))
        sender = Sender((stream,), loopback(1), loopback(1), {"b": loopback(2)}, {}, media, ntp_offset_ns=0, tick_ns=MS)
        workers, start_ns = Workers(), monotonic_ns() + 20 * MS
        sender.prepare(PLAYED_NS, 5, workers)
        sender.begin(MediaWindow(start_ns, start_ns + PLAYED_NS))
        workers.join(30)
        rows = sender.rows()
        datagrams = [listener.recv(2048) for _ in range(len(rows))]
        sender.close()
    played = [RtpPacket.decode(each) for each in datagrams]
    assert {each.ssrc for each in played} == {0xAB}
    assert {[number for number, _ in each.extensions] == [1, 2] for each in played} == {True}
    numbers = np.array([each.sequence for each in played])
    assert set(np.diff(numbers) % (1 << 16)) == {1}
    since_s = (rows["due_ns"] - rows["due_ns"][0]) / S
    once = list(zip(since_s.tolist(), played, strict=True))[: len(video())]
    write(folder / "played.pcap", once)
    assert told_by_tshark(folder / "played.pcap", 5004) == told_by_tshark(folder / "call.pcap", 5004)
    assert len(rows) > len(video())


def test_it_is_played_over_and_over_a_frame_interval_apart(folder: Path) -> None:
    group, recording = group_of(folder), recording_of(folder)
    streams = streams_of((group,), 1)
    schedule = Schedule(streams, 1, 0, spans_of((group,), 1), media_of((group,)))
    packets = schedule.window(0, 2 * S)
    count = len(video())
    assert recording.interval_ns == 33 * MS
    assert packets["due_ns"][count] - packets["due_ns"][0] == recording.period_ns == 215 * MS
    steps = np.diff(packets["timestamp"].astype(np.int64)) % (1 << 32)
    assert set(steps.tolist()) == {0, 2970}
    in_parts = [schedule.window(at * 70 * MS, (at + 1) * 70 * MS) for at in range(29)]
    assert np.concatenate(in_parts).tolist() == schedule.window(0, 29 * 70 * MS).tolist()
    assert max(map(len, in_parts)) <= schedule.most(70 * MS)


def test_pcapng_is_read_as_pcap_is(folder: Path) -> None:
    of_pcap = recording_of(folder)
    write(folder / "call.pcapng", video())
    (folder / "call.pcap").write_bytes((folder / "call.pcapng").read_bytes())
    assert recording_of(folder) == of_pcap


def test_a_gap_of_the_speaker_is_a_pause_and_not_one_of_the_network(tmp_path: Path) -> None:
    """20 packets of 20 ms, a second of silence, and 20 more; then from the beginning."""
    times = [*(number * 0.02 for number in range(20)), *(1.4 + number * 0.02 for number in range(20))]
    speech = [(at, RtpPacket(0, n, round(at * 8000), 7, payload=bytes(160))) for n, at in enumerate(times)]
    write(tmp_path / "call.pcap", speech)
    group = group_of(tmp_path)
    assert group.calls == Calls(end_ns=12 * S, one_way=True)
    (stream,) = streams_of((group,), 1)
    spans = spans_of((group,), 1)[stream.ssrc]
    assert [span.pauses for span in spans[:4]] == [0, 1, 1, 2]
    assert [span.from_ns / MS for span in spans[:4]] == [0, 1400, 1800, 3200]
    packets = Schedule((stream,), 1, 0, {stream.ssrc: spans}, media_of((group,))).window(0, 12 * S)
    assert set(packets["length"]) == {160}
    assert len(packets) == pytest.approx(12 / 1.8 * 40, abs=20)
