"""How often the switches had to ask their daemon what to do with a packet. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

_LOOKUPS = re.compile(r"lookups: hit:(\d+) missed:(\d+) lost:(\d+)")


@dataclass(frozen=True, slots=True)
class Lookups:
    """Of packets in the flow tables of all switches together. For those that `missed` the daemon was asked what to do,
    by an upcall; those whose question was `lost` are gone."""

    hit: int
    missed: int
    lost: int

    def since(self, before: Lookups) -> Lookups:
        """What was added after an earlier reading."""
        return Lookups(self.hit - before.hit, self.missed - before.missed, self.lost - before.lost)


def parse_lookups(shown: str) -> Lookups:
    """The sum over the datapaths in the output of `ovs-appctl dpctl/show`, of the kernel's or the userspace one."""
    found = [tuple(map(int, counts)) for counts in _LOOKUPS.findall(shown)]
    return Lookups(*map(sum, zip(*found, strict=True))) if found else Lookups(0, 0, 0)
