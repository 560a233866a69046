"""The text of a topology file. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from scenarios.topology_import.imported import Imported, ImportedLink
from topologies.model import Position


def topology_text(name: str, description: str, found: Imported, names: Mapping[str, str]) -> str:
    """A topology file. `names`: the cluster of each site."""
    return "\n".join(_lines(name, description, found, names)) + "\n"


def _lines(name: str, description: str, found: Imported, names: Mapping[str, str]) -> Iterator[str]:
    yield from (f"# {remark}." for remark in found.remarks)
    yield from (f"name: {name}", f"description: {_quoted(description)}", "", "clusters:")
    yield from (
        f"  - {{name: {names[site]}, site: {_quoted(site)}{_position(found.positions.get(site))}}}"
        for site in found.sites
    )
    yield from ("", "links:", *(_link(link, names) for link in found.links))


def _position(position: Position | None) -> str:
    """To a hundredth of a degree, about a kilometre."""
    return "" if position is None else f", position: [{position.latitude:.2f}, {position.longitude:.2f}]"


def _link(link: ImportedLink, names: Mapping[str, str]) -> str:
    word = "assumption" if link.assumed else "source"
    ends = f"[{names[link.a]}, {names[link.b]}]"
    return f"  - {{between: {ends}, rtt: {_plain(link.rtt_ms)}ms, {word}: {_quoted(link.because)}}}"


def _plain(number: float) -> str:
    """With all three decimals that it can have, and no exponent."""
    return f"{number:.3f}".rstrip("0").rstrip(".")


def _quoted(text: str) -> str:
    """As JSON has it, which YAML reads."""
    return json.dumps(text, ensure_ascii=False)
