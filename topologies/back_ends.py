"""The link back ends that there are, by the names that scenarios and plans have for them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, TypeAlias

from topologies.link_backend import Capabilities
from topologies.netem.capabilities import NETEM
from topologies.wire.capabilities import USERSPACE

BackendName: TypeAlias = Literal["netem", "userspace"]

CAPABILITIES: Mapping[BackendName, Capabilities] = MappingProxyType({"netem": NETEM, "userspace": USERSPACE})
"""What each can do and tell; of netem, `takes_seed` is found out by a trial. A name that is in the plan of a run keeps
its meaning: a back end that learns to do more without a new name changes the reports of older runs."""

FALLBACK: BackendName = "userspace"
"""The back end that every machine can run, and that can do all of a LinkState."""
