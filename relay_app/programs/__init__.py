"""Relay programs that come with the project, each a folder with a `relay.yaml`.

May import nothing of the project.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

PROGRAMS: Mapping[str, str] = MappingProxyType(
    {
        "template": "the packet contract in plain Python, to copy",
        "c-sound": "a relay in C; sessions are fetched in bulk, off the packet path",
        "c-regression": "the same; sessions are fetched under the lock that the packet path takes",
        "adapter-alone": "the adapter of the servers below, without one",
        "coturn": "coturn, a TURN server, behind an adapter",
        "pion": "a TURN server in Go on pion, behind an adapter",
        "rtpengine": "rtpengine in userspace, behind an adapter",
        "socat": "socat on each lane, between two other clusters; it keeps no sessions",
        "nftables": "rules of nftables in the kernel, between two other clusters; they keep no sessions",
    }
)

FAULTY = ("c-regression",)
"""Programs with a known defect, which the standard scenarios must catch; they must pass all others."""
