"""The interface that relay versions implement: a control side, and options of the packet path."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from hostio.timing import MS
from relay_app.forwarding.packet_path import Forwarder, PacketPath
from relay_app.locks.lock_set import LockSet
from relay_app.sessions.directory import Fetched
from relay_app.sessions.session_table import NextHops, SessionTable


class SessionSource(Protocol):
    """Where session records come from; `relay_app.relay.recording.RecordedSource` is one."""

    def fetch(self, ssrcs: Sequence[int]) -> Fetched:
        """The records of these streams; DirectoryError if there is no answer."""

    def announce(self, ssrcs: Sequence[int], carrier: int) -> None:
        """Write that the relay of the cluster `carrier` carries these streams; DirectoryError."""


@dataclass(frozen=True, slots=True)
class FetchSettings:
    """Exponential back-off: the wait after a failed fetch, doubled after each further one, up to `longest_wait_ns`."""

    first_wait_ns: int = 20 * MS
    longest_wait_ns: int = 500 * MS


@dataclass(frozen=True, slots=True)
class RelayParts:
    """The parts of a relay that a control side uses. `ordinal` is the cluster's."""

    ordinal: int
    source: SessionSource
    table: SessionTable
    locks: LockSet
    clock_ns: Callable[[], int]
    settings: FetchSettings


class ControlSide(Protocol):
    """Fetches sessions that the packet path lacks. Its methods are called from different threads."""

    @property
    def fetching(self) -> int:
        """Sessions whose records are wanted and not there yet."""

    def missed(self, ssrcs: Iterable[int]) -> None:
        """Packets of these streams found no session; one SSRC may come many times."""

    def run(self) -> None:
        """Work until stopped; called in a thread of its own."""

    def stop(self) -> None:
        """Have `run` and every wait return."""

    def counters(self) -> Mapping[str, int]:
        """The version's own counters, for Stopped."""


@dataclass(frozen=True, slots=True)
class Version:
    """A relay version.

    `locked_reads`: the packet path takes the cache's lock for each round of packets. `stale_ns`: packets sent longer
    ago than this are dropped; 0 drops none. `expires`: idle sessions leave the cache. `hops`: next hop of a stream.
    `packet_path`: makes the PacketPath from a PathConfig and a SessionTable.
    """

    control: Callable[[RelayParts], ControlSide]
    locked_reads: bool = False
    stale_ns: int = 0
    expires: bool = True
    hops: Callable[[int, Mapping[int, str]], NextHops] = NextHops
    packet_path: Callable[..., PacketPath] = Forwarder
