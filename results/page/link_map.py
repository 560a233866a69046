"""The map: where clusters are, and in which state each link and relay was over time, as the controller saw it. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from controller.decisions import Decision, HealthChange, ends_text
from controller.health import ObservedRelay
from results.metrics.analysis import Analysis, Evidence
from results.metrics.network_figures import FaultRow
from results.verdict.summary import Summary
from topologies.model import Topology, link_name, route_name

WIDTH, HEIGHT, MARGIN = 960.0, 570.0, 40.0
"""Of the drawing, in its own units."""

_WEST, _EAST, _SOUTH, _NORTH = -125.0, -66.5, 24.0, 50.0
"""What a map of the contiguous United States shows, degrees."""

_ISLANDS_MS = 100.0
"""How far apart clusters are drawn that no links join."""

_PARALLEL = 38.0
"""Where the equirectangular projection keeps angles, degrees north."""


@dataclass(frozen=True, slots=True)
class Site:
    """A cluster at a place of the drawing; y grows downwards."""

    name: str
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Change:
    """From `at_s` on, s since the media start, `what` (a link's or a cluster's name) is in this state."""

    at_s: float
    what: str
    state: str


@dataclass(frozen=True, slots=True)
class Span:
    """From `from_s` to `until_s` this holds of a link: a fault on it, or a route that its calls take."""

    what: str
    from_s: float
    until_s: float
    text: str


@dataclass(frozen=True, slots=True)
class LinkMap:
    """`located`: sites are where they are on the Earth, else placed by the delays between them. `links`: names and both
    ends. `states`: health of links and relays, in order of time; `faults` and `routes`, of links."""

    located: bool
    sites: tuple[Site, ...]
    links: tuple[tuple[str, str, str], ...]
    states: tuple[Change, ...]
    faults: tuple[Span, ...]
    routes: tuple[Span, ...]
    end_s: float

    @property
    def view_box(self) -> str:
        """The part of the drawing to show: all of a map, else what lies around the sites."""
        xs, ys = [site.x for site in self.sites], [site.y for site in self.sites]
        if self.located:
            left, top = min(0.0, min(xs) - MARGIN), min(0.0, min(ys) - MARGIN)
            return f"{left:g} {top:g} {max(WIDTH, max(xs) + MARGIN) - left:g} {max(HEIGHT, max(ys) + MARGIN) - top:g}"
        return f"0 {min(ys) - 2 * MARGIN:g} {WIDTH:g} {max(ys) - min(ys) + 3 * MARGIN:g}"


def link_map(evidence: Evidence, analysis: Analysis, summary: Summary) -> LinkMap:
    """The map of a run."""
    topology = evidence.plan.topology
    located = all(cluster.position is not None for cluster in topology.clusters)
    end_s = analysis.seconds(analysis.end_ns)
    return LinkMap(
        located=located,
        sites=tuple(_on_earth(topology) if located else _by_delay(topology)),
        links=tuple((link_name(link.a, link.b), link.a, link.b) for link in topology.links),
        states=tuple(_states(evidence, analysis)),
        faults=tuple(_of_fault(fault, end_s) for fault in summary.faults),
        routes=tuple(_routes(evidence, analysis, end_s)),
        end_s=end_s,
    )


def projected(latitude: float, longitude: float) -> tuple[float, float]:
    """The place of a point on the Earth in the drawing."""
    width = (_EAST - _WEST) * np.cos(np.radians(_PARALLEL))
    scale = min((WIDTH - 2 * MARGIN) / width, (HEIGHT - 2 * MARGIN) / (_NORTH - _SOUTH))
    x = WIDTH / 2 + (longitude - (_WEST + _EAST) / 2) * np.cos(np.radians(_PARALLEL)) * scale
    return round(float(x), 1), round(float(HEIGHT / 2 - (latitude - (_SOUTH + _NORTH) / 2) * scale), 1)


def _on_earth(topology: Topology) -> Iterator[Site]:
    for cluster in topology.clusters:
        if cluster.position is not None:
            yield Site(cluster.name, *projected(*cluster.position))


def _by_delay(topology: Topology) -> Iterator[Site]:
    """Places whose distances are as near to the delays as a plane allows (classical multidimensional scaling)."""
    names = [cluster.name for cluster in topology.clusters]
    delay = np.array([[_delay_ms(topology, one, other) for other in names] for one in names])
    centring = np.eye(len(names)) - 1 / len(names)
    values, vectors = np.linalg.eigh(-0.5 * centring @ (delay * delay.T) @ centring)
    places = (vectors * np.sqrt(np.clip(values, 0, None)))[:, ::-1][:, :2]
    places = np.pad(places, ((0, 0), (0, 2 - places.shape[1])))
    reach = np.abs(places).max(axis=0).clip(1e-9)
    scale = min((WIDTH / 2 - 2 * MARGIN) / reach[0], (HEIGHT / 2 - MARGIN) / reach[1])
    for name, (x, y) in zip(names, places, strict=True):
        yield Site(name, round(float(WIDTH / 2 + scale * x), 1), round(float(HEIGHT / 2 + scale * y), 1))


def _delay_ms(topology: Topology, one: str, other: str) -> float:
    """Between two clusters, the mean of both ways."""
    if one == other:
        return 0.0
    try:
        return (topology.one_way_ns(one, other) + topology.one_way_ns(other, one)) / 2e6
    except KeyError:  # no links lead there
        return _ISLANDS_MS


def _states(evidence: Evidence, analysis: Analysis) -> Iterator[Change]:
    """A link is as bad as the worse of its directions, by any detector of it."""
    names = {frozenset((link.a, link.b)): link_name(link.a, link.b) for link in evidence.plan.topology.links}
    known: dict[str, dict[tuple[str, str, str], str]] = {}
    for each in sorted(evidence.of(HealthChange), key=lambda change: change.at_ns):
        of_relay = isinstance(each.path, ObservedRelay)
        name = each.destination if of_relay else names.get(frozenset((each.source, each.destination)))
        if name is not None:
            own = known.setdefault(name, {})
            own[each.source, each.destination, each.detector] = each.after
            yield Change(max(0.0, analysis.seconds(each.at_ns)), name, max(own.values(), key=_severity))


_SEVERITY = ("clean", "damped", "unknown", "degraded", "down")


def _severity(state: str) -> int:
    """How bad a state is; one that is not known here is worse than all."""
    return _SEVERITY.index(state) if state in _SEVERITY else len(_SEVERITY)


def _of_fault(fault: FaultRow, end_s: float) -> Span:
    start = fault.planned_at if fault.applied_at is None else fault.applied_at
    until = fault.planned_until if fault.applied_until is None else fault.applied_until
    return Span(fault.where, start, min(until, end_s), f"{fault.what} {fault.where}".rstrip())


def _routes(evidence: Evidence, analysis: Analysis, end_s: float) -> Iterator[Span]:
    """Which relays the calls of each pair took, and on how many lanes, from each move of any of them to the next."""
    lanes: dict[tuple[str, str], dict[int, Decision]] = {}
    moves = evidence.moves
    for place, move in enumerate(moves):
        now = lanes.setdefault((move.a, move.b), {})
        now |= dict.fromkeys(move.lanes, move)
        later = (each.in_force_ns for each in moves[place + 1 :] if (each.a, each.b) == (move.a, move.b))
        until_s = min(end_s, analysis.seconds(next(later, analysis.end_ns)))
        for relays in dict.fromkeys(each.relays for each in now.values() if each.relays):
            count = sum(each.relays == relays for each in now.values())
            text = f"{count} of 16 lanes of {ends_text(move)} {route_name(relays)}"
            yield Span("–".join((move.a, *relays, move.b)), analysis.seconds(move.in_force_ns), until_s, text)
