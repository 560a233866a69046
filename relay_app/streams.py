"""Sessions and their RTP streams, and long-lived TCP connections beside them: which clusters they join. Pure data.

One two-way session is two RTP streams, each with its own SSRC; a sender that restarts with a new one adds a stream.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from types import MappingProxyType

from hostio.timing import MS, S
from relay_app.calls import ALL_THE_TIME, ALWAYS, Calls, Span, arrivals, life_of, spans_of_direction
from relay_app.consent import Consent
from relay_app.media_profiles import PROFILES, Media, Recording
from relay_app.refreshes import REFRESH_SSRCS, Permission

RESERVED_SSRCS = range(0xCA00_0000, 0xCA01_0000)
"""SSRCs of canaries; no session has one, nor one of REFRESH_SSRCS."""


@dataclass(frozen=True, slots=True)
class SessionGroup:
    """`count` two-way sessions of one media profile between two clusters."""

    name: str
    a: str
    b: str
    count: int
    media: str
    """Name of what its streams carry."""
    relayed: bool = True
    """Over the relays at both ends; otherwise directly from client to client."""
    calls: Calls | None = None
    """When its calls are and when their ends send; None: either end of each sends as long as media flow."""
    permission: Permission | None = None
    """Of each stream at the relays that forward it; None: they forward it without one."""
    own: Media | None = None
    """What its streams carry, if no other group has media of that name."""
    consent: Consent | None = None
    """Of each stream's client to send it; None: it sends whether anybody answers or not."""


@dataclass(frozen=True, slots=True)
class Stream:
    """One direction of a session: the RTP packets of one SSRC."""

    ssrc: int
    session: str
    group: str
    source: str
    destination: str
    media: str
    relayed: bool = True

    @property
    def lane(self) -> int:
        """Which of the lanes carries it, 0 to 15."""
        return lane_of(self.ssrc)


def media_of(groups: Iterable[SessionGroup]) -> dict[str, Media]:
    """The media that our clients send, by name: the named profiles, and what groups have of their own."""
    return {**PROFILES, **{group.media: group.own for group in groups if group.own is not None}}


def lane_of(ssrc: int) -> int:
    """The lane of an SSRC: the upper 4 bits of its Fibonacci hash, which spreads consecutive SSRCs evenly."""
    return (ssrc * 0x9E3779B1 & 0xFFFFFFFF) >> 28


def streams_of(groups: Iterable[SessionGroup], seed: int) -> tuple[Stream, ...]:
    """All streams of every session that takes place, with distinct random SSRCs (RFC 3550 §8.1) that depend on groups
    and seed alone; those of one direction of a session follow each other in the order of their times."""
    return tuple(stream for stream, _ in _planned(groups, seed))


def spans_of(groups: Iterable[SessionGroup], seed: int) -> dict[int, tuple[Span, ...]]:
    """When each stream has packets, by SSRC, without streams that have packets all the time."""
    return {stream.ssrc: spans for stream, spans in _planned(groups, seed) if spans != ALWAYS}


Planned = tuple[Stream, tuple[Span, ...]]
"""A stream, and when it has packets."""


def _planned(groups: Iterable[SessionGroup], seed: int) -> Iterator[Planned]:
    ssrcs = _distinct_ssrcs(Random(f"ssrc {seed}"))
    for group in groups:
        calls = group.calls or Calls()
        for index, arrival_ns in enumerate(arrivals(calls, group.name, group.count, seed)):
            session = f"{group.name}-{index:04d}"
            life = life_of(calls, session, arrival_ns, seed) if group.calls else ALL_THE_TIME
            yield from _of_session(group, session, life, seed, ssrcs)


def _of_session(
    group: SessionGroup, session: str, life: tuple[int, int], seed: int, ssrcs: Iterator[int]
) -> Iterator[Planned]:
    """The streams of a session; one that does not take place has none, and draws its SSRCs all the same."""
    one_way, ways = group.calls is not None and group.calls.one_way, ((group.a, group.b), (group.b, group.a))
    for source, destination in ways[:1] if one_way else ways:
        own = list(itertools.islice(ssrcs, _ssrcs_of(group.calls, source) if group.calls else 1))
        if life[0] >= life[1]:
            continue
        spans = ALWAYS
        if isinstance(group.own, Recording):
            spans = tuple(_talk_of(group.own, *life))
        elif group.calls:
            spans = spans_of_direction(group.calls, session, source, life, seed, second=source == group.b)
        for ssrc, used in _in_turn(own, spans):
            yield Stream(ssrc, session, group.name, source, destination, group.media, group.relayed), used


def _in_turn(ssrcs: Sequence[int], spans: tuple[Span, ...]) -> Iterator[tuple[int, tuple[Span, ...]]]:
    """Each SSRC of a direction with its spans; of those without any the first alone."""
    if len(ssrcs) == 1:
        yield ssrcs[0], spans
        return
    for number, ssrc in enumerate(ssrcs):
        used = tuple(span for span in spans if span.ssrcs == number)
        if used or number == 0:
            yield ssrc, used


def _talk_of(recording: Recording, from_ns: int, until_ns: int) -> Iterator[Span]:
    """When a recording that is played over and over is heard; between, its speaker pauses."""
    pauses = 0
    for round_ns in range(from_ns, until_ns, recording.period_ns):
        for number, (begins_ns, ends_ns) in enumerate(recording.talk):
            pauses += number > 0
            if round_ns + begins_ns < until_ns:
                heard_ns = round_ns + ends_ns + recording.interval_ns
                yield Span(round_ns + begins_ns, min(heard_ns, until_ns), pauses=pauses)


def _ssrcs_of(calls: Calls, source: str) -> int:
    """SSRCs that a direction of a call has in turn."""
    return 1 + sum(each.new_ssrc and each.cluster == source for each in calls.restarts)


def _distinct_ssrcs(random: Random) -> Iterator[int]:
    taken = {0}
    while True:
        ssrc = random.getrandbits(32)
        if ssrc not in taken and ssrc not in RESERVED_SSRCS and ssrc not in REFRESH_SSRCS:
            taken.add(ssrc)
            yield ssrc


@dataclass(frozen=True, slots=True)
class ConnectionKind:
    """Traffic of a connection: a request every `interval_ns`, and an answer to each; lengths in bytes."""

    interval_ns: int
    request_bytes: int
    answer_bytes: int


KINDS: Mapping[str, ConnectionKind] = MappingProxyType(
    {
        "signalling": ConnectionKind(S, 400, 200),
        "agent": ConnectionKind(200 * MS, 1200, 64),
    }
)
"""Signalling: an event of a realtime API and its acknowledgement, once a second. Agent: five messages a second, each
acknowledged."""


@dataclass(frozen=True, slots=True)
class ConnectionGroup:
    """`count` connections of one kind, each opened from cluster `a` to cluster `b`."""

    name: str
    a: str
    b: str
    count: int
    kind: str


@dataclass(frozen=True, slots=True)
class TcpConnection:
    """One connection, by its number in the run."""

    number: int
    group: ConnectionGroup


def connections_of(groups: Iterable[ConnectionGroup]) -> Iterator[TcpConnection]:
    """Every connection of a run, numbered from 0."""
    each = (group for group in groups for _ in range(group.count))
    return (TcpConnection(number, group) for number, group in enumerate(each))
