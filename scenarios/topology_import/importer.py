"""Makes a topology file of a graph or a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

from scenarios.errors import ScenarioError
from scenarios.language.topology_files import parsed_topology
from scenarios.topology_import.distance import FIBRE_FACTOR
from scenarios.topology_import.imported import Imported
from scenarios.topology_import.rtt_table import read_rtt_table
from scenarios.topology_import.safe_names import safe_names
from scenarios.topology_import.topology_text import topology_text


@dataclass(frozen=True, slots=True)
class TopologyImport:
    """A topology file to be. `names`: the cluster of each site; `remarks`: what is not as in the source."""

    name: str
    text: str
    names: Mapping[str, str]
    remarks: tuple[str, ...]


def import_topology(path: Path, factor: float, source: str | None = None) -> TopologyImport:
    """The topology in a file, by its suffix. `factor`: of the round-trip times that follow from distances; `source`:
    where the file's figures were published or measured, unless that is the file.

    ScenarioError if there is none in it, or none that a run could have.
    """
    if not isfinite(factor):
        raise ScenarioError(f"--factor {factor}", f"{factor} is no factor; write a number such as {FIBRE_FACTOR}", None)
    source = source or path.name
    found = _reader(path, factor, source)()
    if not found.links:
        raise ScenarioError(str(path), "no two sites are linked; give at least one pair an edge or a round-trip time")
    try:
        (name,) = safe_names([path.stem]).values()
        names = safe_names(found.sites)
    except ValueError as error:
        raise ScenarioError(str(path), str(error)) from None
    text = topology_text(name, f"Imported from {source}", found, names)
    try:
        parsed_topology(text, name)
    except ScenarioError as error:
        raise ScenarioError(str(path), error.message) from None
    return TopologyImport(name, text, names, found.remarks)


def _reader(path: Path, factor: float, source: str) -> Callable[[], Imported]:
    if path.suffix.lower() == ".csv":
        return lambda: read_rtt_table(path, source)
    if path.suffix.lower() in (".graphml", ".xml"):
        return lambda: _graphml(path, factor)
    raise ScenarioError(str(path), "neither a graph nor a table; give a .graphml or a .csv file")


def _graphml(path: Path, factor: float) -> Imported:
    # Its library takes a quarter of a second to import.
    from scenarios.topology_import.graphml import read_graphml

    return read_graphml(path, factor)
