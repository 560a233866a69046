"""Detours of lanes that do not all go alike: one group of lanes after another, and few decisions in the end. Pure.

Within a group of lanes everything is as if there were no others: a packet stays on its lane, so that the paths of one
group are free of loops whatever those of another are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from controller.decisions import Kept
from controller.moves import ALL_LANES, Move, PolicyDecision, lanes_text
from controller.policies.detours import Selection, decided, not_yet
from controller.policies.steps import Lanes, lane_groups
from controller.situation import Situation
from topologies.model import Direction


def in_groups(situation: Situation, selection: Selection) -> list[PolicyDecision]:
    """Decide on one group of lanes after another, as if the moves of earlier ones were made.

    Of a pair there are then moves of different lanes, and at most one `Kept`.
    """
    moves: list[Move] = []
    kept: list[tuple[Kept, Lanes]] = []
    if situation.starting_up:
        return [*not_yet(situation)]
    if situation.all_clean and not any(situation.by_lane or (situation.reroutes,)):
        return []
    situation = replace(situation, by_lane=situation.by_lane or (situation.reroutes,) * len(ALL_LANES))
    for lanes in lane_groups(situation.settings):
        decisions, situation = decided(situation.of_lanes(*lanes), selection)
        moves += [each for each in decisions if isinstance(each, Move)]
        kept += [(each, lanes) for each in decisions if isinstance(each, Kept)]
    return [*_joined(moves), *_told(kept)]


def _joined(moves: Iterable[Move]) -> list[Move]:
    """Moves of one pair to one path for one reason as one move."""
    found: dict[Move, Lanes] = {}
    for move in moves:
        alike = replace(move, lanes=())
        found[alike] = (*found.get(alike, ()), *move.lanes)
    return [replace(move, lanes=lanes) for move, lanes in found.items()]


def _told(kept: Iterable[tuple[Kept, Lanes]]) -> Iterator[Kept]:
    """One record for each pair; its reason says of which lanes, if not of all."""
    of_pairs: dict[Direction, dict[str, Lanes]] = {}
    record_of: dict[Direction, Kept] = {}
    for record, lanes in kept:
        pair = Direction(record.a, record.b)
        reasons = of_pairs.setdefault(pair, {})
        reasons[record.reason] = (*reasons.get(record.reason, ()), *lanes)
        record_of[pair] = record
    for pair, reasons in of_pairs.items():
        parts = [
            reason if len(lanes) == len(ALL_LANES) else f"{lanes_text(lanes)}: {reason}"
            for reason, lanes in reasons.items()
        ]
        yield replace(record_of[pair], reason="; ".join(parts))
