"""The detector `receiver-reports`: links and relays, by the media that clusters send and hear over them. Pure.

It adds no traffic, and finds what probes and canaries do not meet: a link that swallows some flows, a relay that
forwards canaries and not calls. Media tell of a path only while every link on it is clean. If nothing is heard, they
are compared with other media of the same ends: where a cluster is not heard by anybody, or hears nobody, no path is to
blame.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from typing import Literal, TypeAlias

from controller.decisions import HealthChange
from controller.detectors.lane_media import Finding, Judgement, LaneMedia, Terms
from controller.health import Health, MonitoredPath, ObservedRelay, State
from controller.messages import Evidence, LanePaths
from controller.moves import Relays
from controller.settings import ControllerSettings
from relay_app.media_report import MediaReport
from topologies.model import Direction, Topology

Found: TypeAlias = Finding | Literal["left"]
"""Left: no lane takes the path any more."""

_WORST_FIRST: tuple[Finding, ...] = ("unheard", "heard in part", "heard")

TRANSITIONS: dict[tuple[State, Found], State] = {
    ("unknown", "heard"): "clean",
    ("unknown", "heard in part"): "degraded",
    ("unknown", "unheard"): "down",
    ("unknown", "left"): "unknown",
    ("clean", "heard"): "clean",
    ("clean", "heard in part"): "degraded",
    ("clean", "unheard"): "down",
    ("clean", "left"): "unknown",
    ("degraded", "heard"): "clean",
    ("degraded", "heard in part"): "degraded",
    ("degraded", "unheard"): "down",
    ("degraded", "left"): "unknown",
    ("down", "heard"): "clean",
    ("down", "heard in part"): "degraded",
    ("down", "unheard"): "down",
    ("down", "left"): "unknown",
}
"""Media tell nothing of a path that they left some time ago, which is as long as a silence must be. A relay is then
used again after the hold-down time. A link that is unknown here is clean, because all others find it so, and is used
again after the wait-to-restore time."""


class ReceiverReportDetector:
    """Every relay and link that media take; what reasons say of silence is of one pair of clusters, the worst off."""

    def __init__(self, topology: Topology, settings: ControllerSettings) -> None:
        self._topology = topology
        self._one_way = settings.one_way
        self._terms = Terms.of(settings)
        self._names = {cluster.ordinal: cluster.name for cluster in topology.clusters}
        self._media = {ends: LaneMedia(self._terms) for ends in topology.paths}
        self._findings: dict[Direction, Mapping[Relays, Judgement]] = {}
        self._healths: dict[MonitoredPath, Health] = {}
        self._unheard_ns: dict[Direction, int] = {}
        """When the media between two ends were found unheard on the direct path, until something is heard again."""
        self._left_ns: dict[MonitoredPath, int] = {}
        """Since when no media take a path that was found bad."""
        self._reported: set[Direction] = set()
        """The ends whose media were counted since the last tick."""
        self._moved = False
        self._from_ns = 0
        self.known = True
        """Nobody waits for media."""

    def begin(self, now_ns: int) -> list[HealthChange]:
        """Judge media from now on."""
        self._from_ns = now_ns
        return []

    def observe(self, evidence: Evidence, now_ns: int) -> list[HealthChange]:  # noqa: ARG002 (protocol)
        """A client counted its media, or lanes change path."""
        if isinstance(evidence, LanePaths):
            for pair, paths in evidence.paths.items():
                self._media[pair].take(paths, evidence.at_ns)
                if not self._one_way:
                    self._media[pair.reversed()].take([relays[::-1] for relays in paths], evidence.at_ns)
            self._moved = True
        if isinstance(evidence, MediaReport):
            own = self._names[evidence.cluster]
            for ordinal, counts in evidence.lanes.items():
                there = Direction(own, self._names[ordinal])
                self._media[there].sent(evidence.at_ns, counts.sent)
                self._media[there.reversed()].heard(evidence.at_ns, counts.heard)
                self._reported.add(there.reversed())
        return []

    def resume(self, now_ns: int) -> None:
        """Distrust what was counted while nobody looked."""
        self._from_ns = now_ns

    def tick(self, now_ns: int, links: Mapping[Direction, Health]) -> list[HealthChange]:
        """Judge the media that were counted since the last tick."""
        if not self._reported and not self._moved:
            return []
        for ends in self._reported:
            self._findings[ends] = dict(self._judged(ends, links))
        for ends in self._findings if self._moved else ():
            taken = self._media[ends].paths
            self._findings[ends] = {path: each for path, each in self._findings[ends].items() if path in taken}
        self._reported, self._moved = set(), False
        return [*self._changes(now_ns)]

    @property
    def health(self) -> Mapping[MonitoredPath, Health]:
        """Of the relays that media go over, and of the links that were ever found bad."""
        return self._healths

    def _judged(self, ends: Direction, links: Mapping[Direction, Health]) -> Iterator[tuple[Relays, Judgement]]:
        media = self._media[ends]
        for path in media.paths:
            way = (ends.source, *path, ends.destination)
            since_ns = self._clean_since_ns(self._topology.hops(*way), links)
            found = None if since_ns is None else media.judge(path, self._topology.one_way_ns(*way), since_ns)
            if found:
                yield path, found

    def _clean_since_ns(self, hops: Iterable[Direction], links: Mapping[Direction, Health]) -> int | None:
        """Since when all links on a way are clean but for what is found here; None if one is not."""
        since_ns = self._from_ns
        for hop in hops:
            if links[hop].state != "clean" and not self._blamed(hop):
                return None
            since_ns = max(since_ns, links[hop].since_ns)
        return since_ns

    def _blamed(self, path: MonitoredPath) -> bool:
        return path in self._healths and self._healths[path].state in ("degraded", "down")

    def _changes(self, now_ns: int) -> Iterator[HealthChange]:
        worst: dict[MonitoredPath, Judgement] = {}
        for ends, path, found in self._told(now_ns):
            for watched in self._watched(ends, path):
                worst[watched] = min(worst.get(watched, found), found, key=_severity)
        for watched, found in worst.items():
            yield from self._change(watched, found.finding, found.reason, now_ns)
        taken = {
            watched
            for ends in self._findings
            for path in self._media[ends].paths
            for watched in self._watched(ends, path)
        }
        left = [path for path in self._healths if path not in taken and self._blamed(path)]
        self._left_ns = {path: self._left_ns.get(path, now_ns) for path in left}
        for watched in [path for path in left if now_ns - self._left_ns[path] >= self._terms.silent_ns]:
            yield from self._change(watched, "left", "no media take it any more", now_ns)

    def _change(self, watched: MonitoredPath, found: Found, reason: str, now_ns: int) -> Iterator[HealthChange]:
        of_relay = isinstance(watched, ObservedRelay)
        unknown: State = "unknown" if of_relay else "clean"
        before = self._healths[watched].state if watched in self._healths else unknown
        after = TRANSITIONS[before, found]
        after = unknown if after == "unknown" else after
        if after != before:
            self._healths[watched] = Health(after, now_ns, reason)
            ends = (watched.observer, watched.relay) if isinstance(watched, ObservedRelay) else watched
            yield HealthChange(*ends, before, after, now_ns, reason, "receiver-reports", of_relay)

    def _told(self, now_ns: int) -> Iterator[tuple[Direction, Relays, Judgement]]:
        """The findings that tell of a path."""
        for ends, findings in self._findings.items():
            for path, found in findings.items():
                if found.finding == "heard":
                    self._unheard_ns.pop(ends, None)
                if found.finding == "unheard":
                    if self._was_unheard_before(ends, path) or self._end_is_silent(ends, path, found):
                        continue
                    if not path:
                        self._unheard_ns.setdefault(ends, now_ns)
                yield ends, path, found

    def _was_unheard_before(self, ends: Direction, path: Relays) -> bool:
        """Whether nothing was heard on the direct path either, which was clean, nor since: the next path would be as
        silent, and its relay have the load."""
        unheard_ns = self._unheard_ns.get(ends)
        return unheard_ns is not None and self._media[ends].taken_since_ns(path) >= unheard_ns

    def _end_is_silent(self, ends: Direction, path: Relays, found: Judgement) -> bool:
        """Whether the source has other media, by another way, and none of them is heard either; or the destination."""
        others = [(other, each) for other, findings in self._findings.items() for each in findings]
        sent = [each for each in others if each[0].source == ends.source and _first(*each) != _first(ends, path)]
        due = [each for each in others if each[0].destination == ends.destination and _last(*each) != _last(ends, path)]
        return any(
            every and not any(self._heard_after(*each, found.since_ns) for each in every) for every in (sent, due)
        )

    def _heard_after(self, ends: Direction, path: Relays, at_ns: int) -> bool:
        """Whether something was heard that was sent after a time."""
        delay_ns = self._topology.one_way_ns(ends.source, *path, ends.destination)
        return self._media[ends].heard_after(path, at_ns + delay_ns + 2 * self._terms.interval_ns)

    def _watched(self, ends: Direction, path: Relays) -> Iterator[MonitoredPath]:
        """The links of a direct path, or the relays on another, each as the cluster finds it to which it sends on."""
        if not path:
            yield from self._topology.hops(*ends)
        for relay, following in pairwise((*path, ends.destination)):
            yield ObservedRelay(self._topology.hops(relay, following)[0].destination, relay)


def _severity(found: Judgement) -> int:
    return _WORST_FIRST.index(found.finding)


def _first(ends: Direction, path: Relays) -> str:
    """The cluster to which the source sends."""
    return (*path, ends.destination)[0]


def _last(ends: Direction, path: Relays) -> str:
    """The cluster from which the destination receives."""
    return (ends.source, *path)[-1]
