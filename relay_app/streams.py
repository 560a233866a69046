"""Sessions and their RTP streams, and long-lived TCP connections beside them: which clusters they join. Pure data.

One two-way session is two RTP streams, each with its own SSRC; a sender that restarts with another one adds a stream.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from types import MappingProxyType

from hostio.timing import MS, S
from relay_app.calls import ALL_THE_TIME, ALWAYS, Calls, Span, arrivals, life_of, spans_of_direction, ssrc_changes
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
    taken: int | None = None
    """The SSRC of another stream, which its packets have: `ssrc` then stands for it in our own records alone. None:
    they have its own."""

    @property
    def carried_ssrc(self) -> int:
        """The SSRC in its packets."""
        return self.ssrc if self.taken is None else self.taken

    @property
    def lane(self) -> int:
        """Which of the lanes carries it, 0 to 15."""
        return lane_of(self.carried_ssrc)


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
    every = tuple(groups)
    return _drawn(every, seed, _lent(every, seed))


def _lent(groups: Sequence[SessionGroup], seed: int) -> dict[str, tuple[int, ...]]:
    """The SSRCs that can be taken of each group of which any are: the first one of each session, from its first end."""
    lenders = {restart.taken_from for group in groups if group.calls for restart in group.calls.restarts} - {None}
    found: dict[str, dict[str, int]] = {name: {} for name in lenders if name is not None}
    if found:
        for stream, _ in _drawn(groups, seed, {}):
            found.get(stream.group, {}).setdefault(stream.session, stream.ssrc)
    return {name: tuple(own.values()) for name, own in found.items() if own}


def _drawn(groups: Iterable[SessionGroup], seed: int, lent: Mapping[str, Sequence[int]]) -> Iterator[Planned]:
    ssrcs = _distinct_ssrcs(Random(f"ssrc {seed}"))
    for group in groups:
        calls = group.calls or Calls()
        for index, arrival_ns in enumerate(arrivals(calls, group.name, group.count, seed)):
            session = f"{group.name}-{index:04d}"
            life = life_of(calls, session, arrival_ns, seed) if group.calls else ALL_THE_TIME
            takes = {name: own[index % len(own)] for name, own in lent.items()}
            yield from _of_session(group, session, life, seed, ssrcs, takes)


def _of_session(
    group: SessionGroup,
    session: str,
    life: tuple[int, int],
    seed: int,
    ssrcs: Iterator[int],
    takes: Mapping[str, int],
) -> Iterator[Planned]:
    """The streams of a session; one that does not take place has none, and draws its SSRCs all the same. `takes`: the
    SSRC that its senders take of a group that they take one of."""
    one_way, ways = group.calls is not None and group.calls.one_way, ((group.a, group.b), (group.b, group.a))
    for source, destination in ways[:1] if one_way else ways:
        changes = ssrc_changes(group.calls, source) if group.calls else ()
        own = list(itertools.islice(ssrcs, 1 + len(changes)))
        if life[0] >= life[1]:
            continue
        spans = ALWAYS
        if isinstance(group.own, Recording):
            spans = tuple(_talk_of(group.own, *life))
        elif group.calls:
            spans = spans_of_direction(group.calls, session, source, life, seed, second=source == group.b)
        taken = (None, *(takes.get(each.taken_from or "") for each in changes))
        for number, used in _in_turn(len(own), spans):
            ends = (group.name, source, destination)
            yield Stream(own[number], session, *ends, group.media, group.relayed, taken[number]), used


def _in_turn(ssrcs: int, spans: tuple[Span, ...]) -> Iterator[tuple[int, tuple[Span, ...]]]:
    """The number of each SSRC of a direction with its spans; of those without any the first alone."""
    if ssrcs == 1:
        yield 0, spans
        return
    for number in range(ssrcs):
        used = tuple(span for span in spans if span.ssrcs == number)
        if used or number == 0:
            yield number, used


def _talk_of(recording: Recording, from_ns: int, until_ns: int) -> Iterator[Span]:
    """When a recording that is played over and over is heard; between, its speaker pauses."""
    pauses = 0
    for round_ns in range(from_ns, until_ns, recording.period_ns):
        for number, (begins_ns, ends_ns) in enumerate(recording.talk):
            pauses += number > 0
            if round_ns + begins_ns < until_ns:
                heard_ns = round_ns + ends_ns + recording.interval_ns
                yield Span(round_ns + begins_ns, min(heard_ns, until_ns), pauses=pauses)


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
