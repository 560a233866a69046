"""BFD (RFC 5880, RFC 5881) as the switches run it over every WAN link: what they are told, and what it sends. Pure."""

from __future__ import annotations

from hostio.timing import MS

BFD_MULTIPLIER = 3
"""After so many intervals without a packet a session goes down (RFC 5880 §6.8.4); Open vSwitch's own default."""

BFD_PORT = 3784
"""UDP port to which BFD packets go (RFC 5881 §4)."""

BFD_FRAME_BYTES = 66
"""Of Ethernet, IPv4, UDP, and a BFD packet without authentication (RFC 5880 §4.1)."""

BFD_DSCP = 48
"""Class selector 6, network control (RFC 2474 §4.2.2.2), which Open vSwitch gives them."""


def bfd_settings(interval_ns: int) -> str:
    """What turns BFD on at a port, as ovs-vsctl(8) takes it: a session that sends and wants a packet per interval,
    which is in whole ms (ovs-vswitchd.conf.db(5), Interface table)."""
    every = interval_ns // MS
    return f"bfd:enable=true bfd:min_tx={every} bfd:min_rx={every} bfd:mult={BFD_MULTIPLIER}"
