"""What becomes of one packet in a relay: the session that it belongs to, or why it is dropped. Compiled."""

from __future__ import annotations

from typing import Any

from hostio.compiled import compiled
from relay_app.drop_reasons import DropReason
from relay_app.refreshes import REFRESH_PAYLOAD_BYTES, REFRESH_SSRCS
from relay_app.rtp import PAYLOAD_OFFSET
from relay_app.rtp_compiled import (
    LOOPED,
    PATH_FULL,
    free_hop,
    has_fixed_layout,
    is_rtp,
    log_hop,
    sent_ns_of,
    ssrc_at,
    ssrc_of,
)
from relay_app.sessions.cache_compiled import find, is_unknown

_MALFORMED = int(DropReason.MALFORMED)
_COLD = int(DropReason.COLD)
_UNKNOWN = int(DropReason.UNKNOWN)
_LOOP = int(DropReason.LOOP)
_TOO_MANY_HOPS = int(DropReason.TOO_MANY_HOPS)
_STALE = int(DropReason.STALE)
_EXPIRED = int(DropReason.EXPIRED)

_MSG_TRUNC = 0x20

_FIRST_REFRESH, _END_OF_REFRESHES = REFRESH_SSRCS.start, REFRESH_SSRCS.stop
_REFRESH_BYTES = PAYLOAD_OFFSET + REFRESH_PAYLOAD_BYTES


@compiled
def is_refresh(data: Any, index: int, length: int) -> bool:
    """Whether an RTP packet is a refresh of a permission."""
    of_refreshes = _FIRST_REFRESH <= ssrc_of(data, index) < _END_OF_REFRESHES
    found: bool = of_refreshes and length == _REFRESH_BYTES and has_fixed_layout(data, index, length)
    return found


@compiled
def refreshed_ssrc(data: Any, index: int) -> int:
    """The SSRC of the stream whose permission a refresh renews."""
    return ssrc_at(data, index, PAYLOAD_OFFSET)


@compiled
def slot_or_reason(memory: Any, rules: Any, index: int, ordinal: int, now_ns: int) -> int:
    """Log this relay in a packet's path and return its session's slot in the cache, plus the cache's capacity for a
    refresh; or return −1 − its DropReason. `memory`: ForwardingMemory; `rules`: PathRules.

    The checks of the packet itself come before the look-up: a packet that is dropped anyway causes no fetch. A packet
    without our header extensions stays as it is.
    """
    message = memory.messages[index]
    if message.flags & _MSG_TRUNC or not is_rtp(memory.data, index, message.length):
        return -1 - _MALFORMED
    logged = has_fixed_layout(memory.data, index, message.length)
    hop = free_hop(memory.data, index, ordinal) if logged else 0
    if hop == LOOPED:
        return -1 - _LOOP
    if hop == PATH_FULL:
        return -1 - _TOO_MANY_HOPS
    if logged and rules.stale_ns and now_ns - sent_ns_of(memory.data, index, rules.ntp_offset_ns) > rules.stale_ns:
        return -1 - _STALE
    refresh = is_refresh(memory.data, index, message.length)
    slot = _session(memory, refreshed_ssrc(memory.data, index) if refresh else ssrc_of(memory.data, index), now_ns)
    if slot >= 0 and not refresh and memory.expires_ns[slot] <= now_ns:
        return -1 - _EXPIRED
    if slot >= 0 and logged:
        log_hop(memory.data, index, hop, ordinal)
    return slot + len(memory.keys) if slot >= 0 and refresh else slot


@compiled
def _session(memory: Any, ssrc: int, now_ns: int) -> int:
    """The slot of a session, or −1 − why there is none; a miss is told to the control side."""
    slot = find(memory.keys, ssrc)
    if slot >= 0:
        return slot
    if is_unknown(memory.unknown_keys, memory.unknown_until_ns, ssrc, now_ns):
        return -1 - _UNKNOWN
    _add_miss(memory, ssrc)
    return -1 - _COLD


@compiled
def _add_miss(memory: Any, ssrc: int) -> None:
    state = memory.state
    if state[0].missed - state[0].taken >= len(memory.misses):
        state[0].lost_misses += 1
        return
    memory.misses[state[0].missed & (len(memory.misses) - 1)] = ssrc
    state[0].missed += 1
