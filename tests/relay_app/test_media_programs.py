"""Command lines of publishers and decoders, and packets of other programs through a client, byte for byte."""

from __future__ import annotations

import base64
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from select import select

import numpy as np
import pytest
from media_lab import OFFSET_NS, SEED, Process
from redis_lab import loopback

from hostio.control import Ready
from hostio.timing import S, wait_until
from relay_app import ffmpeg_commands, gstreamer_commands
from relay_app.clients import client
from relay_app.clients.client import ClientConfig
from relay_app.messages import MediaPrepared, MediaWindow, PrepareMedia
from relay_app.ports import CLIENT_PORT, GATEWAY_PORT, LANE_PORT
from relay_app.program_media import LOOPBACK, Codec, decoder_name, decoder_ports, gap_finder_name, publisher_ports
from relay_app.records import NOT_CARRIED
from relay_app.rtp import RtpPacket
from relay_app.streams import Stream, lane_of

OUT = Stream(0x89ABCDEF, "sound-0000", "sound", "a", "b", "ffmpeg-opus")
BACK = Stream(7, "sound-0000", "sound", "b", "a", "ffmpeg-opus")
VOICE = Stream(8, "voice-0000", "voice", "a", "b", "voice")


def fnv_1a(data: bytes) -> int:
    """The hash as its authors give it (http://www.isthe.com/chongo/tech/comp/fnv/)."""
    found = 14695981039346656037
    for byte in data:
        found = (found ^ byte) * 1099511628211 % (1 << 64)
    return found


def test_a_publisher_sends_its_stream_to_the_gateway() -> None:
    command = ffmpeg_commands.publisher_command("opus", OUT.ssrc, 44000)
    assert command[0] == "ffmpeg"
    assert command[command.index("-ssrc") + 1] == str(0x89ABCDEF - (1 << 32))
    assert command[-1] == f"rtp://{LOOPBACK}:{GATEWAY_PORT}?pkt_size=1200&localport=44000"
    command = gstreamer_commands.publisher_command("opus", OUT.ssrc, 44000)
    assert command[0] == "gst-launch-1.0"
    assert f"ssrc={0x89ABCDEF}" in command
    sink = command[command.index("udpsink") :]
    assert {f"host={LOOPBACK}", f"port={GATEWAY_PORT}", "bind-port=44000"} <= {*sink}


@pytest.mark.parametrize(("codec", "filters"), [("opus", "aresample=async=1,"), ("h264", "fps=30,")])
def test_a_decoder_keeps_gaps_and_says_where_they_are(codec: Codec, filters: str) -> None:
    command = ffmpeg_commands.decoder_command(codec, 46002)
    assert any(word.startswith(filters) and "detect=" in word for word in command)
    description = next(word for word in command if word.startswith("data:"))
    assert " 46002 RTP/AVP " in base64.b64decode(description.partition(",")[2]).decode()


@pytest.mark.parametrize(("codec", "keeps"), [("opus", "plc=false ! audiorate"), ("h264", "avdec_h264 ! videorate")])
def test_what_gstreamer_decodes_keeps_gaps_and_a_gap_finder_says_where_they_are(codec: Codec, keeps: str) -> None:
    pipe = Path("/run/pipe")
    decoder = gstreamer_commands.decoder_command(codec, 46002, pipe)
    assert "do-lost=true" in decoder
    assert keeps in " ".join(decoder)
    assert decoder[-1] == f"location={pipe}"
    finder = ffmpeg_commands.gap_finder_command(codec, pipe)
    assert finder[finder.index("-i") + 1] == str(pipe)
    assert any("detect=" in word for word in finder)


def test_gaps_are_told_by_a_decoder_of_ffmpeg_itself() -> None:
    assert gap_finder_name(OUT) == decoder_name(OUT)
    assert gap_finder_name(replace(OUT, media="gstreamer-opus")) != decoder_name(OUT)


def test_ports_are_those_of_a_cluster_two_apart() -> None:
    streams = (OUT, BACK, VOICE)
    assert publisher_ports((*streams, OUT), "a").keys() == {OUT.ssrc}
    assert decoder_ports(streams, "a").keys() == {BACK.ssrc}
    second = Stream(9, "sound-0001", "sound", "a", "b", "ffmpeg-opus")
    first_port, second_port = publisher_ports((*streams, second), "a").values()
    assert second_port - first_port == 2


@pytest.fixture
def endpoint() -> Iterator[Callable[[str, int], socket.socket]]:
    opened: list[socket.socket] = []

    def opening(address: str, port: int) -> socket.socket:
        found = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        opened.append(found)
        found.bind((address, port))
        found.settimeout(20)
        return found

    yield opening
    for each in opened:
        each.close()


def passes(packet: bytes, publisher: socket.socket, lane: socket.socket) -> bool:
    """Whether a packet sent now comes out: what is published before the media start goes nowhere."""
    publisher.sendto(packet, (LOOPBACK, GATEWAY_PORT))
    return bool(select([lane], [], [], 0.05)[0])


def test_packets_pass_a_client_unchanged(tmp_path: Path, endpoint: Callable[[str, int], socket.socket]) -> None:
    """To its lane and to its decoder, with their digests recorded; sequence numbers are extended where they wrap."""
    address = loopback(1)
    lane, decoder = endpoint(loopback(2), LANE_PORT + lane_of(OUT.ssrc)), endpoint(LOOPBACK, 0)
    config = ClientConfig(
        address=address,
        relay_address=loopback(2),
        direct_addresses={},
        streams=(OUT,),
        seed=SEED,
        ntp_offset_ns=OFFSET_NS,
        sent_path=tmp_path / "sent.npy",
        received_path=tmp_path / "received.npy",
        decoders={BACK.ssrc: decoder.getsockname()[1]},
        sent_digests_path=tmp_path / "sent-digests.npy",
        received_digests_path=tmp_path / "received-digests.npy",
    )
    process = Process(client.serve, config)
    assert process.answer() == Ready()
    process.control.send(PrepareMedia(60 * S))
    assert process.answer() == MediaPrepared()
    process.control.send(MediaWindow(0, 1 << 62))
    publisher = endpoint(LOOPBACK, 0)
    early = RtpPacket(111, 65534, 1, OUT.ssrc).encode()
    assert wait_until(lambda: passes(early, publisher, lane), 20), "the window was not taken in"
    out = [RtpPacket(111, seq, 1, OUT.ssrc, payload=bytes([seq & 0xFF] * 80)).encode() for seq in (65535, 0, 1)]
    back = [RtpPacket(96, seq, 1, BACK.ssrc, marker=True, payload=b"picture").encode() for seq in (5, 6)]
    for packet in out:
        publisher.sendto(packet, (LOOPBACK, GATEWAY_PORT))
    heard = (packet for packet in iter(lambda: lane.recv(2048), b"") if packet != early)
    assert list(islice(heard, len(out))) == out
    for packet in back:
        publisher.sendto(packet, (address, CLIENT_PORT))
    assert [decoder.recv(2048) for _ in back] == back
    counters = process.stop().counters
    assert (counters["stray"], counters["refused"], counters["malformed"]) == (0, 0, 0)
    sent, received = np.load(config.sent_path), np.load(config.received_path)
    after = sent["seq"] > 65534
    sent, digests = sent[after], np.load(tmp_path / "sent-digests.npy")[after]
    assert sent["seq"].tolist() == [65535, 65536, 65537]
    assert received["seq"].tolist() == [5, 6]
    assert received["sent_ns"].tolist() == [NOT_CARRIED] * 2
    assert digests["digest"].tolist() == [fnv_1a(each) for each in out]
    assert np.load(tmp_path / "received-digests.npy")["digest"].tolist() == [fnv_1a(each) for each in back]
