"""The figures of a run, as `summary.json` has them: what relays did, where packets went, what the machine did.

None (null) is unknown, or nothing to measure; `figures.py` has those of the media.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from results.metrics.figures import Count, LengthQuantiles, NonNegative, Share
from results.run_files.validation import Field


@dataclass(frozen=True, slots=True)
class RelayFigures:
    """A relay; counters are those of all lives of one that was restarted."""

    version: str
    """The relay version it ran."""
    received: Count
    """Packets received."""
    forwarded: Count
    """Packets forwarded."""
    dropped: dict[str, Count]
    """Packets not forwarded, by reason."""
    receive_buffer: Count
    """Packets that found the receive buffer of a lane full."""
    cached: Count
    """Session records in its cache at the end."""
    moved: Count
    """Streams that reroutes moved onto it."""
    hit_percent: Share | None
    """Share of the moved streams that it did not have to ask the directory for from the first move on, %."""
    first_forwarded_ms: LengthQuantiles
    """From its move until a moved stream's first packet arrived over this relay, emulated delay included, ms."""
    never_forwarded: Count
    """Moved streams of which no packet arrived over this relay."""
    catch_up_ms: NonNegative | None
    """From the first move until the last moved stream was served, ms; at least until the media end if one never was."""
    fetched_keys: Count
    """Keys asked of the directory after the media start, each time counted."""
    fetches_per_key: NonNegative
    """The same, on average of the distinct keys; 1 is the target. Keys of another life of the relay count apart; those
    that got no answer while a planned fault was on the directory do not count."""
    fetch_ms: LengthQuantiles
    """Time from asking for a key to the answer, ms."""
    queue_most: Count
    """Largest sample of keys being fetched plus packets kept back."""
    waiting_most_kib: Count
    """Largest sample of the memory that waiting packets took in the receive buffers, KiB."""
    lock_wait_ms: LengthQuantiles
    """Waits for the lock with the longest total wait, ms, in the life in which that was longest."""
    lock_hold_ms: LengthQuantiles
    """Holds of that lock, ms."""
    lock_waiters_most: Count
    """Longest queue of waiters of any lock."""
    lock_held_across_io_ms: NonNegative
    """How long locks were held while their holder waited for I/O, in all, ms."""
    lock_inversions: Count
    """Pairs of locks taken in both orders."""
    stalls: Count
    """Times that its watchdog saw no progress."""


@dataclass(frozen=True, slots=True)
class RouteRow:
    """Packets from one cluster to another: sent + duplicated + surplus = delivered + lost + under_way + untold.

    Copies count like packets.
    """

    name: str
    """source→destination, or canaries."""
    sent: Count
    """Packets sent."""
    duplicated: Count
    """Copies that links made."""
    delivered: Count
    """Packets and copies that arrived."""
    lost: dict[str, Annotated[int, Field(ge=1)]]
    """Packets lost, by place and cause."""
    under_way: dict[str, Annotated[int, Field(ge=1)]]
    """Packets under way at the end, by place."""
    untold: Count
    """Packets that did not arrive, and that no record of single packets attributes to a place."""
    surplus: Count
    """Copies beyond those that links made."""


@dataclass(frozen=True, slots=True)
class LedgerFigures:
    """All media packets, the canaries among them: sent + duplicated = delivered + lost + under_way + untold.

    Copies count like packets. `ledger.json` has the stations too.
    """

    sent: Count
    """Packets sent."""
    duplicated: Count
    """Copies that links made."""
    delivered: Count
    """Packets and copies that arrived."""
    lost: Count
    """Packets that records of single packets attribute to a place and a cause."""
    under_way: Count
    """Packets that were on a link, in a relay or in a receive buffer at the end."""
    untold: Count
    """Packets that did not arrive, and that no such record attributes to a place; counted has where that many were
    lost."""
    counted: dict[str, int]
    """Losses that were counted and not recorded packet by packet, by station and cause; below 0: copies that netem
    made."""
    unexplained: Count | None
    """Packets and copies that both ways of counting leave open; null if interfaces did not count."""
    routes: list[RouteRow]
    """By pair of clusters, and the controller's canaries."""


@dataclass(frozen=True, slots=True)
class WorstSecond:
    """The second in which a share of processor time was largest."""

    percent: NonNegative
    """The share, in percent."""
    at: float
    """When that second began, s since the media start."""


@dataclass(frozen=True, slots=True)
class MachineFigures:
    """The machine while media flowed, in its worst seconds."""

    used: WorstSecond
    """Processor time of all cores that was used."""
    others: WorstSecond
    """Processor time of all cores that programs took which are no part of the run."""
    core: WorstSecond
    """Time of the busiest core that was used."""
    stolen: WorstSecond
    """Time of a core that the machine's own host kept for others."""
    squeezed: Count
    """Rounds of the kernel's receive queues that ended with packets left over; those of other programs are among
    them."""
    upcalls: Count | None
    """Packets for which a switch had to ask its daemon what to do."""
