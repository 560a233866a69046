"""RTP packets (RFC 3550 §5.1) with one-byte header extensions (RFC 8285 §4.2): bytes in, values out, no I/O.

`RtpPacket` reads and writes any RTP packet. Blipnet's own packets have one fixed layout, so that compiled code finds
every field at a constant offset:

    0  RTP header without CSRCs           12 bytes
    12 0xBEDE, length 4 words              4
    16 ID 1, send time, 64-bit NTP         1 + 8   (RFC 6051 §3.3, urn:ietf:params:rtp-hdrext:ntp-64)
    25 ID 2, path log                      1 + 4   (ordinals of the relays passed, first one first, 0 = free)
    30 padding                             2
    32 payload
"""

from __future__ import annotations

from dataclasses import dataclass
from struct import Struct

NTP_EXTENSION = 1
PATH_EXTENSION = 2
PATH_HOPS = 4

ONE_BYTE_PROFILE = 0xBEDE
MARKER_BIT = 0x80

MARKER_OFFSET = 1
SEQUENCE_OFFSET = 2
TIMESTAMP_OFFSET = 4
SSRC_OFFSET = 8
EXTENSION_OFFSET = 12
NTP_OFFSET = 17
PATH_OFFSET = 26
PAYLOAD_OFFSET = 32

_HEADER = Struct("!BBHII")
_EXTENSION_HEADER = Struct("!HH")
_WORD = 4
VERSION = 2
HEADER_BYTES = _HEADER.size
"""Of the header without CSRCs and extensions."""
_PADDING_BIT = 0x20
_EXTENSION_BIT = 0x10
_STOP_ID = 15


class RtpError(ValueError):
    """A datagram is not a valid RTP packet."""


class TruncatedError(RtpError):
    """The datagram ends within the header."""


class VersionError(RtpError):
    """The version is not 2."""


class PaddingError(RtpError):
    """The padding count is zero, or larger than the payload."""


class ExtensionError(RtpError):
    """An extension element reaches beyond the header extension."""


@dataclass(frozen=True, slots=True)
class RtpPacket:
    """One RTP packet; `extensions` are one-byte elements as (ID 1-14, 1-16 bytes), in wire order.

    A header extension of another profile is skipped when parsed, as RFC 3550 §5.3.1 allows; padding is stripped.
    """

    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int
    marker: bool = False
    csrcs: tuple[int, ...] = ()
    extensions: tuple[tuple[int, bytes], ...] = ()
    payload: bytes = b""

    def encode(self) -> bytes:
        """The datagram; struct.error if a value does not fit its field."""
        first = VERSION << 6 | (_EXTENSION_BIT if self.extensions else 0) | len(self.csrcs)
        second = (MARKER_BIT if self.marker else 0) | self.payload_type
        header = _HEADER.pack(first, second, self.sequence, self.timestamp, self.ssrc)
        csrcs = b"".join(csrc.to_bytes(_WORD, "big") for csrc in self.csrcs)
        return header + csrcs + _encode_extensions(self.extensions) + self.payload

    @classmethod
    def decode(cls, datagram: bytes) -> RtpPacket:
        """The packet in a datagram; RtpError if there is none."""
        if len(datagram) < HEADER_BYTES:
            raise TruncatedError(f"{len(datagram)} bytes")
        first, second, sequence, timestamp, ssrc = _HEADER.unpack_from(datagram)
        if first >> 6 != VERSION:
            raise VersionError(f"version {first >> 6}")
        body = _without_padding(datagram) if first & _PADDING_BIT else datagram
        csrcs, offset = _decode_csrcs(body, first & 0x0F)
        extensions, offset = _decode_extensions(body, offset) if first & _EXTENSION_BIT else ((), offset)
        marker, payload_type = bool(second & MARKER_BIT), second & ~MARKER_BIT
        return cls(payload_type, sequence, timestamp, ssrc, marker, csrcs, extensions, body[offset:])


def blipnet_header(payload_type: int, ssrc: int) -> bytes:
    """The 32 bytes before the payload in the fixed layout, with times, sequence number and path log zero."""
    extensions = ((NTP_EXTENSION, bytes(8)), (PATH_EXTENSION, bytes(PATH_HOPS)))
    return RtpPacket(payload_type, 0, 0, ssrc, extensions=extensions).encode()


def _encode_extensions(extensions: tuple[tuple[int, bytes], ...]) -> bytes:
    if not extensions:
        return b""
    elements = b"".join(_encode_element(identifier, data) for identifier, data in extensions)
    elements += bytes(-len(elements) % _WORD)
    return _EXTENSION_HEADER.pack(ONE_BYTE_PROFILE, len(elements) // _WORD) + elements


def _encode_element(identifier: int, data: bytes) -> bytes:
    if not (1 <= identifier < _STOP_ID and 1 <= len(data) <= 16):
        raise ExtensionError(f"element {identifier} of {len(data)} bytes")
    return bytes([identifier << 4 | len(data) - 1]) + data


def _without_padding(datagram: bytes) -> bytes:
    count = datagram[-1]
    if not 1 <= count <= len(datagram) - HEADER_BYTES:
        raise PaddingError(f"{count} bytes of padding in {len(datagram)}")
    return datagram[:-count]


def _decode_csrcs(body: bytes, count: int) -> tuple[tuple[int, ...], int]:
    end = HEADER_BYTES + count * _WORD
    if len(body) < end:
        raise TruncatedError(f"{count} CSRCs in {len(body)} bytes")
    return tuple(int.from_bytes(body[at : at + _WORD], "big") for at in range(HEADER_BYTES, end, _WORD)), end


def _decode_extensions(body: bytes, offset: int) -> tuple[tuple[tuple[int, bytes], ...], int]:
    start = offset + _EXTENSION_HEADER.size
    if len(body) < start:
        raise TruncatedError(f"{len(body)} bytes, no room for the extension header")
    profile, words = _EXTENSION_HEADER.unpack_from(body, offset)
    end = start + words * _WORD
    if len(body) < end:
        raise TruncatedError(f"extension of {words} words in {len(body)} bytes")
    return (_elements(body[start:end]) if profile == ONE_BYTE_PROFILE else ()), end


def _elements(data: bytes) -> tuple[tuple[int, bytes], ...]:
    """Elements up to the end, to ID 15, or to an ID 0 with a length: the last two end processing (RFC 8285 §4.2)."""
    elements = []
    at = 0
    while at < len(data):
        identifier, length = data[at] >> 4, (data[at] & 0x0F) + 1
        if data[at] == 0:
            at += 1
            continue
        if identifier in (0, _STOP_ID):
            break
        if at + 1 + length > len(data):
            raise ExtensionError(f"element {identifier} of {length} bytes at {at} of {len(data)}")
        elements.append((identifier, data[at + 1 : at + 1 + length]))
        at += 1 + length
    return tuple(elements)


_UNIX_EPOCH_NS = 2_208_988_800 * 1_000_000_000
"""1970-01-01 in ns since 1900-01-01 (RFC 868)."""


def ntp_offset_ns(realtime_ns: int, monotonic_ns: int) -> int:
    """What to add to CLOCK_MONOTONIC to have ns since 1900, from both clocks read at one instant."""
    return realtime_ns - monotonic_ns + _UNIX_EPOCH_NS


def ntp_seconds(monotonic_ns: int, offset_ns: int) -> int:
    """The upper half of the timestamp, modulo 2³² (eras, RFC 5905 §6)."""
    return (monotonic_ns + offset_ns) // 1_000_000_000 & 0xFFFFFFFF


def ntp_fraction(monotonic_ns: int, offset_ns: int) -> int:
    """The lower half, in 2⁻³² s, rounded to nearest: 0.23 ns, so every ns survives the round trip."""
    return (((monotonic_ns + offset_ns) % 1_000_000_000 << 32) + 500_000_000) // 1_000_000_000


def monotonic_of(seconds: int, fraction: int, offset_ns: int) -> int:
    """CLOCK_MONOTONIC ns of a timestamp: the era is the one that makes it fall within 136 years after boot."""
    offset_seconds = offset_ns // 1_000_000_000
    elapsed = seconds - offset_seconds & 0xFFFFFFFF
    rounded = fraction * 1_000_000_000 + (1 << 31) >> 32
    return elapsed * 1_000_000_000 + rounded - offset_ns % 1_000_000_000
