"""Long-lived TCP connections beside the media, as signalling and agent processes hold them. Pure data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from hostio.units import MS, S

CONNECTION_PORT = 8620
"""TCP port at every cluster's host where they are answered; no lane, so they take the direct links."""


@dataclass(frozen=True, slots=True)
class ConnectionKind:
    """What passes over a connection: a request of so many bytes every `interval_ns`, and the answer to each."""

    interval_ns: int
    request_bytes: int
    answer_bytes: int


KINDS: Mapping[str, ConnectionKind] = MappingProxyType(
    {
        "signalling": ConnectionKind(S, 400, 200),
        "agent": ConnectionKind(200 * MS, 1200, 64),
    }
)
"""A realtime API's event and its acknowledgement; an agent process that streams what it has, acknowledged likewise."""


@dataclass(frozen=True, slots=True)
class ConnectionGroup:
    """`count` connections of one kind, each dialled from cluster `a` to cluster `b`."""

    name: str
    a: str
    b: str
    count: int
    kind: str


@dataclass(frozen=True, slots=True)
class TcpConnection:
    """One of them, by its number in the run."""

    number: int
    group: ConnectionGroup


def connections_of(groups: Iterable[ConnectionGroup]) -> Iterator[TcpConnection]:
    """Every connection of a run, numbered from 0."""
    each = (group for group in groups for _ in range(group.count))
    return (TcpConnection(number, group) for number, group in enumerate(each))
