"""Policies: which pairs of clusters should change path now.

A policy is a pure function from a `Situation` to decisions, at most one per pair: a `Move` to make now, or a `Kept` for
a pair that stays on a path which is not clean. It is called on every tick with the moves decided so far in
`Situation.reroutes`, and keeps nothing between calls. A further policy is one module here and one entry in `POLICIES`.

May import `controller`, `topologies` and `hostio`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeAlias

from controller.moves import PolicyDecision
from controller.policies.failover import failover
from controller.situation import Situation

Policy: TypeAlias = Callable[[Situation], list[PolicyDecision]]

POLICIES: Mapping[str, Policy] = MappingProxyType({"failover": failover})

DEFAULT_POLICY = "failover"
