"""The figures of `summary.json` on what goes beside the sessions: TCP connections and WebRTC calls.

None (null) is unknown, or nothing to measure.
"""

from __future__ import annotations

from dataclasses import dataclass

from results.metrics.figure_types import Count, LengthQuantiles, NonNegative, Quantiles, TwoClusters


@dataclass(frozen=True, slots=True)
class ConnectionFigures:
    """A group of TCP connections."""

    between: TwoClusters
    """The two clusters."""
    connections: Count
    """Connections of the group."""
    requests: Count
    """Requests sent."""
    answered: Count
    """Requests answered."""
    lost: Count
    """Requests whose connection broke before the answer."""
    response_ms: LengthQuantiles
    """Time from a request to its answer, ms."""
    longest_wait_ms: NonNegative | None
    """Longest wait for an answer, ms; for a request without one, until the last request was sent (right-censored)."""


@dataclass(frozen=True, slots=True)
class WebrtcFigures:
    """A group of WebRTC calls over TURN servers, by the packets that left the hosts of the peers and arrived there."""

    between: TwoClusters
    """The cluster of the peer that offers, and that of the other one."""
    turn: list[str]
    """The clusters of the TURN servers, in the order of their use."""
    calls: Count
    """Calls of the group."""
    restarts: Count
    """Peer connections that were begun in the place of one without consent, and connected."""
    sent: Count
    """RTP packets that left the hosts of the peers."""
    received: Count
    """Of these, those that arrived at the other peer's host."""
    lost: Count
    """Those that did not."""
    lost_after_last: Count
    """Of the lost, those sent after the last packet of their stream that arrived: no receiver can know of them."""
    received_by_server: dict[str, Count]
    """Those received, by the cluster of the TURN server that they came from."""
    one_way_ms: Quantiles
    """From leaving one host to arriving at the other."""
    longest_interruption_ms: NonNegative | None
    """Longest time between two packets that a peer received, over one peer connection or two; if it received none any
    more, until the media end (right-censored). Null: it never received any."""
    still_interrupted: Count
    """Directions in which nothing arrived in the last second of the media."""
    noticed_ms: NonNegative | None
    """Longest time from the last packet that a peer received over a peer connection until its consent had expired;
    null: it never did."""
    stats_lost: int | None
    """Sum of packetsLost over all inbound-rtp of getStats() at the end of the call; null: not all peers told."""
    stats_off: Count | None
    """Sum over the streams of the difference between packetsLost and the lost without lost_after_last; null: as above.
    """
