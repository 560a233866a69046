"""Warm-first: as `failover`, over the relay whose session cache has most of the pair's records.

How much a relay covers is told by itself, once a second (`detect: [link, relay-cache]`), and counts in tenths: a few
records more are not worth a longer way. Of relays that cover as much, the best by latency, then load. A relay that has
said nothing for three seconds, because it is a program or has ended, covers nothing. Of two relays on a path the one
that covers less counts.
"""

from __future__ import annotations

from controller.moves import PolicyDecision, Relays
from controller.policies.detours import Selection, detours
from controller.policies.steps import all_paced
from controller.situation import Situation
from topologies.model import DirectPath


def warm_first(situation: Situation) -> list[PolicyDecision]:
    """Every move to make now, and every pair that stays on a path which is not clean."""
    return all_paced(detours(situation, _WARMEST), situation.settings)


def _warmest(situation: Situation, pair: DirectPath, count: int) -> Relays:
    ranked = situation.ranked_relays(pair, count)
    return max(ranked, key=lambda relays: int(10 * situation.covered(pair, relays)), default=())


_WARMEST = Selection(_warmest)
