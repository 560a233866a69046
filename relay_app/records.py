"""Raw records of the media processes: numpy dtypes of fixed-size rows. Times are CLOCK_MONOTONIC ns."""

from __future__ import annotations

from enum import IntEnum

import numpy as np

from hostio.timing import MS
from relay_app.drop_reasons import DropReason

SENT = np.dtype([("ssrc", "<u4"), ("seq", "<u4"), ("due_ns", "<i8"), ("sent_ns", "<i8")])
"""One row per RTP packet a client sent; `seq` is extended (cycles << 16 | sequence number, RFC 3550 A.1). `ssrc` is its
stream's own, whatever its packets carry (`Stream.taken`); that of other records is the packet's."""

RECEIVED = np.dtype([("ssrc", "<u4"), ("seq", "<u2"), ("path", "<u4"), ("sent_ns", "<i8"), ("received_ns", "<i8")])
"""One row per RTP packet a client received. `seq` is the 16 bits of the header. `sent_ns` is from the packet's own
header extension, or NOT_CARRIED; `received_ns` is the kernel's receive timestamp. `path` holds the ordinals of the
relays passed, first in the least significant byte, 0 = none."""

NOT_CARRIED = -1
"""`sent_ns` of a packet without a send time: one of another program."""

DIGEST = np.dtype([("ssrc", "<u4"), ("seq", "<u2"), ("at_ns", "<i8"), ("digest", "<u8")])
"""One row per RTP packet of another program that a client sent on or received, in the order of its rows in SENT or
RECEIVED: when it was, and the FNV-1a hash of all its bytes."""

LEFT, HELD, UNREAD = 253, 254, 255
"""In place of a DropReason, of a packet that was still in a relay. LEFT: when the relay ended before the run did. At
the end of the run, HELD: kept back by the relay's version; UNREAD: in a lane's receive buffer."""

RELAY_FATE = np.dtype([("ssrc", "<u4"), ("seq", "<u2"), ("reason", "u1"), ("at_ns", "<i8")])
"""A packet that a relay did not forward, and its DropReason, LEFT, HELD or UNREAD; SSRC 0 if it is no RTP."""

RELAY_COUNTERS = ("received", "forwarded", *(f"dropped_{reason.name.lower()}" for reason in DropReason))

RELAY_GAUGES = ("cached", "fetching", "queued", "waiting_bytes", "lock_waiters")

RELAY_CUMULATIVE = (*RELAY_COUNTERS, "lock_held_ns")

RELAY_SAMPLE = np.dtype(
    [*((name, "<i8") for name in ("at_ns", *RELAY_COUNTERS, *RELAY_GAUGES, "lock_held_ns")), ("life", "u1")]
)
"""A relay's state, sampled regularly. Cumulative: the counters, and `lock_held_ns`, the time for which the lock that
its packet path takes has been held, the present hold included. Now: sessions cached, keys whose fetch is queued or
under way, packets that the version itself keeps back, bytes that wait in the lanes' receive buffers, threads that wait
for that lock. `life`: how often the relay had been started anew; each life begins at 0 with all that is cumulative."""


SAMPLE_INTERVAL_NS = 100 * MS
"""How often a relay records its state."""


class FetchOutcome(IntEnum):
    """Outcome of one key of a fetch."""

    FOUND = 0
    UNKNOWN = 1
    INVALID = 2
    FAILED = 3


FETCH = np.dtype([("ssrc", "<u4"), ("asked_ns", "<i8"), ("answered_ns", "<i8"), ("outcome", "u1"), ("life", "u1")])
"""One row per key of every fetch that a relay made from the directory, those before the media start included. `life` as
in RELAY_SAMPLE."""

PROBE = np.dtype([("source", "u1"), ("sequence", "<u4"), ("sent_ns", "<i8"), ("received_ns", "<i8"), ("via", "u1")])
"""One row per one-way probe that a prober received; `source` is the ordinal of the cluster that sent it. With `via` it
is a canary instead: sent by the prober itself, through the relay of that cluster."""


class ExchangeOutcome(IntEnum):
    """Outcome of a request over a TCP connection."""

    ANSWERED = 0
    UNANSWERED = 1
    """The run ended first."""
    LOST = 2
    """Its connection broke."""


RELAYED_PACKET = np.dtype([("at_ns", "<i8"), ("ssrc", "<u4"), ("seq", "<u2"), ("server", "<u4"), ("outgoing", "?")])
"""One row per RTP packet in ChannelData of TURN that left the host of a WebRTC call's peer, or arrived there; `server`:
IPv4 address of the TURN server."""


REFRESH = np.dtype([("ssrc", "<u4"), ("requests", "<u4"), ("sent_ns", "<i8"), ("answered_ns", "<i8")])
"""One row per refresh of a stream's permission, by the client that sends the stream: how many requests it took, when
the first was sent, and when the answer came; 0: none did before the end."""


ABSENCE = np.dtype([("ssrc", "<u4"), ("expired_ns", "<i8"), ("returned_ns", "<i8")])
"""One row for each time that a client gave a stream up which it sends: when consent expired, from when on the packets
were withheld, and when it was back; 0: not before the end."""

EXCHANGE = np.dtype([("connection", "<u2"), ("sent_ns", "<i8"), ("answered_ns", "<i8"), ("outcome", "u1")])
"""One row per request over a long-lived TCP connection, by the connection's number; `answered_ns` 0: never."""
