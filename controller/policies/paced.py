"""Paced: as `failover`, and the lanes of a move onto relays go one by one, over the time that `pace` sets.

A relay then fetches the records of a sixteenth of the sessions at a time, and a relay that cannot bear even these is
left, where canaries watch it, before it has all. Among detours of equal latency it takes the one with the least load.
"""

from __future__ import annotations

from controller.moves import PolicyDecision, Relays
from controller.policies.detours import Selection, detours
from controller.policies.steps import all_paced
from controller.situation import Situation
from topologies.model import DirectPath


def paced(situation: Situation) -> list[PolicyDecision]:
    """Every move to make now, and every pair that stays on a path which is not clean."""
    return all_paced(detours(situation, _BEST), situation.settings)


def _best(situation: Situation, pair: DirectPath, count: int) -> Relays:
    return next(iter(situation.ranked_relays(pair, count)), ())


_BEST = Selection(_best)
