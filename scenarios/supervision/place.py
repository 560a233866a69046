"""Where the run's own processes in a cluster's host are confined to: relays, clients, probers and their like."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hostio.mounts import write_only_in
from hostio.network import join_network_of
from hostio.ownership import owner_beside_root
from hostio.privileges import Capability, keep_capabilities

_KEPT = (Capability.NET_ADMIN, Capability.NET_RAW, Capability.SYS_NICE)
"""What a confined process needs: deep receive buffers, counters at its interface, real-time priority."""

_TO_WRITE_FOR_SOMEBODY = Capability.DAC_OVERRIDE
"""What root needs besides to write in the run directory of the user who called sudo: elsewhere all is read-only."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a process is confined to: the network namespace of process `network_of`, and folders to write in."""

    network_of: int
    writes_in: tuple[Path, ...]

    def enter(self) -> None:
        """Confine the calling process, and what it starts later. OSError."""
        join_network_of(self.network_of)
        write_only_in(self.writes_in)
        for_somebody = any(owner_beside_root(folder) for folder in self.writes_in)
        keep_capabilities((*_KEPT, _TO_WRITE_FOR_SOMEBODY) if for_somebody else _KEPT)
