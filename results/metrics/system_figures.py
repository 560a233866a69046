"""The figures of relays and ledger in `summary.json`; `figures` has the media's, `machine_summary` the machine's.

None (null) is unknown, or nothing to measure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Annotated, Literal

from results.metrics.figure_types import Count, LengthQuantiles, NonNegative, Share
from results.run_files.relay_program import SessionSource
from results.run_files.validation import Field


@dataclass(frozen=True, slots=True)
class RelayFigures:
    """A relay; counters are sums over its lives, if it was restarted."""

    version: str
    """Its relay version, in its first life."""
    kinds: list[str]
    """The relay version of each life that served, in order; all figures are of these lives together."""
    received: Count
    """Packets received."""
    forwarded: Count
    """Packets forwarded."""
    dropped: dict[str, Count]
    """Packets not forwarded, by reason."""
    receive_buffer: Count
    """Packets dropped because the receive buffer of a lane was full."""
    cached: Count
    """Session records in its cache at the end."""
    moved: Count
    """Streams that reroutes moved onto it."""
    hit_percent: Share | None
    """Share of the moved streams whose record it did not fetch from the directory from the first move on, %."""
    first_forwarded_ms: LengthQuantiles
    """Time from a stream's move until its first packet arrived over this relay, emulated delay included, ms."""
    never_forwarded: Count
    """Moved streams of which no packet arrived over this relay."""
    catch_up_ms: NonNegative | None
    """Time from the first move until the last moved stream was served, ms; until the media end if one never was
    (right-censored)."""
    fetched_keys: Count
    """Keys requested from the directory after the media start, repeated requests included."""
    fetches_per_key: NonNegative
    """fetched_keys per distinct key; 1 is the target. A key counts anew in each life of the relay. Requests without an
    answer during a planned fault on the directory do not count."""
    fetch_ms: LengthQuantiles
    """Time from the request of a key to the answer, ms."""
    queue_most: Count
    """Largest sample of keys being fetched plus packets held by the relay version."""
    waiting_most_kib: Count
    """Largest sample of the memory of packets that waited in the receive buffers, KiB."""
    lock_wait_ms: LengthQuantiles
    """Waits for the lock with the longest total wait in one life of the relay, ms."""
    lock_hold_ms: LengthQuantiles
    """Holds of that lock, ms."""
    lock_waiters_most: Count
    """Longest queue of waiters of any lock."""
    lock_held_across_io_ms: NonNegative
    """Total time for which locks were held while their holder waited for I/O, ms."""
    lock_inversions: Count
    """Pairs of locks taken in both orders (possible deadlock)."""
    stalls: Count
    """Stalls that its watchdog reported."""

    @property
    def title(self) -> str:
        """Its kinds, life by life."""
        return succession_text(self.kinds)


def succession_text(kinds: Sequence[str]) -> str:
    """The kinds of a relay's lives as one text; lives of one kind that follow each other are one."""
    return ", then ".join(kind for kind, _ in groupby(kinds))


@dataclass(frozen=True, slots=True)
class LockWaitRow:
    """A thread of a program waited for a lock while the thread that held it was blocked in a system call."""

    waiter: str
    """Name of the thread that waited."""
    holder: str
    """Name of the thread that held the lock."""
    call: str
    """The system call in which it was blocked."""
    target: str
    """What the call works on, such as the peer of a connection; empty if it is of no descriptor."""
    samples: Count
    """How often this was seen."""
    total_ms: NonNegative
    """For how long, ms, of all waits from first to last sample."""
    longest_ms: NonNegative
    """The longest of these waits, ms."""


@dataclass(frozen=True, slots=True)
class ProgramStallRow:
    """A program made no progress: it took no packet from a lane that held some, for 2 s or longer, or frames came to it
    and it sent none, for 1 s or longer."""

    lane: Count | None
    """The lane from which it took none, from 0; null: none was seen to be so."""
    at: float
    """When that began, s since the media start."""
    stacks: str | None
    """File of the run directory with the stacks of its threads; null: there are none."""
    untold: str | None
    """Why there are none although `stacks` of its relay.yaml asks for them."""
    silent_s: NonNegative | None = None
    """For how long frames came to it from other hosts and it sent none to any, s; null: that was not seen."""


@dataclass(frozen=True, slots=True)
class ProcessFigures:
    """The processes of a program while media flowed, as sampled once a second; one that lives shorter may be missed."""

    cpu_ms: NonNegative
    """Processor time that they used, ms."""
    cpu_system_ms: NonNegative
    """The part of it in kernel mode, ms."""
    cpu_most_percent: NonNegative
    """Largest share of one core that they used from one sample to the next, %."""
    memory_most_mib: NonNegative
    """Largest resident memory of all of them together, MiB; pages that they share count for each."""
    threads_most: Count
    """Largest number of threads of all of them together."""
    descriptors_most: Count
    """Largest number of open descriptors of one of them; RLIMIT_NOFILE limits it."""
    voluntary_switches: Count
    """Context switches of threads that waited; those of a thread after its last sample are missing."""
    involuntary_switches: Count
    """Context switches of threads that were preempted."""
    icmp_unreachable_received: Count
    """ICMP messages "destination unreachable" that came to its host."""
    icmp_unreachable_sent: Count
    """ICMP messages "destination unreachable" that its host sent, such as for a port that nobody has bound."""
    lock_wait_most_ms: NonNegative | None
    """Longest wait of a thread for a lock whose holder was blocked in a system call, as seen every 10 ms, ms; null: the
    kernel does not tell."""
    udp_drops: dict[str, Count]
    """Datagrams that found the receive buffer of a UDP port full, by lane or port; ports without any are left out."""
    exits: Count
    """Lives that ended by themselves, not cleanly, or not within the stop grace."""


@dataclass(frozen=True, slots=True)
class ProgramFigures:
    """A relay that is a program, as seen from outside. What else is named of relays, it does not tell."""

    kind: str
    """Its relay kind, in its first life; so are `command` and `sessions`."""
    kinds: list[str]
    """The relay kind of each life that served, in order; all figures are of these lives together."""
    command: list[str]
    """The program that was run, and its arguments."""
    measured: Literal["program", "server + adapter"]
    """What all figures are of: with a server behind it, the program is its adapter, and is in the path of the media."""
    server: list[str] | None
    """The server that was run behind it, and its arguments."""
    packages: dict[str, str]
    """The versions of the Debian packages that it needs, as far as they are installed."""
    capabilities: list[str]
    """The capabilities(7) that it had."""
    sessions: SessionSource
    """Where it finds sessions; file: it holds all from its start; none: it needs none. Both are never cold."""
    receive_buffer: Count
    """Packets dropped because the receive buffer of a lane was full, as known at its end."""
    no_rtp: Count
    """Datagrams at the clients of its cluster that were no RTP."""
    moved: Count
    """Streams that reroutes moved onto it."""
    first_forwarded_ms: LengthQuantiles
    """Time from a stream's move until its first packet arrived over this relay, emulated delay included, ms; null
    without path log."""
    never_forwarded: Count | None
    """Moved streams of which no packet arrived over this relay; null without path log."""
    catch_up_ms: NonNegative | None
    """Time from the first move until the last moved stream was served, ms; until the media end if one never was
    (right-censored)."""
    process: ProcessFigures | None = None
    """What its processes used; null without samples."""
    lock_waits: list[LockWaitRow] | None = None
    """Waits for locks whose holder was blocked in a system call, longest in all first; null: the kernel tells none."""
    stalls_seen: list[ProgramStallRow] | None = None
    """Stalls, as seen at the receive queues of its lanes and in the frames to and from it; null without samples."""
    app: dict[str, float] = field(default_factory=dict)
    """What its metrics endpoint tells: counters by their growth while media flowed, others by their last value."""
    app_problem: str | None = None
    """How often the endpoint gave no metrics, and why; null: it always did, or there is none."""

    @property
    def title(self) -> str:
        """Its kinds, life by life, and what is measured unless it is a program alone."""
        kinds = succession_text(self.kinds)
        return kinds if self.measured == "program" else f"{kinds}, {self.measured}"


@dataclass(frozen=True, slots=True)
class RouteRow:
    """Packets from one cluster to another: sent + duplicated + surplus = delivered + lost + under_way + untold.

    Each copy counts as a packet.
    """

    name: str
    """source→destination, `canaries`, or `refreshes`."""
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
    """Unattributed packets: they did not arrive, and no record of single packets says where they were lost."""
    surplus: Count
    """Copies beyond those that links made."""


@dataclass(frozen=True, slots=True)
class LossDifference:
    """Why media.lost is not lost + untold of the ledger:
    media.lost = lost + untold - canaries - refreshes - copies - sent_late + still_under_way."""

    canaries: Count
    """Of lost and untold, the controller's canaries, which are no media."""
    refreshes: Count
    """Of lost and untold, refreshes of permissions, and checks of consent with their answers, which are no media."""
    copies: Count
    """Of lost and untold, copies of packets that are counted once: another copy arrived, or is counted as lost."""
    sent_late: Count
    """Of lost and untold, packets in media.in_flight: sent so late that to a listener they may have been under way."""
    still_under_way: Count
    """Of under_way, packets in media.lost: sent so early that they were of no use to a listener any more."""


@dataclass(frozen=True, slots=True)
class LedgerFigures:
    """All media packets, canaries and refreshes included: sent + duplicated = delivered + lost + under_way + untold.

    Each copy counts as a packet. `ledger.json` has the stations too.
    """

    sent: Count
    """Packets sent."""
    duplicated: Count
    """Copies that links made."""
    delivered: Count
    """Packets and copies that arrived."""
    lost: Count
    """Packets that records of single packets attribute to a place and a cause of loss."""
    under_way: Count
    """Packets that were on a link, in a relay or in a receive buffer at the end."""
    untold: Count
    """Unattributed packets: they did not arrive, and no such record says where they were lost. `counted` has the places
    by number."""
    counted: dict[str, int]
    """Losses known by number only, not by packet, by station and cause; negative: copies that netem made."""
    unexplained: Count | None
    """Packets and copies that routes and stations do not explain; null if interfaces were not counted."""
    not_in_media: LossDifference
    """Why media.lost and media.in_flight differ from these losses and from under_way."""
    routes: list[RouteRow]
    """By pair of clusters, the controller's canaries, and the refreshes of permissions with the checks of consent."""
