"""WebRTC calls beside the sessions, each relayed by TURN servers: which clusters they join. Pure data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from relay_app.ports import SIGNALLING_PORT

MOST_CALLS = 10
"""WebRTC calls of a scenario at most: each has two programs, which encode and decode in real time."""


@dataclass(frozen=True, slots=True)
class CallGroup:
    """`count` calls between a peer in cluster `a`, which offers, and one in cluster `b`.

    `turn`: the clusters of the TURN servers, in the order in which peer connections use them. `consent_ns`: how long
    after its last answer a peer's consent expires (RFC 7675).
    """

    name: str
    a: str
    b: str
    count: int
    turn: tuple[str, ...]
    consent_ns: int


@dataclass(frozen=True, slots=True)
class Call:
    """One call, by its number in the run and by its name."""

    number: int
    name: str
    group: CallGroup

    @property
    def port(self) -> int:
        """TCP port of its signalling."""
        return SIGNALLING_PORT + self.number

    def peer_name(self, cluster: str) -> str:
        """The name of its peer in a cluster, and of that peer's log."""
        return f"peer-{self.name}-{cluster}"


def calls_of(groups: Iterable[CallGroup]) -> Iterator[Call]:
    """Every call of a run, numbered from 0."""
    each = ((group, index) for group in groups for index in range(group.count))
    return (Call(number, f"{group.name}-{index:04d}", group) for number, (group, index) in enumerate(each))
