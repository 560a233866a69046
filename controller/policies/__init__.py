"""Policies: which pairs of clusters should change path now.

A policy is a pure function from a `Situation` to decisions. Of a pair these are moves to make now, of different lanes,
at most one `Kept`, for lanes that stay on a path which is not clean, and what is to be loaded for these. It is called
on every tick with the moves decided so far in `Situation.reroutes` and `Situation.by_lane`, and keeps nothing between
calls. `detours` is what policies that reroute have in common, `groups` lets lanes go apart, `steps` says when each lane
moves.

May import `controller`, `topologies` and `hostio`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeAlias

from controller.moves import PolicyDecision
from controller.policies.direct_only import direct_only
from controller.policies.failover import failover
from controller.policies.headroom import headroom
from controller.policies.paced import paced
from controller.policies.prewarm import prewarm
from controller.policies.spread import spread
from controller.policies.warm_first import warm_first
from controller.settings import PolicyName
from controller.situation import Situation

Policy: TypeAlias = Callable[[Situation], list[PolicyDecision]]

POLICIES: Mapping[PolicyName, Policy] = MappingProxyType(
    {
        "failover": failover,
        "direct-only": direct_only,
        "spread": spread,
        "paced": paced,
        "headroom": headroom,
        "warm-first": warm_first,
        "prewarm": prewarm,
    }
)

DEFAULT_POLICY: PolicyName = "failover"
