"""Captures that cannot be played, each with its line; captures are made on the spot by scapy."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether
from scapy.packet import Packet
from scapy.utils import wrpcap

from relay_app.rtp import RtpPacket
from scenarios.errors import ScenarioError
from scenarios.language.library import load_plan

SCENARIO = """\
name: bad
topology: us-triangle
duration: 12s
sessions:
  - {between: [us-east, us-west], count: 1, media: {capture: call.pcap%s}%s}
"""


def rtp(ssrc: int, sequence: int, length: int = 80) -> bytes:
    return RtpPacket(111, sequence, sequence * 960, ssrc, payload=bytes(length)).encode()


def frames(datagrams: Sequence[bytes]) -> list[Packet]:
    made = []
    for number, datagram in enumerate(datagrams):
        ends: Any = IP(src="192.0.2.1", dst="192.0.2.2") / UDP(sport=5004, dport=5006)
        frame: Any = Ether(dst="02:00:00:00:00:02") / ends / datagram
        frame.time = 1_700_000_000 + number * 0.02
        made.append(frame)
    return made


def line(folder: Path, captured: bytes | Sequence[bytes], keys: str = "", more: str = "") -> str:
    """What is said of a scenario that names this capture."""
    capture = folder / "call.pcap"
    if isinstance(captured, bytes):
        capture.write_bytes(captured)
    else:
        wrpcap(str(capture), frames(captured), linktype=1)
    scenario = folder / "bad.yaml"
    scenario.write_text(SCENARIO % (keys, more), encoding="utf-8")
    with pytest.raises(ScenarioError) as error:
        load_plan(scenario)
    return str(error.value).removeprefix(f"{folder}/")


NOT_RTP = (
    "bad.yaml:5:62: 'call.pcap' has no RTP stream over UDP with whole packets; capture one, without a limit of length"
)
TWO = [rtp(ssrc, number) for number in range(3) for ssrc in (7, 0xABCD1234)] + [rtp(7, 3)]


@pytest.mark.parametrize(
    "nothing", [(b"\x00\x01\x00\x00 no RTP",), (rtp(7, 0),), (b"\x80\xc8\x00\x06" + bytes(24),) * 3]
)
def test_a_capture_without_rtp(nothing: tuple[bytes, ...], tmp_path: Path) -> None:
    """Other protocols, and a single packet that begins as RTP does."""
    assert line(tmp_path, nothing) == NOT_RTP


def test_packets_that_were_cut_off(tmp_path: Path) -> None:
    whole = frames([rtp(7, number) for number in range(3)])
    for frame in whole:
        frame.wirelen = len(frame)
    wrpcap(str(tmp_path / "whole.pcap"), [Ether(bytes(each)[:60]) for each in whole])
    assert line(tmp_path, (tmp_path / "whole.pcap").read_bytes()) == NOT_RTP


@pytest.mark.parametrize("content", [b"", b"name: a scenario\n", b"\xd4\xc3\xb2\xa1\x02"])
def test_a_file_of_another_kind(content: bytes, tmp_path: Path) -> None:
    found = line(tmp_path, content)
    assert found.startswith("bad.yaml:5:62: 'call.pcap': it is neither pcap nor pcapng (")
    assert found.endswith("; save it as pcap or pcapng")


def test_a_folder(tmp_path: Path) -> None:
    (tmp_path / "call.pcap").mkdir()
    (tmp_path / "bad.yaml").write_text(SCENARIO % ("", ""), encoding="utf-8")
    with pytest.raises(ScenarioError, match="cannot be read"):
        load_plan(tmp_path / "bad.yaml")


def test_several_streams_want_a_choice(tmp_path: Path) -> None:
    expected = "'call.pcap' has 2 RTP streams: 0x00000007 (4 packets), 0xabcd1234 (3 packets); add ssrc: 0x00000007"
    assert line(tmp_path, TWO) == f"bad.yaml:5:62: {expected}"
    near = "'call.pcap' has no RTP stream 0xabcd1235; did you mean '0xabcd1234'?"
    assert line(tmp_path, TWO, ", ssrc: '0xabcd1235'") == f"bad.yaml:5:79: {near}"
    (tmp_path / "bad.yaml").write_text(SCENARIO % (", ssrc: '0xABCD1234'", ""), encoding="utf-8")
    (group,) = load_plan(tmp_path / "bad.yaml").sessions
    assert group.own is not None
    assert group.own.packets_per_s == pytest.approx(25, abs=1)  # every other packet of 20 ms


def test_packets_that_do_not_fit_into_a_frame(tmp_path: Path) -> None:
    expected = (
        "'call.pcap' has 1441 bytes of payload in packet 2 of the stream; with our header extension a frame takes 1440"
    )
    assert line(tmp_path, [rtp(7, 0), rtp(7, 1, 1441), rtp(7, 2)]) == f"bad.yaml:5:62: {expected}"


def test_a_capture_has_pauses_of_its_own(tmp_path: Path) -> None:
    expected = "a capture has the pauses that it has, and no restart; leave out talk, hold and restart"
    talk = ", talk: {spurt: 1s, pause: 1s}"
    assert line(tmp_path, [rtp(7, n) for n in range(5)], "", talk) == f"bad.yaml:5:52: {expected}"
