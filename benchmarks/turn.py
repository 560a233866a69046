"""A minimal TURN client (RFC 8656): one allocation over UDP, with one channel, without authentication."""

from __future__ import annotations

import socket
import struct
from ipaddress import IPv4Address
from secrets import token_bytes

_HEADER = struct.Struct("!HHI12s")
_COOKIE = 0x2112A442
_ALLOCATE, _CHANNEL_BIND, _SUCCESS = 0x0003, 0x0009, 0x0100
_CHANNEL_NUMBER, _XOR_PEER_ADDRESS, _REQUESTED_TRANSPORT = 0x000C, 0x0012, 0x0019
_UDP = 17
_IPV4 = 1

CHANNEL = 0x4000
_TRIES = 20


class TurnError(Exception):
    """The TURN server refused a request, or does not answer."""


def open_channel(endpoint: socket.socket, server: tuple[str, int], peer: tuple[str, int]) -> None:
    """Make an allocation and bind CHANNEL to a peer; addresses are IPv4 and port. Raises TurnError.

    Blocks for at most 10 s per request; leaves the socket non-blocking.
    """
    transport = _attribute(_REQUESTED_TRANSPORT, bytes([_UDP, 0, 0, 0]))
    _ask(endpoint, server, _ALLOCATE, transport)
    channel = _attribute(_CHANNEL_NUMBER, struct.pack("!HH", CHANNEL, 0))
    _ask(endpoint, server, _CHANNEL_BIND, channel + _attribute(_XOR_PEER_ADDRESS, xor_address(*peer)))


def channel_data(size: int) -> bytes:
    """The ChannelData header of a message of `size` bytes (RFC 8656 §12.4)."""
    return struct.pack("!HH", CHANNEL, size)


def xor_address(address: str, port: int) -> bytes:
    """The value of an XOR-PEER-ADDRESS attribute for IPv4 (RFC 8656 §18.3, encoded as in RFC 8489 §14.2)."""
    return struct.pack("!BBHI", 0, _IPV4, port ^ _COOKIE >> 16, int(IPv4Address(address)) ^ _COOKIE)


def _attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("!HH", kind, len(value)) + value


def _ask(endpoint: socket.socket, server: tuple[str, int], method: int, attributes: bytes) -> None:
    transaction = token_bytes(12)
    request = _HEADER.pack(method, len(attributes), _COOKIE, transaction) + attributes
    endpoint.settimeout(0.5)
    for _ in range(_TRIES):
        endpoint.sendto(request, server)
        try:
            answer = endpoint.recv(2048)
        except TimeoutError:
            continue
        kind, _, _, answered = _HEADER.unpack_from(answer)
        if answered == transaction and kind == method | _SUCCESS:
            endpoint.setblocking(False)
            return
        raise TurnError(f"the TURN server answered {kind:#06x} to {method:#06x}")
    raise TurnError(f"no TURN server answers at {server[0]}:{server[1]}")
