"""Raw records as the media processes write them: fixed-size rows, nanoseconds on CLOCK_MONOTONIC unless said."""

from __future__ import annotations

from enum import IntEnum

import numpy as np

SENT = np.dtype([("ssrc", "<u4"), ("seq", "<u4"), ("due_ns", "<i8"), ("sent_ns", "<i8")])
"""One row per RTP packet a client sent; `seq` is extended (cycles << 16 | sequence number, RFC 3550 A.1)."""

RECEIVED = np.dtype([("ssrc", "<u4"), ("seq", "<u2"), ("path", "<u4"), ("sent_ns", "<i8"), ("received_ns", "<i8")])
"""One row per RTP packet a client received. `seq` is the 16 bits of the header. `sent_ns` is from the packet's own
header extension; `received_ns` is the kernel's receive timestamp. `path` holds the ordinals of the relays passed,
first in the least significant byte, 0 = none."""


class DropReason(IntEnum):
    """Why a relay did not forward a packet."""

    MALFORMED = 0
    """Not RTP version 2, truncated, or without the header extensions the relay needs."""
    COLD = 1
    """The session's record was not in the cache; a fetch is under way."""
    UNKNOWN = 2
    """The directory has no such session."""
    LOOP = 3
    """The packet had passed this relay before."""
    TOO_MANY_HOPS = 4
    """The path log is full."""
    SEND_FAILED = 5
    """The kernel refused the packet."""


RELAY_COUNTERS = ("received", "forwarded", *(f"dropped_{reason.name.lower()}" for reason in DropReason))

RELAY_SAMPLE = np.dtype(
    [("at_ns", "<i8"), *((name, "<i8") for name in RELAY_COUNTERS), ("cached", "<i8"), ("fetching", "<i8")]
)
"""A relay's counters (cumulative) with the number of cached sessions and of fetches under way, sampled regularly."""

PROBE = np.dtype([("source", "u1"), ("sequence", "<u4"), ("sent_ns", "<i8"), ("received_ns", "<i8")])
"""One row per one-way probe that a prober received; `source` is the ordinal of the cluster that sent it."""
