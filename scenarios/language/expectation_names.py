"""What an expectation may name in a scenario, beside the metrics that every run has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from relay_app.program_media import PROGRAM_MEDIA
from results.metrics.metric_names import NamedParts
from results.run_files.link_rates import RatedSpan, rated_spans
from scenarios.language.schema import ScenarioFile
from scenarios.language.session_media import group_name
from scenarios.language.session_schema import Connections, Sessions
from scenarios.language.webrtc_semantics import call_group_name
from topologies.model import Topology


@dataclass(frozen=True, slots=True)
class Names:
    """`groups`: by name, the two clusters of each group of sessions; `sizes`: how many sessions each has, and `streams`
    how many streams these have at most, a sender's further SSRC being another. `connections`: names of the groups of
    connections. `kinds`: of each cluster's relay, as the scenario says it. `duration_ns`: of the media. `faults`: their
    number. `published`: the sessions whose media are another program's. `one_way`: the groups of which only the first
    cluster's end sends. `webrtc`: names of the groups of WebRTC calls. `links`: of each link direction, as `a→b`, when
    it has a rate."""

    clusters: Sequence[str]
    groups: Mapping[str, tuple[str, str]]
    connections: Sequence[str]
    kinds: Mapping[str, str]
    duration_ns: int
    faults: int = 0
    published: Sequence[str] = ()
    one_way: Sequence[str] = ()
    webrtc: Sequence[str] = ()
    links: Mapping[str, tuple[RatedSpan, ...]] = field(default_factory=dict)
    sizes: Mapping[str, int] = field(default_factory=dict)
    streams: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, scenario: ScenarioFile, topology: Topology) -> Names:
        """Those of a scenario, right or wrong."""
        clusters = [cluster.name for cluster in topology.clusters]
        faults = [fault for event in scenario.events for fault in event.faults(topology)]
        return cls(
            clusters=clusters,
            groups={group_name(group, at): group.between for at, group in enumerate(scenario.sessions)},
            connections=[connection_name(group) for group in scenario.connections],
            kinds={cluster: scenario.relays.kinds.get(cluster, scenario.relays.kind) for cluster in clusters},
            duration_ns=scenario.duration,
            faults=len(faults),
            webrtc=[call_group_name(group, at) for at, group in enumerate(scenario.webrtc)],
            links={str(each): rated_spans(topology, faults, each, scenario.duration) for each in topology.directions},
            sizes={group_name(group, at): group.count for at, group in enumerate(scenario.sessions)},
            streams={group_name(group, at): _streams(group) for at, group in enumerate(scenario.sessions)},
            one_way=[group_name(group, at) for at, group in enumerate(scenario.sessions) if group.one_way],
            published=[
                f"{group_name(group, at)}-{number:04d}"
                for at, group in enumerate(scenario.sessions)
                if group.media in PROGRAM_MEDIA
                for number in range(group.count)
            ],
        )

    @property
    def parts(self) -> NamedParts:
        """What the metrics of the summary are named after."""
        return NamedParts(tuple(self.clusters), tuple(self.connections), tuple(self.webrtc))

    @property
    def pairs(self) -> list[str]:
        """Every direction in which sessions go, as `a→b`."""
        return list(dict.fromkeys(way for group in self.groups for way in self.ways(group)))

    def ways(self, group: str) -> tuple[str, ...]:
        """The directions in which a group's sessions go."""
        a, b = self.groups[group]
        return (f"{a}→{b}",) if group in self.one_way else (f"{a}→{b}", f"{b}→{a}")


def _streams(group: Sessions) -> int:
    """How many streams a group's sessions have at most."""
    ways = 1 if group.one_way else 2
    return group.count * (ways + sum(restart.further_ssrcs for restart in group.restart))


def connection_name(connections: Connections) -> str:
    """The name of a group of connections; unless given, its kind."""
    return connections.name or connections.kind
