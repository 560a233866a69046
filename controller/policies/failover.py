"""Failover: all lanes of a pair go over the relay with the smallest total one-way delay; revertive (ITU-T G.808.1).

Of equals the first in cluster order. All at once, or over the time that `pace` sets.
"""

from __future__ import annotations

from controller.moves import PolicyDecision
from controller.policies.detours import Selection, detours
from controller.policies.steps import all_paced
from controller.situation import Situation

_NEAREST = Selection(Situation.best_relays)


def failover(situation: Situation) -> list[PolicyDecision]:
    """Every move to make now, and every pair that stays on a path which is not clean."""
    return all_paced(detours(situation, _NEAREST), situation.settings)
