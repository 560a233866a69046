"""Messages between the runner and the media processes, besides those of `hostio.control`. Times: CLOCK_MONOTONIC ns."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PrepareMedia:
    """To a relay, a client or the monitor: a media window of this length comes next. Answered by MediaPrepared."""

    duration_ns: int


@dataclass(frozen=True, slots=True)
class MediaPrepared:
    """From a process: what takes time is done, such as the first packets, and it waits for the MediaWindow at real-time
    priority. So it handles that before the media start on a busy machine, too."""


@dataclass(frozen=True, slots=True)
class MediaWindow:
    """To every process: media are due at start_ns ≤ t < end_ns. Clients send, connections carry requests."""

    start_ns: int
    end_ns: int


@dataclass(frozen=True, slots=True)
class Prefetch:
    """To a relay: fetch the records of these streams into the cache; it answers Prefetched."""

    ssrcs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Prefetched:
    """From a relay: how many of those streams are in its cache now."""

    count: int


@dataclass(frozen=True, slots=True)
class StopSending:
    """To a client or a prober: send no more packets; it answers Quiesced."""


@dataclass(frozen=True, slots=True)
class StopForwarding:
    """To a relay: forward no more packets. It answers Quiesced, after 3 s at the latest, deadlocked or not."""


@dataclass(frozen=True, slots=True)
class Quiesced:
    """From a process: it sends nothing any more. What arrives is still recorded, or waits in its sockets."""


@dataclass(frozen=True, slots=True)
class StartProbing:
    """To a prober: probe number n of each link is due at start_ns + n × interval."""

    start_ns: int


@dataclass(frozen=True, slots=True)
class StandingBy:
    """From a successor: it is ready to take the place of a process that ends, and has no socket open yet."""


@dataclass(frozen=True, slots=True)
class TakeOver:
    """To a successor: open the sockets and serve; it answers Ready."""


@dataclass(frozen=True, slots=True)
class DelayAnswers:
    """To a proxy: delay what comes from now on by this much, answers or messages, as the proxy says."""

    extra_ns: int


@dataclass(frozen=True, slots=True)
class AnswersDelayed:
    """From a proxy: the delay is applied."""

    extra_ns: int
