"""What makes one version of the relay differ from another: its control side, and the manners of its packet path."""

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
        """Every SSRC's record, or that there is none; DirectoryError if there is no answer."""

    def announce(self, ssrcs: Sequence[int], carrier: int) -> None:
        """Tell that the relay of the cluster `carrier` carries these streams; DirectoryError."""


@dataclass(frozen=True, slots=True)
class FetchSettings:
    """After a failed fetch waits `first_wait_ns`, then twice as long each time, at most `longest_wait_ns`."""

    first_wait_ns: int = 20 * MS
    longest_wait_ns: int = 500 * MS


@dataclass(frozen=True, slots=True)
class RelayParts:
    """What a control side works with. `ordinal` is the cluster's."""

    ordinal: int
    source: SessionSource
    table: SessionTable
    locks: LockSet
    clock_ns: Callable[[], int]
    settings: FetchSettings


class ControlSide(Protocol):
    """What a relay does about sessions that it does not have. Its methods are called from different threads."""

    @property
    def fetching(self) -> int:
        """Sessions whose records are asked for and not there yet."""

    def missed(self, ssrcs: Iterable[int]) -> None:
        """Packets of these streams found no session; one SSRC may come many times."""

    def run(self) -> None:
        """The body of the version's own thread, until stopped."""

    def stop(self) -> None:
        """End `run` and every wait."""

    def counters(self) -> Mapping[str, int]:
        """What it counts about itself."""


@dataclass(frozen=True, slots=True)
class Version:
    """A relay version.

    `locked_reads`: the packet path takes the cache's lock for each round of packets. `stale_ns`: packets sent longer
    ago than this are dropped; 0 drops none. `expires`: sessions that fall idle leave the cache.
    """

    control: Callable[[RelayParts], ControlSide]
    locked_reads: bool = False
    stale_ns: int = 0
    expires: bool = True
    hops: Callable[[int, Mapping[int, str]], NextHops] = NextHops
    packet_path: Callable[..., PacketPath] = Forwarder
