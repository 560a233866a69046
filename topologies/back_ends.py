"""The link back ends: their names in scenarios and plans, and their capabilities."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, TypeAlias

from topologies.capabilities import Capabilities

NETEM = Capabilities(keeps_order=True)
"""netem accepts a correlation of delays, but it has no effect: `tabledist` (net/sched/sch_netem.c) uses the low
bits of a number that `get_crandom` correlates in the high ones. Since Linux and iproute2 6.6 it takes a seed; whether
this machine's does is found by a trial (`topologies.backend_probe`). It keeps frames in order by a rate of its own,
which would also order the jitter that there is once the queue has drained: so it is not asked for both."""


USERSPACE = Capabilities(
    inner_ends=True,
    loses_by_number=True,
    correlates_delays=True,
    keeps_order=True,
    orders_jitter=True,
    tells_frames_apart=True,
    takes_seed=True,
    notes_frames=True,
    counts_media=True,
    counts_duplicates=True,
    counts_corrupted=True,
    tells_lateness=True,
)


BackendName: TypeAlias = Literal["netem", "userspace"]

CAPABILITIES: Mapping[BackendName, Capabilities] = MappingProxyType({"netem": NETEM, "userspace": USERSPACE})
"""Capabilities by name. Plans of old runs hold the name, and reports read capabilities by it: a back end that gains one
needs a new name, or reports of older runs change."""

FALLBACK: BackendName = "userspace"
"""The back end that runs on every machine and can do everything in a LinkState."""
