"""Topologies: those of the catalogue, and those that a scenario names by a path or has within it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import topologies
from scenarios.errors import ScenarioError
from scenarios.language import yamlfile
from scenarios.language.document import DataPath, Document, Problem
from scenarios.language.schema import LinkEntry, TopologyFile, validated
from scenarios.language.topology_links import figure_problems, link_of
from scenarios.language.wording import nearest, quoted, suggestion
from topologies.model import MAX_CLUSTERS, Cluster, Topology

CATALOGUE = Path(topologies.__file__).parent / "catalogue"


_INLINE = "inline"
"""Name of a topology within a scenario, unless it says one."""


def topology_names(catalogue: Path = CATALOGUE) -> tuple[str, ...]:
    """Names of all topologies in a catalogue."""
    return tuple(sorted(path.stem for path in catalogue.glob("*.yaml")))


def load_topology(name: str, catalogue: Path = CATALOGUE) -> Topology:
    """A topology by its name, which must be one of `topology_names`; ScenarioError if its file is wrong."""
    return read_topology(catalogue / f"{name}.yaml")


def read_topology(path: Path) -> Topology:
    """The topology in a file; ScenarioError if it is wrong."""
    return _topology(yamlfile.read(path), path.stem)


def find_topology(place: str) -> Topology:
    """A topology by its name in the catalogue, or by the path of its file; ScenarioError if there is none such."""
    names = topology_names()
    if place in names:
        return load_topology(place)
    if "/" in place or Path(place).exists():
        return read_topology(Path(place))
    raise ScenarioError(place, f"unknown topology; {suggestion(place, names)}{_or_a_path(place, names)}")


def _or_a_path(place: str, names: tuple[str, ...]) -> str:
    return "" if nearest(place, names) else "; or write a file's path, such as ./backbone.yaml"


def parsed_topology(text: str, name: str) -> Topology:
    """The topology in the text of a file of that name; ScenarioError if it is wrong."""
    return _topology(yamlfile.parse(text, f"{name}.yaml"), name)


def topology_of(document: Document) -> Topology:
    """The topology that a scenario file names, by its name in the catalogue or by the path of its file, or has within
    it. ScenarioError."""
    place, value = ("topology",), document.data.get("topology")
    if isinstance(value, dict):
        inline = document.part("topology")
        name = str(inline.data.get("name", _INLINE))
        return _topology(replace(inline, data={"name": name, **inline.data}), name)
    if "/" in str(value):
        return _read_from(document.path_of(str(value), place), place, document)
    names = topology_names()
    if value not in names:
        path = _or_a_path(str(value), names)
        text = f"unknown topology {quoted(str(value))}; {suggestion(str(value), names)}{path}"
        raise document.error([Problem(place, text)])
    return load_topology(str(value))


def _read_from(path: Path, place: DataPath, document: Document) -> Topology:
    """The topology in a file. That the file is not there is said of the place that names it."""
    try:
        return read_topology(path)
    except ScenarioError as error:
        if path.exists():
            raise
        raise document.error([Problem(place, error.message)]) from None


def _topology(document: Document, name: str) -> Topology:
    """The topology in a document, which must be named so."""
    file = validated(TopologyFile, document)
    problems = (*_name_problems(file, name), *_cluster_problems(file), *_link_problems(file))
    if problems := problems or tuple(_island_problems(file)):
        raise document.error(problems)
    clusters = tuple(Cluster(each.name, ordinal, each.position) for ordinal, each in enumerate(file.clusters, start=1))
    return Topology(file.name, clusters, tuple(map(link_of, file.links)))


def _name_problems(file: TopologyFile, stem: str) -> Iterator[Problem]:
    if file.name != stem:
        yield Problem(("name",), f"the name {quoted(file.name)} is not the file's; write {stem}")


def _cluster_problems(file: TopologyFile) -> Iterator[Problem]:
    names = [cluster.name for cluster in file.clusters]
    if not 2 <= len(names) <= MAX_CLUSTERS:
        yield Problem(("clusters",), f"the number of clusters is {len(names)}; write 2 to {MAX_CLUSTERS}")
    for index, name in enumerate(names):
        if name in names[:index]:
            yield Problem(("clusters", index, "name"), f"there is already a cluster {quoted(name)}; rename one")


def _link_problems(file: TopologyFile) -> Iterator[Problem]:
    seen: set[frozenset[str]] = set()
    for index, entry in enumerate(file.links):
        yield from _end_problems(entry, ("links", index, "between"), [cluster.name for cluster in file.clusters])
        yield from figure_problems(entry, ("links", index))
        ends = frozenset(entry.between)
        if ends in seen:
            yield Problem(("links", index, "between"), f"the link {'–'.join(entry.between)} is there already; keep one")
        seen.add(ends)


def _island_problems(file: TopologyFile) -> Iterator[Problem]:
    """A problem if no way of links leads from the first cluster to some other."""
    reached, names = {file.clusters[0].name}, [cluster.name for cluster in file.clusters]
    while new := {end for link in file.links if reached & {*link.between} for end in link.between} - reached:
        reached |= new
    for index, name in enumerate(names):
        if name not in reached:
            text = f"no links lead from {quoted(names[0])} to {quoted(name)}; link them, or leave one out"
            yield Problem(("clusters", index, "name"), text)
            return


def _end_problems(entry: LinkEntry, path: DataPath, names: list[str]) -> Iterator[Problem]:
    for end, name in enumerate(entry.between):
        if name not in names:
            yield Problem((*path, end), f"unknown cluster {quoted(name)}; {suggestion(name, names)}")
    if entry.between[0] == entry.between[1]:
        yield Problem((*path, 1), f"{quoted(entry.between[1])} twice; write two different clusters")
