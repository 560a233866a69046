"""Direct-only: traffic never leaves its direct path, whatever happens there. What other policies are compared with.

A pair that an earlier controller has rerouted goes back at once.
"""

from __future__ import annotations

from controller.decisions import Kept
from controller.moves import Move, PolicyDecision
from controller.policies.detours import direct_fault
from controller.situation import Situation
from topologies.model import DirectPath

_WHY = "policy direct-only never reroutes"


def direct_only(situation: Situation) -> list[PolicyDecision]:
    """A move back for every rerouted pair, and the reason for every other one whose path is not clean."""
    rerouted = {ends for each in (situation.reroutes, *situation.by_lane) for ends in each}
    return [
        _decision(situation, pair, rerouted=pair.ends in rerouted)
        for pair in situation.paths
        if pair.ends in rerouted or not (situation.starting_up or situation.path_clean(pair))
    ]


def _decision(situation: Situation, pair: DirectPath, *, rerouted: bool) -> PolicyDecision:
    if rerouted:
        return Move(pair.a, pair.b, (), _WHY, situation.now_ns, one_way=pair.one_way)
    reason, _ = direct_fault(situation, pair)
    return Kept(pair.a, pair.b, f"{_WHY}; {reason}", situation.now_ns, pair.one_way)
