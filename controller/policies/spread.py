"""Spread: the lanes of a pair go over several relays, every k-th lane alike, so that none of them gets all sessions.

Each group of lanes takes, of the k best detours, the one over which the fewest lanes of the pair go already. Where
there are fewer detours than k, groups share one. A group stays on its relay while that is usable, as under `failover`.
"""

from __future__ import annotations

from controller.moves import PolicyDecision, Relays
from controller.policies.detours import Selection
from controller.policies.groups import in_groups
from controller.policies.steps import all_paced
from controller.situation import Situation
from topologies.model import DirectPath


def spread(situation: Situation) -> list[PolicyDecision]:
    """Every move to make now, and every pair with lanes that stay on a path which is not clean."""
    return all_paced(in_groups(situation, _LEAST_TAKEN), situation.settings)


def _least_taken(situation: Situation, pair: DirectPath, count: int) -> Relays:
    best = situation.ranked_relays(pair, count)[: situation.settings.policy.relays]
    taken = situation.lanes_over(pair)
    return min(best, key=lambda relays: max(taken[relay] for relay in relays), default=())


_LEAST_TAKEN = Selection(_least_taken)
