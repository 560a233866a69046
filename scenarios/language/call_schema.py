"""What a group of sessions says of its calls: when they arrive and end, when their ends talk, hold and restart."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from hostio.timing import S
from relay_app.calls import FOREVER, Arrival, Hold, Length, Restart, Talk
from results.run_files.validation import Field, Strict, checked
from scenarios.language.fields import call_length
from scenarios.language.readings import Reading, one_of, time_within
from scenarios.language.values import LONGEST_SPAN, Instant, PerSecond, ShortName, Span

NOTICED_AFTER_NS = 5 * S
"""The least mean time between the RTCP reports of a sender (RFC 3550 §6.2), by which others hear of its SSRC."""


def _time_or_never(least: str) -> Reading:
    """A time, ns, of at least `least`; or `never`, FOREVER."""
    time = time_within(least, LONGEST_SPAN)

    def read(value: object) -> object:
        try:
            return FOREVER if value == "never" else time(value)
        except ValueError as error:
            raise ValueError(f"{error}, or never") from error

    return Reading(read, {"anyOf": [time.schema, {"enum": ["never"]}]})


Holding: TypeAlias = Annotated[Length, checked(call_length("1ms"))]
Speech: TypeAlias = Annotated[Length, checked(call_length("100ms"))]
Notice: TypeAlias = Annotated[int, checked(_time_or_never("1ms"))]
NoiseInterval: TypeAlias = Annotated[int, checked(time_within("20ms", LONGEST_SPAN))]


class Arrivals(Strict):
    """How calls arrive, one by one."""

    rate: PerSecond | None = Field(default=None, examples=["10/s"])
    """At equal distances, so many a second."""
    poisson: PerSecond | None = Field(default=None, examples=["10/s"])
    """At random, so many a second in the mean (a Poisson process); those that would arrive after the end do not."""

    def arrival(self) -> Arrival | None:
        """The arrival that is given."""
        if self.poisson is not None:
            return Arrival(self.poisson, poisson=True)
        return None if self.rate is None else Arrival(self.rate)


class Talking(Strict):
    """Talkspurts and pauses in turn, as of ITU-T P.59, whose means are 1.004 s and 1.587 s. In a pause nothing is sent
    (silence suppression): sequence numbers go on, timestamps jump, and the marker opens each talkspurt (RFC 3551 §4.1).
    The first cluster's end begins with a talkspurt, the other with a pause."""

    spurt: Speech = Field(examples=["1s"])
    """Length of a talkspurt; or its mean: {exponential: 1.004s}."""
    pause: Speech = Field(examples=["1.6s"])
    """Length of a pause; or its mean: {exponential: 1.587s}."""
    comfort_noise: NoiseInterval | None = Field(default=None, alias="comfort-noise", examples=["200ms"])
    """Time between comfort noise packets in a pause (RFC 3389); unless given, none are sent."""

    def talk(self) -> Talk:
        """The speech."""
        return Talk(self.spurt, self.pause, self.comfort_noise)


class HeldCall(Strict):
    """A time in which the calls are on hold: neither end sends."""

    at: Instant = Field(examples=["4s"])
    """When it begins, after the media start."""
    lasts: Span = Field(alias="for", examples=["2s"])
    """How long it lasts; then the calls resume."""

    def hold(self) -> Hold:
        """The time."""
        return Hold(self.at, self.at + self.lasts)


class SenderRestart(Strict):
    """The senders of one cluster restart. They go on with other sequence numbers and timestamps, as a client does that
    was started anew; that is no pause of the speaker."""

    cluster: ShortName = Field(examples=["us-east"])
    """The cluster of the senders, one of the group's two."""
    at: Instant = Field(examples=["4s"])
    """When they stop, after the media start."""
    lasts: Span = Field(alias="for", examples=["500ms"])
    """How long they send nothing."""
    ssrc: Annotated[Literal["same", "new", "taken"], checked(one_of("same", "new", "taken"))] = "same"
    """Whether they keep their SSRCs; have new ones, of which the session directory knows; or take those of other
    streams (RFC 3550 §8.2). The directory keeps the records of these, so that relays send the packets of both senders
    to the listener of the other stream, which discards the foreign ones."""
    taken_from: ShortName | None = Field(default=None, alias="taken-from", examples=["moved"])
    """The group whose SSRCs are taken, those of its first cluster's senders, one session after the other; unless given,
    the first other group with relayed sessions that last all the time."""
    notices_after: Notice | None = Field(default=None, alias="notices-after", examples=["3s"])
    """How long after the restart they notice that their SSRC is taken, and go on with a new one, of which the session
    directory knows; or never. Unless given, 5s, after which the other sender's reports are heard (RFC 3550 §6.2). One
    that restarts with another SSRC before has none to notice."""

    @property
    def further_ssrcs(self) -> int:
        """How many SSRCs a sender has for it besides the one it had, at most."""
        if self.ssrc == "taken":
            return 1 if self.notices_after == FOREVER else 2
        return int(self.ssrc == "new")

    def restart(self, lender: str | None) -> Restart:
        """The restart; `lender`: the group whose SSRCs are taken, if they are."""
        over_ns = self.at + self.lasts
        after_ns = NOTICED_AFTER_NS if self.notices_after is None else self.notices_after
        fresh_ns = None if lender is None or after_ns == FOREVER else over_ns + after_ns
        return Restart(self.cluster, self.at, over_ns, self.ssrc == "new", lender, fresh_ns)
