"""Graphs of named nodes: the only importer of networkx. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from io import BytesIO
from typing import Any, cast

import networkx

Edge = tuple[str, str]


class GraphError(ValueError):
    """A text is no GraphML."""


def read_graphml(raw: bytes) -> Any:
    """The networkx graph in a GraphML file; `xml.etree.ElementTree.ParseError` if it is no XML, else GraphError."""
    try:
        return networkx.read_graphml(BytesIO(raw))
    except (networkx.NetworkXError, ValueError, LookupError) as error:
        raise GraphError(str(error)) from None


def least_costs(costs: Mapping[Edge, int], destination: str) -> dict[str, int]:
    """The least sum of costs of edges from every node that leads to a destination (Dijkstra 1959)."""
    backwards = networkx.DiGraph()
    backwards.add_node(destination)
    backwards.add_weighted_edges_from((end, start, cost) for (start, end), cost in costs.items())
    return cast("dict[str, int]", networkx.single_source_dijkstra_path_length(backwards, destination))


def way_along(edges: Iterable[Edge], start: str, end: str) -> tuple[str, ...] | None:
    """The nodes from `start` to `end`, both included, over the fewest edges; None if there is no way."""
    graph = networkx.DiGraph()
    graph.add_edges_from(edges)  # the constructor would import pandas to see whether they are a table of it
    try:
        return tuple(networkx.shortest_path(graph, start, end))
    except (networkx.NetworkXNoPath, networkx.NodeNotFound):
        return None


def is_connected(nodes: Collection[str], edges: Iterable[Edge]) -> bool:
    """Whether edges, taken both ways, lead from every node to every other one."""
    graph = networkx.Graph()
    graph.add_nodes_from(nodes)
    graph.add_edges_from(edges)
    return bool(networkx.is_connected(graph))
