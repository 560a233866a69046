"""A topology as rows of tables: its clusters, its links, the paths of those without a link, and repairs. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from controller.settings import ControllerSettings
from controller.single_cuts import single_cuts
from scenarios.language.quantities import rate_text, share_text, time_text
from topologies.model import Link, OneWay, Topology, link_name

Row = tuple[str, ...]

MAX_RELAYS = ControllerSettings().max_relays
"""Relays of a detour at most, unless a scenario says otherwise."""

_FIGURES: tuple[tuple[str, Callable[[OneWay], str]], ...] = (
    ("delay", lambda way: time_text(way.delay_ns)),
    ("jitter", lambda way: time_text(way.jitter_ns) if way.jitter_ns else ""),
    ("loss", lambda way: share_text(way.loss) if way.loss else ""),
    ("rate", lambda way: rate_text(way.rate_bps) if way.rate_bps else ""),
    ("queue", lambda way: time_text(way.queue_ns) if way.rate_bps else ""),
    ("mtu", lambda way: str(way.mtu or "")),
)
"""Columns of the table of links, each with what it says of a direction."""


def cluster_rows(topology: Topology) -> Iterator[Row]:
    """Each cluster with those that it has links to."""
    for cluster in topology.clusters:
        neighbours = (there for here, there in topology.directions if here == cluster.name)
        yield cluster.name, ", ".join(neighbours)


def link_header(topology: Topology) -> Row:
    """The columns of `link_rows`: those of figures that some link has."""
    return ("link", *(name for name, _ in _columns(topology)))


def link_rows(topology: Topology) -> Iterator[Row]:
    """Each link with its figures, from the first cluster to the second and, where that differs, back."""
    for link in topology.links:
        yield (link_name(link.a, link.b), *(_figure(link, text) for _, text in _columns(topology)))


def _columns(topology: Topology) -> list[tuple[str, Callable[[OneWay], str]]]:
    return [(name, text) for name, text in _FIGURES if any(text(way) for way in topology.one_ways.values())]


def _figure(link: Link, text: Callable[[OneWay], str]) -> str:
    there, back = text(link.there), text(link.back)
    return there if there == back else f"{there or '-'} there, {back or '-'} back"


def path_rows(topology: Topology) -> Iterator[Row]:
    """The direct path between each two clusters without a link; of both directions where they differ."""
    for pair in topology.direct_paths:
        if pair.word == "direct path":
            yield _path_row(topology, pair.there)
            if pair.back != pair.there[::-1] or _delays(topology, pair.back) != _delays(topology, pair.there):
                yield _path_row(topology, pair.back)


def _path_row(topology: Topology, way: tuple[str, ...]) -> Row:
    return " → ".join(way), time_text(_delays(topology, way))


def _delays(topology: Topology, way: tuple[str, ...]) -> int:
    return topology.one_way_ns(way[0], way[-1])


def repair_rows(topology: Topology, max_relays: int) -> Iterator[Row]:
    """What the controller does when one link is cut: how many pairs move over one relay and over two, and which have
    no detour."""
    for cut in single_cuts(topology, ControllerSettings(max_relays=max_relays)):
        kept = _listed(link_name(each.a, each.b) for each in cut.kept)
        yield link_name(cut.link.a, cut.link.b), str(len(cut.moves(1))), str(len(cut.moves(2))), kept


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"
