"""The media figures of `summary.json`: interruptions, loss and delay.

Times are seconds since the media start; None (null) is unknown, or nothing to measure. A direction is one RTP stream:
one direction of one session. `python -m scenarios.cli.schemas` generates `summary.schema.json` from these types and
docstrings.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from results.metrics.figure_types import Count, LengthQuantiles, NonNegative, Quantiles, Share, TwoClusters
from results.metrics.quality_types import BurstFigures, ConcealmentFigures, SpeechQuality, TimerFigures


@dataclass(frozen=True, slots=True)
class OrderFigures:
    """Order of arrival (RFC 4737), by the order of sending; of a packet that came more than once the first copy
    counts."""

    reordered: Count
    """Packets out of order: sent before one that had arrived (section 3.3). They are neither lost nor an
    interruption."""
    reordered_percent: Share | None
    """reordered / packets received, % (section 4.1); null: none were."""
    extent: LengthQuantiles
    """Of those out of order: how many arrivals ago the first came that was sent later (section 4.2), which is how many
    packets a receiver must hold to put it in its place; null: none was."""
    late_ms: LengthQuantiles
    """Of those out of order: how long ago that was, ms (late time, section 4.3), which is what a jitter buffer must add
    to play it; null: none was."""
    n_reordering: Count
    """Largest n for which a packet is n-reordered: the n arrivals before it were all sent later (section 5.3)."""
    three_reordered: Count
    """Packets that are 3-reordered, which TCP takes for lost (section 5.4)."""
    after_gap: Count
    """Of those out of order, late after a gap: the packet that first overtook it had ended a silence of 2.5 nominal
    packet intervals or more, so that a listener had missed it before."""


@dataclass(frozen=True, slots=True)
class FrameFigures:
    """Frames of video that our clients sent: the packets of a stream with one timestamp. All 0 of other media, and of
    video of other programs."""

    sent: Count
    """Frames of which all packets were sent; sent = whole + lost + those under way when the media ended."""
    whole: Count
    """Of these, frames of which all packets arrived."""
    lost: Count
    """Of these, frames of which a packet was lost."""
    key_sent: Count
    """Of these, key frames; of a capture none is known."""
    key_lost: Count
    """Key frames of which a packet was lost."""
    freezes: Count
    """Intervals between two frames shown in turn that are at least 3 times the average of the last 30, and 150 ms more
    than it (W3C webrtc-stats, freezeCount). A frame is shown when its last packet arrives. A pause of the sender is no
    part of one; a freeze that lasts when the media end counts until then (right-censored)."""
    freeze_ms: LengthQuantiles
    """Length of a freeze; null: there was none."""
    frozen_ms: NonNegative
    """Sum of the freezes, ms (totalFreezesDuration)."""


@dataclass(frozen=True, slots=True)
class Media:
    """All measured streams together."""

    sessions: Count
    """Two-way sessions."""
    hit_sessions: Count
    """Sessions with an interruption of a second or more in either direction."""
    hit_percent: Share | None
    """hit_sessions / sessions, %."""
    directions: Count
    """Streams recorded at both ends."""
    interrupted_directions: Count
    """Of these, streams with at least one interruption."""
    still_interrupted: Count
    """Of these, streams silent when the media ended; their interruption lasts at least until then (right-censored)."""
    interruptions: Count
    """Interruptions of all streams; two gaps are two interruptions. A silence that lost no packet is one only if it is
    longer than the delay variation of the emulated links explains; else it is a pause."""
    interruption_ms: LengthQuantiles
    """Length of an interruption: last packet before to first packet after, timestamp method (RFC 6201 section 1.3,
    RFC 6412). A silence counts from 2.5 nominal packet intervals, that is two missing packets in a row. Null: nothing
    was interrupted."""
    loss_derived_ms: LengthQuantiles
    """Length of the same interruptions by the loss method (RFC 6201 section 1.3, RFC 6412): packets lost over the rate
    of the stream. It is shorter than by timestamps, by up to a packet interval, and by what a longer path or a relay
    that held packets added, and 0 if all came late; its resolution is `resolution_ms` too."""
    dropped_calls: Count
    """Sessions with an interruption of 10 s or more in either direction, at which people hang up (ITU-T E.855)."""
    dropped_calls_percent: Share | None
    """dropped_calls / sessions, %."""
    timers: TimerFigures
    """Timers of clients that would have run out."""
    pauses: Count
    """Pauses of all streams: silences of as long in which no packet was lost and which, less the most by which the
    plan's delays, jitter, reordering, queues and paths can have parted two packets in sequence, are shorter than 2.5
    nominal packet intervals. They are no interruptions, and nothing else in this document counts them."""
    longest_pause_ms: NonNegative
    """Longest pause, ms; 0 if there was none."""
    speaker_pauses: Count
    """Pauses of speakers between packets of their speech: of talk, hold and resume. They are no interruptions, and an
    interruption does not last longer for one that it met at either end."""
    outages_in_speaker_pauses: Count
    """How often a fault that loses packets, on a link on a stream's path, began and ended within such a pause of its
    speaker: no interruption either."""
    resolution_ms: NonNegative | None
    """Resolution of an interruption's length: the nominal packet interval, ms (RFC 6413 section 6.1.3); of several
    media the coarsest."""
    recovery_lag_ms: NonNegative | None
    """From the end of the last fault until the last stream was restored, ms; at least until the media end if one is
    still interrupted; 0 if all were restored before; null without a fault."""
    one_way_ms: Quantiles
    """One-way latency of the first copy of each packet, ms: send time in its header extension to the kernel's receive
    timestamp, one clock for all hosts."""
    added_ms: Quantiles
    """One-way latency less the nominal delays of the links that the packet's path log names, ms: what relays, switches,
    queues and faults added."""
    jitter_ms: Quantiles
    """Interarrival jitter over all packets received, ms: the running estimate J (RFC 3550 section 6.4.1), from
    transmission times."""
    sent: Count
    """Packets sent; sent = received + lost + in_flight."""
    received: Count
    """Of these, packets of which at least one copy was received."""
    lost: Count
    """Of these, packets that did not arrive and were not in flight."""
    in_flight: Count
    """Packets not received that were sent so late that they may have been under way when the media ended: within the
    largest one-way latency seen, at most 1 s."""
    duplicates: Count
    """Further copies received."""
    collided: Count
    """Packets of other senders that reached the listeners of these streams, whose SSRC those had taken at a restart;
    the listener discards them (RFC 3550 section 8.2). They are lost to their own listener, and count nowhere else."""
    loss_percent: Share | None
    """lost / (received + lost), %."""
    order: OrderFigures
    """Packets out of order."""
    frames: FrameFigures
    """Frames of video."""
    bursts: BurstFigures
    """Bursts and gaps of lost packets."""
    concealment: ConcealmentFigures
    """Seconds in which media had to be concealed."""
    quality: SpeechQuality
    """Speech quality by the E-model."""
    gave_up: Count | None
    """Streams that their clients gave up for want of consent, at least once; null: none of them needs consent."""
    longest_given_up_ms: NonNegative | None
    """Longest time for which a stream was given up, ms; until the media end, if it was not sent again (right-censored);
    0 if none was; null as above."""
    reroutes: Count
    """Reroutes, of paced ones each step, that moved at least one of these streams; the list `reroutes` has those that
    moved none as well."""


@dataclass(frozen=True, slots=True)
class PairRow:
    """The streams from one cluster to another."""

    source: str
    """Sending cluster."""
    destination: str
    """Receiving cluster."""
    directions: Count
    """Streams."""
    interrupted: Count
    """Of these, interrupted at least once."""
    still_interrupted: Count
    """Of these, silent when the media ended."""
    interruption_ms: LengthQuantiles
    """As media.interruption_ms, of these streams."""
    loss_derived_ms: LengthQuantiles
    """As media.loss_derived_ms, of these streams."""
    pauses: Count
    """As media.pauses, of these streams."""
    sent: Count
    """Packets sent."""
    received: Count
    """Packets received, duplicates not counted."""
    lost: Count
    """Packets lost."""
    duplicates: Count
    """Further copies received."""
    order: OrderFigures
    """As media.order, of these streams."""
    frames: FrameFigures
    """As media.frames, of these streams."""
    bursts: BurstFigures
    """As media.bursts, of these streams."""
    concealment: ConcealmentFigures
    """As media.concealment, of these streams."""
    quality: SpeechQuality
    """As media.quality, of these streams."""
    one_way_ms: Quantiles
    """One-way latency, ms."""


@dataclass(frozen=True, slots=True)
class GroupRow:
    """A group of sessions."""

    name: str
    """Name of the group."""
    between: TwoClusters
    """The two clusters."""
    path: Literal["relayed", "direct"]
    """Over relays, or from client to client."""
    sessions: Count
    """Sessions of the group."""
    hit: Count
    """Of these, sessions with an interruption of a second or more in either direction."""
    longest_ms: NonNegative
    """Longest interruption of the group, ms; 0 if there was none."""
    dropped_calls: Count
    """As media.dropped_calls, of these sessions."""
    timers: TimerFigures
    """As media.timers, of these sessions."""
    duplicates: Count
    """Further copies received."""
    order: OrderFigures
    """As media.order, of these sessions."""
    frames: FrameFigures
    """As media.frames, of these sessions."""
    bursts: BurstFigures
    """As media.bursts, of these sessions."""
    concealment: ConcealmentFigures
    """As media.concealment, of these sessions."""
    quality: SpeechQuality
    """As media.quality, of these sessions."""
    gave_up: Count | None
    """As media.gave_up, of these sessions."""
    longest_given_up_ms: NonNegative | None
    """As media.longest_given_up_ms, of these sessions."""


@dataclass(frozen=True, slots=True)
class WitnessRow:
    """What the decoder of a stream of another program showed; the verdict stays with the packets."""

    session: str
    """Name of the session."""
    source: str
    """Cluster of the publisher."""
    destination: str
    """Cluster of the decoder."""
    media: str
    """The program and the codec."""
    gaps_ms: list[float]
    """Lengths of the stream's interruptions by its packets, ms, in order; without one before the first packet."""
    decoded_ms: list[float] | None
    """Lengths of the silences or freezes that the decoder found, ms, in order; null: its log is not there."""
    furthest_off_ms: float | None
    """Largest difference between an interruption of 200 ms or more and what was decoded of it, ms; null: there was
    none."""
    agrees: bool | None
    """Whether each of these was decoded as a gap of its length, within 60 ms, and none was decoded without; null: not
    known."""
