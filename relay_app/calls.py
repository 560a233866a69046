"""When the calls of a group of sessions begin and end, and when either end sends: pure functions of the run's seed.

Times are ns since the media start. All draws are made from the seed and a name, so that the packets of every stream are
known before the run, and a call does not change when another group is added.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import NamedTuple

from hostio.timing import S

FOREVER = 1 << 62
"""End of what does not end before the media."""


@dataclass(frozen=True, slots=True)
class Length:
    """A length of time: always `mean_ns`, or drawn from the exponential distribution of that mean."""

    mean_ns: int
    exponential: bool = False

    def drawn(self, random: Random) -> int:
        """A length, ns; at least 1."""
        return max(1, round(-self.mean_ns * math.log1p(-random.random()))) if self.exponential else self.mean_ns


@dataclass(frozen=True, slots=True)
class Arrival:
    """How calls arrive one by one: at equal distances or, if `poisson`, at exponential ones; `per_s` a second."""

    per_s: float
    poisson: bool = False


@dataclass(frozen=True, slots=True)
class Talk:
    """On-off speech with silence suppression, as of ITU-T P.59: talkspurts and pauses in turn. `noise_ns`: time between
    comfort noise packets in a pause (RFC 3389); None: nothing is sent."""

    spurt: Length
    pause: Length
    noise_ns: int | None = None


@dataclass(frozen=True, slots=True)
class Hold:
    """Both ends of a call send nothing from `at_ns` to `until_ns` (inactive, RFC 3264 §8.4)."""

    at_ns: int
    until_ns: int


@dataclass(frozen=True, slots=True)
class Restart:
    """The senders at `cluster` stop at `at_ns`, and go on at `until_ns` with other sequence numbers and timestamps, and
    with another SSRC if `new_ssrc`.

    `taken_from`: the group whose streams have had the SSRCs with which they go on, until they notice that (RFC 3550
    §8.2) and take new ones at `fresh_ns`; None: never.
    """

    cluster: str
    at_ns: int
    until_ns: int
    new_ssrc: bool = False
    taken_from: str | None = None
    fresh_ns: int | None = None


class SsrcChange(NamedTuple):
    """A sender goes on with another SSRC from `at_ns` on: a new one, or one of the group `taken_from`."""

    at_ns: int
    taken_from: str | None = None


@dataclass(frozen=True, slots=True)
class Calls:
    """The calls of a group. They arrive from `start_ns` on, and end at `end_ns` at the latest.

    `arrival` None: all at `start_ns`; `holding` None: each until `end_ns`; `talk` None: either end sends all the time.
    `one_way`: the second end sends nothing.
    """

    start_ns: int = 0
    end_ns: int = FOREVER
    arrival: Arrival | None = None
    holding: Length | None = None
    talk: Talk | None = None
    holds: tuple[Hold, ...] = field(default=())
    restarts: tuple[Restart, ...] = field(default=())
    one_way: bool = False


@dataclass(frozen=True, slots=True)
class Span:
    """A time in which a stream has packets; `noise_ns`, unless 0: comfort noise only, at this interval.

    What came before it in its direction of the call: `pauses` of the speaker, `missed_ns` of speech that restarts cost,
    `restarts` of the sender, the last of which ended at `restarted_ns`; `ssrcs`: changes of its SSRC.
    """

    from_ns: int
    until_ns: int
    noise_ns: int = 0
    pauses: int = 0
    missed_ns: int = 0
    restarts: int = 0
    ssrcs: int = 0
    restarted_ns: int = 0


ALL_THE_TIME = (0, FOREVER)
"""The life of a call that begins and ends with the media."""

ALWAYS: tuple[Span, ...] = (Span(*ALL_THE_TIME),)
"""The spans of a stream in one, where nothing is said of talk."""


class _Piece(NamedTuple):
    from_ns: int
    until_ns: int
    noise_ns: int = 0


def arrivals(calls: Calls, name: str, count: int, seed: int) -> Iterator[int]:
    """When each call of the group of this name arrives, ns, in order; it does not take place from `end_ns` on."""
    if calls.arrival is None:
        yield from itertools.repeat(calls.start_ns, count)
    elif not calls.arrival.poisson:
        yield from (calls.start_ns + round(index * S / calls.arrival.per_s) for index in range(count))
    else:
        random, mean = Random(f"arrivals {seed} {name}"), Length(round(S / calls.arrival.per_s), exponential=True)
        between = (mean.drawn(random) for _ in range(count))
        yield from (calls.start_ns + since_ns for since_ns in itertools.accumulate(between))


def life_of(calls: Calls, session: str, arrival_ns: int, seed: int) -> tuple[int, int]:
    """From when until when a call lasts, ns; it is over before it began if it does not take place."""
    held_ns = calls.holding.drawn(Random(f"holding {seed} {session}")) if calls.holding else FOREVER
    return arrival_ns, min(arrival_ns + held_ns, calls.end_ns)


def spans_of_direction(
    calls: Calls, session: str, source: str, life: tuple[int, int], seed: int, *, second: bool
) -> tuple[Span, ...]:
    """The spans of a call in the direction from `source`, in order.

    Its first end begins with a talkspurt, the `second` with a pause, as if the first had called out.
    """
    pieces = list(_pieces(calls.talk, life, Random(f"talk {seed} {session} {source}"), second=second))
    for hold in calls.holds:
        pieces = [part for piece in pieces for part in _without(piece, hold.at_ns, hold.until_ns)]
    return tuple(_spans(pieces, _restarts_of(calls, source), ssrc_changes(calls, source)))


def ssrc_changes(calls: Calls, source: str) -> tuple[SsrcChange, ...]:
    """The changes of SSRC of the senders at `source`, in order. One that restarts with another SSRC before it notices
    that it has a taken one has none to notice."""
    restarts = [each for each in _restarts_of(calls, source) if each.new_ssrc or each.taken_from]
    found = []
    for restart, following in itertools.zip_longest(restarts, restarts[1:]):
        found.append(SsrcChange(restart.at_ns, restart.taken_from))
        if restart.fresh_ns is not None and (following is None or restart.fresh_ns < following.at_ns):
            found.append(SsrcChange(restart.fresh_ns))
    return tuple(found)


def _restarts_of(calls: Calls, source: str) -> list[Restart]:
    return sorted((each for each in calls.restarts if each.cluster == source), key=lambda each: each.at_ns)


def _pieces(talk: Talk | None, life: tuple[int, int], random: Random, *, second: bool) -> Iterator[_Piece]:
    """Talkspurts and, with comfort noise, the pauses between them, cut off at the end of the call."""
    at_ns, end_ns = life
    if talk is None:
        yield from (_Piece(at_ns, end_ns),) if at_ns < end_ns else ()
        return
    speaking = not second
    while at_ns < end_ns:
        until_ns = min(at_ns + (talk.spurt if speaking else talk.pause).drawn(random), end_ns)
        if speaking or talk.noise_ns is not None:
            yield _Piece(at_ns, until_ns, 0 if speaking else talk.noise_ns or 0)
        at_ns, speaking = until_ns, not speaking


def _without(piece: _Piece, from_ns: int, until_ns: int) -> Iterator[_Piece]:
    """What is left of a piece without a time."""
    for part in (
        piece._replace(until_ns=min(piece.until_ns, from_ns)),
        piece._replace(from_ns=max(piece.from_ns, until_ns)),
    ):
        if part.from_ns < part.until_ns:
            yield part


def _spans(pieces: Iterable[_Piece], restarts: list[Restart], changes: Sequence[SsrcChange]) -> Iterator[Span]:
    """The pieces without the silences of restarts, in parts where the SSRC changes, each with what came before it."""
    cuts = [*((each.at_ns, each.until_ns) for each in restarts), *((each.at_ns, each.at_ns) for each in changes)]
    missed_ns = 0
    for pauses, piece in enumerate(pieces):
        parts = [piece]
        for cut in cuts:
            parts = [left for part in parts for left in _without(part, *cut)]
        heard_ns = 0
        for part in parts:
            before = [each for each in restarts if each.at_ns <= part.from_ns]
            lost_ns = 0 if piece.noise_ns else part.from_ns - piece.from_ns - heard_ns
            ssrcs = sum(each.at_ns <= part.from_ns for each in changes)
            yield Span(
                part.from_ns,
                part.until_ns,
                piece.noise_ns,
                pauses,
                missed_ns + lost_ns,
                len(before),
                ssrcs,
                before[-1].until_ns if before else 0,
            )
            heard_ns += part.until_ns - part.from_ns
        missed_ns += 0 if piece.noise_ns else piece.until_ns - piece.from_ns - heard_ns
