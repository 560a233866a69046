"""Prewarm: make before break. The relay loads the records of the pair's sessions, and only then do the lanes move.

The controller tells the relay which lanes of which pair will come (`relay_app.load_order`). The lanes stay where they
are until the relay reports that it has all of the pair's records (`detect: [link, relay-cache]`), and move all the same
once `patience` is over: a path that carries nothing gets no better by waiting. Among detours of equal latency the one
with the least load is taken. Moves back to the direct path wait for nothing.
"""

from __future__ import annotations

from dataclasses import replace

from controller.decisions import Kept
from controller.moves import Load, Move, PolicyDecision, Relays, via_text
from controller.policies.detours import Selection, detours
from controller.policies.steps import all_paced
from controller.situation import Situation
from hostio.timing import MS
from topologies.model import DirectPath


def prewarm(situation: Situation) -> list[PolicyDecision]:
    """Every move to make now, every pair that stays on a path which is not clean, and what is loaded for these."""
    decisions = [_loaded_first(situation, each) for each in detours(situation, _BEST)]
    waiting = any(isinstance(each, Load) for found in decisions for each in found)
    return all_paced(
        [each for found in decisions for each in (_after_others(found, situation) if waiting else found)],
        situation.settings,
    )


def _best(situation: Situation, pair: DirectPath, count: int) -> Relays:
    return next(iter(situation.ranked_relays(pair, count)), ())


_BEST = Selection(_best)


def _loaded_first(situation: Situation, decision: PolicyDecision) -> list[PolicyDecision]:
    """A move onto relays that have all records, or had their time; else the wish for them, and why the pair stays."""
    if not isinstance(decision, Move) or not decision.relays:
        return [decision]
    covered = situation.covered(decision, decision.relays)
    since_ns = situation.loading.since_ns.get(decision.pair)
    waited_ns = 0 if since_ns is None else situation.now_ns - since_ns
    if covered < 1 and (since_ns is None or waited_ns < situation.settings.policy.patience_ns):
        reason = f"waits for {via_text(decision.relays)} to load its session records; {decision.reason}"
        load = Load(decision.a, decision.b, decision.relays, decision.lanes)
        return [Kept(decision.a, decision.b, reason, situation.now_ns), load]
    if since_ns is None:
        return [decision]
    told = f"{via_text(decision.relays)} had {covered:.0%} of the records after {waited_ns / MS:.0f} ms"
    return [replace(decision, reason=f"{decision.reason}; {told}")]


def _after_others(found: list[PolicyDecision], situation: Situation) -> list[PolicyDecision]:
    """A path over two relays rests on reroutes of other pairs, which may be those that wait: it waits for them."""
    (decision, *_) = found
    if not isinstance(decision, Move) or len(decision.relays) < 2:
        return found
    reason = f"waits for the pairs on which its path rests; {decision.reason}"
    load = Load(decision.a, decision.b, decision.relays, decision.lanes)
    return [Kept(decision.a, decision.b, reason, situation.now_ns), load]
