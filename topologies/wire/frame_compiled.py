"""Compiled access to the bytes of an Ethernet frame: UDP port, RTP header, flow hash, and inversion of one bit."""

from __future__ import annotations

from typing import Any

import numpy as np

from hostio.compiled import compiled
from topologies.bpf.flow_filter import NO_FLOW

_IPV4_NO_OPTIONS = 0x45
_ETHERTYPE = 12
_IP = 14
_PORTS = 34
_RTP = 42
_UDP = 17
_TCP = 6


@compiled
def is_ipv4(frame: Any, length: int) -> bool:
    """Whether the frame is IPv4 without options and long enough for ports."""
    return (
        length >= _PORTS + 4
        and frame[_ETHERTYPE] == 8
        and frame[_ETHERTYPE + 1] == 0
        and frame[_IP] == _IPV4_NO_OPTIONS
    )


@compiled
def udp_destination(frame: Any, length: int) -> Any:
    """The destination port of a UDP frame; -1 if it is not UDP."""
    if not is_ipv4(frame, length) or frame[_IP + 9] != _UDP:
        return -1
    return np.int64(frame[_PORTS + 2]) << 8 | np.int64(frame[_PORTS + 3])


@compiled
def rtp_sequence(frame: Any) -> Any:
    """The sequence number of a media frame (RFC 3550 §5.1)."""
    return np.int64(frame[_RTP + 2]) << 8 | np.int64(frame[_RTP + 3])


@compiled
def rtp_ssrc(frame: Any) -> Any:
    """The SSRC of a media frame (RFC 3550 §5.1)."""
    return _word(frame, _RTP + 8)


@compiled
def flow_hash(frame: Any, length: int) -> Any:
    """A 32-bit hash of the flow: addresses, protocol, ports of UDP and TCP. NO_FLOW for frames that are not IPv4.

    It is the hash of `flow_filter`, which the kernel runs, so that both link back ends drop the same flows.
    """
    if not is_ipv4(frame, length):
        return NO_FLOW
    protocol = np.int64(frame[_IP + 9])
    ports = _word(frame, _PORTS) if protocol in (_UDP, _TCP) else 0
    return _mixed(_mixed(_mixed(_word(frame, _IP + 12)) ^ _word(frame, _IP + 16)) ^ ports ^ protocol)


@compiled
def flip_bit(frame: Any, length: int, share: float) -> None:
    """Invert the bit at a share, in [0, 1), of the frame's length."""
    bit = int(share * length * 8)
    frame[bit >> 3] ^= np.uint8(1 << (bit & 7))


@compiled
def _word(frame: Any, at: int) -> Any:
    return (
        np.int64(frame[at]) << 24
        | np.int64(frame[at + 1]) << 16
        | np.int64(frame[at + 2]) << 8
        | np.int64(frame[at + 3])
    )


@compiled
def _mixed(word: Any) -> Any:
    """A 32-bit mixing step (C. Wellons, hash-prospector `lowbias32`)."""
    x = word & 0xFFFFFFFF
    x ^= x >> 16
    x = (x * 0x7FEB352D) & 0xFFFFFFFF
    x ^= x >> 15
    x = (x * 0x846CA68B) & 0xFFFFFFFF
    return x ^ (x >> 16)
