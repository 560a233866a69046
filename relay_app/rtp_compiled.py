"""Compiled reading and writing of the fixed RTP layout, in row `row` of a batch's `data` (uint8[count, size])."""

from __future__ import annotations

from typing import Any

from hostio.compiled import compiled
from relay_app.rtp import (
    EXTENSION_OFFSET,
    HEADER_BYTES,
    MARKER_BIT,
    MARKER_OFFSET,
    NTP_EXTENSION,
    NTP_OFFSET,
    ONE_BYTE_PROFILE,
    PATH_EXTENSION,
    PATH_HOPS,
    PATH_OFFSET,
    PAYLOAD_OFFSET,
    SEQUENCE_OFFSET,
    SSRC_OFFSET,
    TIMESTAMP_OFFSET,
    VERSION,
    monotonic_of,
    ntp_fraction,
    ntp_seconds,
)

_FIRST_BYTE = 0x90
_EXTENSION_WORDS = (PAYLOAD_OFFSET - EXTENSION_OFFSET - 4) // 4
_EXTENSION_HEADER = ONE_BYTE_PROFILE << 16 | _EXTENSION_WORDS
_NTP_ELEMENT = NTP_EXTENSION << 4 | 8 - 1
_PATH_ELEMENT = PATH_EXTENSION << 4 | PATH_HOPS - 1

LOOPED = -1
PATH_FULL = -2

_ntp_seconds = compiled(ntp_seconds)
_ntp_fraction = compiled(ntp_fraction)
_monotonic_of = compiled(monotonic_of)


@compiled
def _get(data: Any, row: int, offset: int, width: int) -> int:
    value = 0
    for index in range(width):
        value = value << 8 | data[row, offset + index]
    return value


@compiled
def _put(data: Any, row: int, offset: int, width: int, value: int) -> None:
    for index in range(width):
        data[row, offset + index] = value >> 8 * (width - 1 - index) & 0xFF


@compiled
def is_rtp(data: Any, row: int, length: int) -> bool:
    """Whether a datagram of `length` bytes has an RTP header, of any layout: sequence number and SSRC can be read."""
    found: bool = length >= HEADER_BYTES and data[row, 0] >> 6 == VERSION
    return found


@compiled
def has_fixed_layout(data: Any, row: int, length: int) -> bool:
    """Whether a datagram of `length` bytes is RTP in the fixed layout; nothing else may be read as such."""
    return (
        length >= PAYLOAD_OFFSET
        and data[row, 0] == _FIRST_BYTE
        and _get(data, row, EXTENSION_OFFSET, 4) == _EXTENSION_HEADER
        and data[row, NTP_OFFSET - 1] == _NTP_ELEMENT
        and data[row, PATH_OFFSET - 1] == _PATH_ELEMENT
    )


@compiled
def ssrc_of(data: Any, row: int) -> int:
    """The SSRC."""
    return ssrc_at(data, row, SSRC_OFFSET)


@compiled
def ssrc_at(data: Any, row: int, offset: int) -> int:
    """An SSRC at another place."""
    return _get(data, row, offset, 4)


@compiled
def sequence_of(data: Any, row: int) -> int:
    """The sequence number, 16 bits."""
    return _get(data, row, SEQUENCE_OFFSET, 2)


@compiled
def path_of(data: Any, row: int) -> int:
    """Ordinals of the relays passed, the first one in the least significant byte."""
    path = 0
    for hop in range(PATH_HOPS):
        path |= data[row, PATH_OFFSET + hop] << 8 * hop
    return path


@compiled
def free_hop(data: Any, row: int, ordinal: int) -> int:
    """The first free place in the path log; LOOPED if `ordinal` is in it, PATH_FULL if there is none."""
    for hop in range(PATH_HOPS):
        passed = data[row, PATH_OFFSET + hop]
        if passed == ordinal:
            return LOOPED
        if passed == 0:
            return hop
    return PATH_FULL


@compiled
def log_hop(data: Any, row: int, hop: int, ordinal: int) -> None:
    """Write a relay's ordinal into the path log."""
    data[row, PATH_OFFSET + hop] = ordinal


@compiled
def sent_ns_of(data: Any, row: int, ntp_offset_ns: int) -> int:
    """The send time in CLOCK_MONOTONIC ns, as `ntp.monotonic_of`."""
    seconds = _get(data, row, NTP_OFFSET, 4)
    fraction = _get(data, row, NTP_OFFSET + 4, 4)
    return _monotonic_of(seconds, fraction, ntp_offset_ns)


@compiled
def put_sent_ns(data: Any, row: int, sent_ns: int, ntp_offset_ns: int) -> None:
    """Write the send time."""
    _put(data, row, NTP_OFFSET, 4, _ntp_seconds(sent_ns, ntp_offset_ns))
    _put(data, row, NTP_OFFSET + 4, 4, _ntp_fraction(sent_ns, ntp_offset_ns))


@compiled
def put_header(data: Any, row: int, template: Any, packet: Any) -> None:
    """Write a packet's header from its stream's template (uint8[32]); `packet` is a row of PACKET."""
    for index in range(PAYLOAD_OFFSET):
        data[row, index] = template[index]
    data[row, MARKER_OFFSET] = packet.payload_type | (MARKER_BIT if packet.marker else 0)
    _put(data, row, SEQUENCE_OFFSET, 2, packet.seq)
    _put(data, row, TIMESTAMP_OFFSET, 4, packet.timestamp)
