"""Whether a cluster is cut off, which it does not decide by what it hears alone: the others are asked. Pure.

| the cluster hears | others hear it | verdict   |                                               |
|-------------------|----------------|-----------|-----------------------------------------------|
| someone           | yes            | connected |                                               |
| someone           | no             | unheard   | nothing that it sends arrives                 |
| nobody            | yes            | deaf      | nothing arrives there, or no report from there |
| nobody            | no             | isolated  |                                               |

To hear means that the direction of a link is not down. A cluster that is not connected has no link that is clean both
ways: there is no detour from it or to it, and none is looked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Literal

from controller.health import Health
from topologies.model import Direction

Verdict = Literal["connected", "unheard", "deaf", "isolated"]

VERDICTS: Mapping[tuple[bool, bool], Verdict] = MappingProxyType(
    {(True, True): "connected", (True, False): "unheard", (False, True): "deaf", (False, False): "isolated"}
)
"""By whether the cluster hears anyone, and whether anyone hears it."""

REASONS: Mapping[Verdict, str] = MappingProxyType(
    {
        "unheard": "is cut off: nobody hears it, though it hears others",
        "deaf": "is cut off, or its own reports are missing: it hears nobody, though others hear it",
        "isolated": "is isolated: it hears nobody, and nobody hears it",
    }
)


def verdict(cluster: str, links: Mapping[Direction, Health]) -> Verdict:
    """What a cluster and the others, asked together, say of it."""
    heard = {direction for direction, health in links.items() if health.state != "down"}
    hears = any(direction.destination == cluster for direction in heard)
    return VERDICTS[hears, any(direction.source == cluster for direction in heard)]


_OUT: frozenset[Verdict] = frozenset(("unheard", "isolated"))
_IN: frozenset[Verdict] = frozenset(("deaf", "isolated"))
"""With which verdicts nothing leaves a cluster, and nothing arrives."""


def cut_off_way(source: str, destination: str, links: Mapping[Direction, Health]) -> str | None:
    """Why nothing can go from one cluster to another, whatever the way; None if it may."""
    told = ((source, verdict(source, links), _OUT), (destination, verdict(destination, links), _IN))
    return next((f"{end} {REASONS[found]}" for end, found, barred in told if found in barred), None)


def cut_off(clusters: Iterable[str], links: Mapping[Direction, Health]) -> Mapping[str, str]:
    """The clusters that are not connected, each with the reason."""
    found = ((each, verdict(each, links)) for each in clusters)
    return {each: f"{each} {REASONS[told]}" for each, told in found if told != "connected"}


def isolated_since_ns(cluster: str, links: Mapping[Direction, Health]) -> int | None:
    """Since when a cluster is isolated, ns; None if it is not."""
    if verdict(cluster, links) != "isolated":
        return None
    return max(health.since_ns for direction, health in links.items() if cluster in direction)
