"""What a scenario file says of sessions, and of the TCP connections beside them."""

from __future__ import annotations

from typing import Annotated, Literal

from relay_app.media_profiles import Profile, Recording
from relay_app.streams import KINDS
from results.run_files.validation import Field, Strict, checked
from scenarios.language.call_schema import Arrivals, HeldCall, Holding, SenderRestart, Talking
from scenarios.language.consents import ConsentTerms
from scenarios.language.media_schema import CaptureEntry, ProfileEntry, SessionMedia
from scenarios.language.permissions import PermissionTerms
from scenarios.language.readings import WHOLE, one_of, within
from scenarios.language.values import Flag, Instant, Pair, ShortName


class Sessions(Strict):
    """A group of sessions of one media profile."""

    name: ShortName | None = None
    """Name of the group; unless given, its media profile and number."""
    between: Pair = Field(examples=["[us-east, us-west]"])
    """The two clusters of the sessions' ends."""
    count: Annotated[int, checked(within(WHOLE, "1", "20000"))] = Field(examples=["100"])
    """Number of sessions; each is a stream in either direction."""
    media: Annotated[str | Profile | Recording | CaptureEntry, checked(SessionMedia(), ProfileEntry, CaptureEntry)] = (
        Field(examples=["voice"])
    )
    """The media profile, by its name or as a mapping; a capture that is played; or a program that publishes and
    decodes, and its codec, such as {ffmpeg: opus}."""
    path: Annotated[Literal["relayed", "direct"], checked(one_of("relayed", "direct"))] = "relayed"
    """Whether the media pass the relays of the two clusters, or go directly from client to client."""
    start: Instant = 0
    """When the sessions begin, after the media start; the first of them, if they arrive one by one."""
    end: Instant | None = None
    """When all sessions have ended; unless given, with the media."""
    arrival: Arrivals | None = Field(default=None, examples=["{rate: 10/s}"])
    """How the sessions arrive; unless given, all at once."""
    holding: Holding | None = Field(default=None, examples=["5s"])
    """How long each session lasts, or {exponential: 5s}, the mean; unless given, until the end."""
    talk: Talking | None = Field(default=None, examples=["{spurt: 1s, pause: 1.6s}"])
    """Speech with pauses; unless given, either end sends all the time."""
    hold: tuple[HeldCall, ...] = Field(default=(), strict=False)
    """The times in which the sessions are on hold."""
    restart: tuple[SenderRestart, ...] = Field(default=(), strict=False)
    """The restarts of senders."""
    one_way: Flag = Field(default=False, alias="one-way")
    """Whether only the first cluster's end sends."""
    permission: PermissionTerms | None = Field(default=None, examples=["{lifetime: 2s, refresh: 1s}"])
    """The permissions of the streams at the relays; unless given, relays forward without one."""
    consent: ConsentTerms | None = Field(default=None, examples=["{check: 500ms, expires: 3s, again: 500ms}"])
    """The consent of the clients to send; unless given, they send whether the other end answers or not."""


class Connections(Strict):
    """A group of long-lived TCP connections beside the media, dialled from the first cluster to the second."""

    name: ShortName | None = None
    """Name of the group; unless given, its kind."""
    kind: Annotated[str, checked(one_of(*KINDS))] = Field(examples=["signalling"])
    """What the connections carry."""
    between: Pair = Field(examples=["[us-east, us-west]"])
    """The cluster that opens the connections, and the one that accepts them."""
    count: Annotated[int, checked(within(WHOLE, "1", "1000"))] = Field(examples=["10"])
    """Number of connections."""
