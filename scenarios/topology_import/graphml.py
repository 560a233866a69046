"""Reads graphs in GraphML, such as those of the Internet Topology Zoo."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from scenarios.errors import Mark, ScenarioError
from scenarios.language import yamlfile
from scenarios.language.wording import quoted
from scenarios.topology_import.distance import KM_PER_MS, great_circle_km, rtt_ms
from scenarios.topology_import.imported import Imported, ImportedLink
from topologies import graphs
from topologies.model import Position

_LATITUDE = ("latitude", "lat")
_LONGITUDE = ("longitude", "lon", "lng", "long")
_NAMED = 5

_MOST_BYTES = 16 << 20
"""Of a file, far beyond any graph of 64 clusters."""


def read_graphml(path: Path, factor: float) -> Imported:
    """The nodes and edges of a graph; delays follow from the nodes' positions and `factor`. ScenarioError."""
    graph = _graph(path)
    labels = _labels(graph)
    found = {labels[node]: _position(attributes) for node, attributes in graph.nodes(data=True)}
    positions = {label: position for label, position in found.items() if position is not None}
    if lost := found.keys() - positions.keys():
        raise ScenarioError(str(path), _without_position(sorted(lost)))
    count = Counter(frozenset((labels[a], labels[b])) for a, b in graph.edges())
    pairs = sorted(tuple(sorted(each)) for each in count if len(each) > 1)
    links = tuple(_link(a, b, positions, factor) for a, b in pairs)
    return Imported(tuple(positions), links, tuple(_remarks(count)), positions)


def _without_position(labels: Sequence[str]) -> str:
    names = ", ".join(map(quoted, labels[:_NAMED]))
    more = f" and {len(labels) - _NAMED} more" if len(labels) > _NAMED else ""
    return f"no position of {names}{more}; give nodes Latitude and Longitude, or import a table of round-trip times"


def _graph(path: Path) -> Any:
    raw = yamlfile.read_bytes(path, _MOST_BYTES)
    try:
        return graphs.read_graphml(raw)
    except ElementTree.ParseError as error:
        line, column = error.position
        message = f"this is no GraphML ({str(error).partition(':')[0]}); export it as GraphML"
        raise ScenarioError(str(path), message, Mark(max(line, 1), column + 1)) from None
    except graphs.GraphError as error:
        raise ScenarioError(str(path), f"this is no GraphML ({error}); export it as GraphML") from None


def _labels(graph: Any) -> Mapping[Any, str]:
    """Labels of the nodes, each a line; those that are not unique are told apart by the node's identifier."""
    labels = {node: " ".join(str(attributes.get("label", node)).split()) for node, attributes in graph.nodes(data=True)}
    count = Counter(labels.values())
    return {node: label if count[label] == 1 else f"{label} {node}" for node, label in labels.items()}


def _position(attributes: Mapping[str, object]) -> Position | None:
    values = {key.lower(): value for key, value in attributes.items()}
    found = [next((values[key] for key in keys if key in values), None) for keys in (_LATITUDE, _LONGITUDE)]
    try:
        latitude, longitude = (float(str(value)) for value in found)
    except ValueError:
        return None
    return Position(latitude, longitude) if abs(latitude) <= 90 and abs(longitude) <= 180 else None


def _link(a: str, b: str, positions: Mapping[str, Position], factor: float) -> ImportedLink:
    km = great_circle_km(positions[a], positions[b])
    because = f"{km:.0f} km of great circle at {KM_PER_MS:g} km/ms, there and back, times {factor:g}"
    return ImportedLink(a, b, round(rtt_ms(km, factor), 3), because, assumed=True)


def _remarks(count: Mapping[frozenset[str], int]) -> Iterator[str]:
    for ends, edges in count.items():
        if len(ends) == 1:
            yield f"{quoted(*ends)} has a link to itself, which is left out"
        elif edges > 1:
            yield f"{'–'.join(sorted(ends))} has {edges} links in the source, of which one is kept"
