"""Figures of `summary.json` on what loss makes of media: bursts, concealed seconds, speech quality, client timers."""

from __future__ import annotations

from dataclasses import dataclass

from results.metrics.figure_types import Count, NonNegative, Rating, Score, Share


@dataclass(frozen=True, slots=True)
class BurstFigures:
    """Bursts and gaps of lost packets (RFC 3611 section 4.7.2, Gmin 16), of all streams together. A burst begins and
    ends with a lost packet and has no 16 received ones in a row within; all else, with losses that stand alone, is gap.
    """

    number: Count
    """Bursts."""
    mean_ms: NonNegative | None
    """Mean length of a burst, ms of media; null: there was none."""
    longest_ms: NonNegative
    """Longest burst, ms of media; 0 if there was none."""
    density_percent: Share | None
    """Packets lost in bursts / packets in bursts, %; null: there was none."""
    gap_mean_ms: NonNegative | None
    """Mean length of a gap, ms of media; null: there was none."""
    gap_density_percent: Share | None
    """Packets lost in gaps / packets in gaps, %; null: there was none."""


@dataclass(frozen=True, slots=True)
class ConcealmentFigures:
    """Seconds in which lost media had to be concealed (RFC 7294), of all streams together, each counted from the first
    packet of its stream; those in which no packet was due are none."""

    seconds: Count
    """Seconds of streams."""
    concealed: Count
    """Of these, seconds in which a packet was lost."""
    severely_concealed: Count
    """Of these, seconds in which more than 50 ms of media were lost."""
    concealed_percent: Share | None
    """concealed / seconds, %."""
    severely_concealed_percent: Share | None
    """severely_concealed / seconds, %."""


@dataclass(frozen=True, slots=True)
class Ratings:
    """Ratings of streams, 93.2 at best for narrowband (G.711), 137.8 for fullband (Opus)."""

    p50: Rating | None
    """Median."""
    min: Rating | None
    """That of the worst stream."""


@dataclass(frozen=True, slots=True)
class Scores:
    """Mean opinion scores of streams, 1 to 4.5."""

    p50: Score | None
    """Median."""
    min: Score | None
    """That of the worst stream."""


@dataclass(frozen=True, slots=True)
class SpeechQuality:
    """Quality of a conversation by the E-model, of each stream as a whole, by its loss and its mean one-way latency:
    without jitter buffer and codec, whose delay is not in it. It says little of a single gap in a long call, and
    nothing of video. Null: no stream."""

    narrowband_r: Ratings
    """R by ITU-T G.107 with its default values, of G.711 with packet loss concealment; burst loss counts (BurstR)."""
    narrowband_mos: Scores
    """MOS of this."""
    fullband_r: Ratings
    """R by ITU-T G.107.2, of Opus; blind to whether packets are lost one by one or in a row."""
    fullband_mos: Scores
    """MOS of this, by R / 1.48."""


@dataclass(frozen=True, slots=True)
class TimerFigures:
    """Timers of clients that would have run out, by the interruptions: streams whose longest reached the time, and of
    consent sessions in either direction of which it did. No client that has them took part."""

    pion_disconnected: Count
    """Streams silent for 5 s: pion's ICE agent is disconnected."""
    jitsi_inactive: Count
    """Streams silent for 8 s: Jitsi's bridge takes the endpoint for inactive."""
    livekit_disconnected: Count
    """Streams silent for 10 s: LiveKit's ICE agent is disconnected."""
    livekit_failed: Count
    """Streams silent for 15 s: 5 s later, LiveKit's ICE agent has failed."""
    pion_failed: Count
    """Streams silent for 30 s: 25 s after it was disconnected, pion's ICE agent has failed."""
    consent_expired: Count
    """Sessions silent for 30 s in a direction: consent to send has expired (RFC 7675)."""
