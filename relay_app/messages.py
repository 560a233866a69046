"""What the runner asks of the media processes, besides Stop. Times: CLOCK_MONOTONIC ns."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MediaWindow:
    """To everyone: media are due at start_ns ≤ t < end_ns. Clients send them, peers keep their connections busy."""

    start_ns: int
    end_ns: int


@dataclass(frozen=True, slots=True)
class Prefetch:
    """To a relay: fetch the records of these streams as if they had been missed; it answers Prefetched."""

    ssrcs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Prefetched:
    """From a relay: how many of the streams asked for are in its cache now."""

    count: int


@dataclass(frozen=True, slots=True)
class StopSending:
    """To a client or a prober: send no packet any more; it answers Quiesced."""


@dataclass(frozen=True, slots=True)
class StopForwarding:
    """To a relay: leave every packet where it is; it answers Quiesced, or after a few seconds if it is deadlocked."""


@dataclass(frozen=True, slots=True)
class Quiesced:
    """It sends nothing any more; what arrives is still received, or waits in its sockets."""


@dataclass(frozen=True, slots=True)
class StartProbing:
    """To a prober: probe number n of each link is due at start_ns + n × interval."""

    start_ns: int


@dataclass(frozen=True, slots=True)
class StandingBy:
    """From a process that is to take the place of one that ends: it is ready to, and holds nothing yet."""


@dataclass(frozen=True, slots=True)
class TakeOver:
    """To a process that stands by: serve now; it answers Ready."""


@dataclass(frozen=True, slots=True)
class DelayAnswers:
    """To the directory's proxy: what the Redis behind it answers from now on goes out by so much later."""

    extra_ns: int


@dataclass(frozen=True, slots=True)
class AnswersDelayed:
    """From the directory's proxy: that is in force."""

    extra_ns: int
