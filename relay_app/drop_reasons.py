"""Reasons for which relays drop packets."""

from __future__ import annotations

from enum import IntEnum


class DropReason(IntEnum):
    """Why a relay did not forward a packet."""

    MALFORMED = 0
    """Not RTP version 2, or truncated."""
    COLD = 1
    """The session's record was not in the cache; a fetch is under way."""
    UNKNOWN = 2
    """The directory has no such session."""
    LOOP = 3
    """The packet had passed this relay before, by its path log; of one without nobody can tell."""
    TOO_MANY_HOPS = 4
    """The path log is full."""
    SEND_FAILED = 5
    """The kernel refused the packet."""
    STALE = 6
    """It was sent longer ago than the version's `stale_ns`, by the send time that it carries, if it does."""
    EXPIRED = 7
    """The session's permission had expired: its last refresh is longer ago than its lifetime."""
