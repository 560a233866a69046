"""The WebRTC calls in a scenario file as a strict model."""

from __future__ import annotations

from typing import Annotated

from hostio.timing import S
from results.run_files.validation import Field, Strict, checked
from scenarios.language.readings import WHOLE, time_within, within
from scenarios.language.values import Pair, ShortName


class Webrtc(Strict):
    """A group of WebRTC calls between peers made of aiortc, relayed by TURN servers alone, beside the sessions."""

    name: ShortName | None = None
    """Name of the group; unless given, webrtc and its number."""
    between: Pair = Field(examples=["[us-east, us-west]"])
    """The cluster of the peer that offers, and that of the other one."""
    count: Annotated[int, checked(within(WHOLE, "1", "10"))] = 1
    """Number of calls; each is a stream of Opus in either direction."""
    turn: tuple[ShortName, ...] = Field(strict=False, examples=["[us-central]"])
    """The clusters of the TURN servers: the first peer connection of a call is over the first one, and whenever consent
    has expired both peers begin another over the next. Each is the server of that cluster's relay."""
    consent: Annotated[int, checked(time_within("4s", "60s"))] = 30 * S
    """How long after its last answer a peer's consent to send expires (RFC 7675 §5.1: 30s)."""
