"""The figures of a run, as `summary.json` has them: what listeners heard, what relays did, where packets went.

Times are seconds since the media start; None (null) is unknown, or nothing to measure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Quantiles:
    """Median and 99th percentile."""

    p50: float | None
    p99: float | None


@dataclass(frozen=True, slots=True)
class LengthQuantiles:
    """Median, 99th percentile and longest."""

    p50: float | None
    p99: float | None
    max: float | None


@dataclass(frozen=True, slots=True)
class Media:
    """All measured streams together; a direction is one stream: one direction of one session.

    `hit_sessions` had an interruption of a second or more in either direction.

    `recovery_lag_ms`: from the end of the last fault until the last stream was restored, at least until the media end
    if one is still interrupted; 0 if all were restored before; None without a fault.
    """

    sessions: int
    hit_sessions: int
    hit_percent: float | None
    directions: int
    interrupted_directions: int
    still_interrupted: int
    interruptions: int
    interruption_ms: LengthQuantiles
    resolution_ms: float | None
    recovery_lag_ms: float | None
    one_way_ms: Quantiles
    added_ms: Quantiles
    jitter_ms: Quantiles
    sent: int
    received: int
    lost: int
    in_flight: int
    duplicates: int
    loss_percent: float | None


@dataclass(frozen=True, slots=True)
class PairRow:
    """The streams from one cluster to another."""

    source: str
    destination: str
    directions: int
    interrupted: int
    still_interrupted: int
    interruption_ms: LengthQuantiles
    sent: int
    received: int
    lost: int
    one_way_ms: Quantiles


@dataclass(frozen=True, slots=True)
class RelayFigures:
    """A relay. `dropped` by reason; `receive_buffer` counts packets that found a lane's receive buffer full.

    The streams that reroutes moved onto it: `hit_percent` of them were in its cache when the move was installed;
    `first_forwarded_ms` is from that instant to a stream's first packet that arrived over this relay, and
    `never_forwarded` had none; `catch_up_ms` is up to the last stream's first packet, and lasts at least until the
    media end if some had none. `fetches_per_key` counts keys asked of the directory after the media start, on average
    of all distinct ones, those of another life of the relay apart, without those that got no answer while the directory
    was struck by plan. `queue_most` and `waiting_most_kib` are the largest samples of packets and keys kept back, and
    of what waits in the lanes' receive buffers. Lock figures are those of the worst lock, in the life in which it was
    worst. Counters are those of all lives of a relay that was restarted.
    """

    version: str
    received: int
    forwarded: int
    dropped: dict[str, int]
    receive_buffer: int
    cached: int
    moved: int
    hit_percent: float | None
    first_forwarded_ms: LengthQuantiles
    never_forwarded: int
    catch_up_ms: float | None
    fetched_keys: int
    fetches_per_key: float
    fetch_ms: LengthQuantiles
    queue_most: int
    waiting_most_kib: int
    lock_wait_ms: LengthQuantiles
    lock_hold_ms: LengthQuantiles
    lock_waiters_most: int
    lock_held_across_io_ms: float
    lock_inversions: int
    stalls: int


@dataclass(frozen=True, slots=True)
class GroupRow:
    """A group of sessions. `hit`: those with an interruption of a second or more in either direction."""

    name: str
    between: list[str]
    path: Literal["relayed", "direct"]
    sessions: int
    hit: int
    longest_ms: float


@dataclass(frozen=True, slots=True)
class ConnectionFigures:
    """A group of TCP connections. `lost` requests went down with their connection; `longest_wait_ms` for an answer is
    at least until the last request was sent if there was none."""

    between: list[str]
    connections: int
    requests: int
    answered: int
    lost: int
    response_ms: LengthQuantiles
    longest_wait_ms: float | None


@dataclass(frozen=True, slots=True)
class FaultRow:
    """A planned fault. The applied times are those of the first direction at the start and the last at the end.

    `where`: directions of links, or a relay's cluster; empty for the directory and the controller."""

    what: str
    where: str
    planned_at: float
    planned_until: float
    applied_at: float | None
    applied_until: float | None


@dataclass(frozen=True, slots=True)
class RerouteRow:
    """Lanes of a link's traffic moved to a relay, taken apart: fault, seen, installed, first packet, returned."""

    link: str
    via: str
    lanes: list[int]
    reason: str
    fault_at: float | None
    seen_at: float
    installed_at: float
    first_packet_at: float | None
    returned_at: float | None


@dataclass(frozen=True, slots=True)
class RouteRow:
    """Packets from one cluster to another: sent + duplicated + surplus = delivered + lost + under way + untold.

    Copies count like packets. `lost` and `under_way` by place and cause. `untold`: nobody noted down what became of
    them. `surplus`: copies beyond those that links made.
    """

    name: str
    sent: int
    duplicated: int
    delivered: int
    lost: dict[str, int]
    under_way: dict[str, int]
    untold: int
    surplus: int


@dataclass(frozen=True, slots=True)
class LedgerFigures:
    """All media packets, the canaries among them, copies counted like packets: sent + duplicated = delivered + lost +
    under_way + `untold`, of which nobody noted down which they were; `counted` has where and to what so many were lost.
    `unexplained` is what nobody can account for; None if interfaces did not count. `ledger.json` has the stations."""

    sent: int
    duplicated: int
    delivered: int
    lost: int
    under_way: int
    untold: int
    counted: dict[str, int]
    unexplained: int | None
    routes: list[RouteRow]


@dataclass(frozen=True, slots=True)
class WorstSecond:
    """The second in which a share of processor time was largest, and when it began."""

    percent: float
    at: float


@dataclass(frozen=True, slots=True)
class MachineFigures:
    """The machine while media flowed. Of all cores: what was `used`, and what `others` took, programs that are no
    part of the run. Of one core: what was used, and what was `stolen` by the machine's own host.

    `squeezed`: rounds of the kernel's receive queues that ended with packets left over. `upcalls`: packets for which a
    switch had to ask its daemon.
    """

    used: WorstSecond
    others: WorstSecond
    core: WorstSecond
    stolen: WorstSecond
    squeezed: int
    upcalls: int | None
