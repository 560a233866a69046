"""Reads the RTP packets of a capture, in pcap or pcapng, and writes a recording as one. The only importer of scapy."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

from scapy.config import conf
from scapy.error import Scapy_Exception
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import CookedLinux, CookedLinuxV2, Dot1Q, Ether, Loopback
from scapy.packet import Raw
from scapy.utils import PcapReader, RawPcapWriter

from hostio.timing import S
from relay_app.media_profiles import Recording
from relay_app.rtp import RtpError, RtpPacket

_RTCP_TYPES = range(72, 77)
"""Payload types that RTCP packets would have if they were RTP (RFC 5761 §4)."""


_UDP_HEADER = 8


class CapturedPacket(NamedTuple):
    """An RTP packet: when it was captured, ns, and what its header says. `length`: bytes of payload."""

    at_ns: int
    packet: RtpPacket
    length: int


class CaptureError(ValueError):
    """A file is no capture with RTP; the message says what it is instead."""


def rtp_of(path: Path) -> Mapping[int, list[CapturedPacket]]:
    """The RTP packets over UDP in a capture, by SSRC, in order of time; of an SSRC with a single packet none, which may
    be anything else that begins as RTP does. CaptureError; OSError if the file cannot be read."""
    found: defaultdict[int, list[CapturedPacket]] = defaultdict(list)
    try:
        for at_ns, datagram in _datagrams(path):
            if packet := _rtp(datagram):
                found[packet.ssrc].append(CapturedPacket(at_ns, packet, len(packet.payload)))
    except (Scapy_Exception, EOFError) as error:
        raise CaptureError(f"it is neither pcap nor pcapng ({error})") from None
    return {ssrc: sorted(packets, key=lambda each: each.at_ns) for ssrc, packets in found.items() if len(packets) > 1}


def _datagrams(path: Path) -> Iterator[tuple[int, bytes]]:
    """When each whole UDP datagram was captured, ns, and its payload."""
    # Other layers would be taken for what ports say, and their bytes put together anew.
    conf.layers.filter([Ether, Dot1Q, CookedLinux, CookedLinuxV2, Loopback, IP, IPv6, UDP, Raw])
    try:
        reader: Any = PcapReader  # which also reads open files, whatever its annotation says
        with path.open("rb") as capture, reader(capture) as frames:
            for frame in frames:
                datagram = frame.getlayer(UDP)
                payload = datagram.payload if datagram is not None else None
                if isinstance(payload, Raw) and datagram and len(payload.load) == datagram.len - _UDP_HEADER:
                    yield int(frame.time * 1_000_000_000), bytes(payload.load)
    finally:
        conf.layers.unfilter()


def _rtp(datagram: bytes) -> RtpPacket | None:
    try:
        packet = RtpPacket.decode(datagram)
    except RtpError:
        return None
    return None if packet.payload_type in _RTCP_TYPES else packet


_ETHERNET = 1
"""Link type of a pcap file."""


def capture_of(recording: Recording, ssrc: int) -> bytes:
    """A capture, in pcap, from which `rtp_of` reads the packets of a recording; its payloads are zero bytes, and its
    addresses nobody's."""
    written: Any = BytesIO()
    writer: Any = RawPcapWriter
    capture = writer(written, linktype=_ETHERNET, nano=True)
    capture.write_header(None)
    columns = (
        recording.at_ns,
        recording.timestamps,
        recording.payload_types_of,
        recording.markers,
        recording.lengths,
    )
    for number, (at_ns, stamp, payload_type, marker, length) in enumerate(zip(*columns, strict=True)):
        packet = RtpPacket(payload_type, number % (1 << 16), stamp, ssrc, marker, payload=bytes(length)).encode()
        capture.write_packet(_headers(len(packet)) + packet, sec=at_ns // S, usec=at_ns % S)
    contents: bytes = written.getvalue()
    return contents


@cache
def _headers(length: int) -> bytes:
    """Ethernet, IPv4 and UDP for a datagram of this length, without a checksum of UDP."""
    ends = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02") / IP(src="192.0.2.1", dst="192.0.2.2")
    frame = bytes(ends / UDP(sport=5004, dport=5004, chksum=0) / Raw(bytes(length)))
    return frame[: len(frame) - length]
