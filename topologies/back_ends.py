"""The link back ends that there are, by the names that scenarios and plans have for them, and what each can do."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, TypeAlias

from topologies.link_backend import Capabilities

NETEM = Capabilities()
"""None of it. netem takes a correlation of delays, but without effect: a frame's place in the distribution comes from
the low bits of a number that is correlated in the high ones (net/sched/sch_netem.c, `get_crandom` and `tabledist`).
Since Linux and iproute2 6.6 it takes a seed, which a trial tells."""


USERSPACE = Capabilities(
    inner_ends=True,
    loses_by_number=True,
    correlates_delays=True,
    takes_seed=True,
    notes_frames=True,
    counts_media=True,
    counts_duplicates=True,
    counts_corrupted=True,
    tells_lateness=True,
)


BackendName: TypeAlias = Literal["netem", "userspace"]

CAPABILITIES: Mapping[BackendName, Capabilities] = MappingProxyType({"netem": NETEM, "userspace": USERSPACE})
"""What each can do and tell; of netem, `takes_seed` is found out by a trial. A name that is in the plan of a run keeps
its meaning: a back end that learns to do more without a new name changes the reports of older runs."""

FALLBACK: BackendName = "userspace"
"""The back end that every machine can run, and that can do all of a LinkState."""
