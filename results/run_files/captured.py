"""Where a run captures its packets: the plan's part, the files, and what became of each capture. Pure data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

LINKS = "links"
"""Stem of the file that all captured links are in."""


def host_stem(cluster: str) -> str:
    """Stem of the file with what a cluster's host received and sent."""
    return f"host-{cluster}"


@dataclass(frozen=True, slots=True)
class Captured:
    """`clusters`: of each its host's interfaces, in a file of its own; `links`: either end of each, all in one file."""

    clusters: tuple[str, ...] = ()
    links: tuple[tuple[str, str], ...] = ()

    @property
    def stems(self) -> tuple[str, ...]:
        """Of its files."""
        return (*([LINKS] if self.links else []), *map(host_stem, self.clusters))


NOTHING_CAPTURED = Captured()


@dataclass(frozen=True, slots=True)
class CaptureEnd:
    """A capture ended at `at_ns`. `file`: its path in the run directory; `dropped`: packets that came too fast for it.

    `full`: the file had reached its limit, so that it lacks what came later.
    """

    file: str
    packets: int
    dropped: int
    full: bool
    at_ns: int
    kind: Literal["capture-end"] = "capture-end"
