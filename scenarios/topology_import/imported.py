"""What an import found: sites and links under the names that they have in its source, and remarks. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from topologies.model import Position


@dataclass(frozen=True, slots=True)
class ImportedLink:
    """A link. `rtt_ms`: round-trip time; `because`: where that was measured or, if `assumed`, why it is assumed."""

    a: str
    b: str
    rtt_ms: float
    because: str
    assumed: bool


@dataclass(frozen=True, slots=True)
class Imported:
    """A topology to be. `remarks`: a sentence for each thing that is not in it as it was in the source; `positions`: of
    the sites whose position is known."""

    sites: tuple[str, ...]
    links: tuple[ImportedLink, ...]
    remarks: tuple[str, ...] = ()
    positions: Mapping[str, Position] = field(default_factory=dict)
