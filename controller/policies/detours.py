"""Away from a path that is not clean, onto a detour, and back: what all policies that reroute have in common. Pure.

A pair whose own path is not clean goes over relays whose legs are clean in both directions and not rerouted themselves.
Which of these, is the policy's to select. Relays once chosen are kept while their legs stay usable. Traffic returns to
the direct path when that has been clean for the wait-to-restore time (`hold_ns`), and at once if no relay is left.
Once `max_reroutes` are spent nothing is moved onto relays, and nothing off relays that are good. With
`directions: each` all of this is of each direction by itself: the way there has to be clean, and is moved.

Where no single relay is taken, and `max_relays` allows it, a pair goes over two, of which each sends to the other end
over the other one already: their own paths to it are not clean either (the first relay is in the P-space of RFC 7490,
the second in its Q-space; a single relay is in both). No other reroute rests on another one, which keeps relay paths
free of loops. A relay forwards a packet on the lane on which it came, so this holds lane by lane.

A relay that canaries find unhealthy is left at once: for the direct link if that is clean, because another relay may
be as cold as this one was; else for another relay; else for the direct link if it is up at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from controller.decisions import Kept
from controller.moves import Move, PolicyDecision, Relays, via_text
from controller.situation import Situation
from hostio.timing import MS
from topologies.model import DirectPath


def _nothing(_situation: Situation, _pair: DirectPath, _count: int) -> str | None:
    return None


@dataclass(frozen=True, slots=True)
class Selection:
    """How a policy selects relays, of a pair and so many of them.

    `choose`: those to take; empty if there are none. `refused`: why none of those with usable legs is taken; None if
    there are none.
    """

    choose: Callable[[Situation, DirectPath, int], Relays]
    refused: Callable[[Situation, DirectPath, int], str | None] = _nothing


def detours(situation: Situation, selection: Selection) -> list[PolicyDecision]:
    """Every move to make now of the lanes under consideration, and every pair of which they stay on a path that is not
    clean.

    No move while the health of any link is unknown: start-up is not a fault.
    """
    if situation.starting_up:
        return [*not_yet(situation)]
    return decided(situation, selection)[0]


def decided(situation: Situation, selection: Selection) -> tuple[list[PolicyDecision], Situation]:
    """These decisions, where the health of every link is known, and the situation once the moves are made."""
    if situation.all_clean and not situation.reroutes:
        return [], situation
    # Reverting first: a link that carries its own traffic again can be a leg of another pair's relay path.
    reverted = [move for pair in situation.concerned for move in _revert(situation, pair)]
    concerned = situation.concerned
    for move in reverted:
        situation = situation.after(move)
    judged, situation = _judge_all(situation, concerned, selection)
    return [*reverted, *judged], situation


def not_yet(situation: Situation) -> Iterator[Kept]:
    """The pairs whose direct path has a fault before the health of every link is known."""
    for pair in situation.concerned:
        known = [each for each in pair.directions if situation.links[each].state not in ("clean", "unknown")]
        if known:
            fault = f"{known[0]}: {situation.links[known[0]].reason}"
            text = f"nothing moves before the health of every link is known; {fault}"
            yield Kept(pair.a, pair.b, text, situation.now_ns, pair.one_way)


def direct_fault(situation: Situation, pair: DirectPath) -> tuple[str, int]:
    """Why a direct path that is not clean is not, and since when: its first direction to have left clean."""
    return _first_fault(situation, pair, ())


def _revert(situation: Situation, pair: DirectPath) -> list[Move]:
    present = situation.relays_of(pair)
    if not present or not situation.held(pair) or _still_good(situation, pair, present):
        return []
    clean_since_ns = situation.clean_since_ns(pair)
    return [_move(situation, pair, (), f"clean for {situation.settings.hold_ns / MS:.0f} ms", clean_since_ns)]


def _still_good(situation: Situation, pair: DirectPath, present: Relays) -> bool:
    """Whether a pair stays on its relays because no reroute is left: should its own path fail again, it could not come
    back to them."""
    return (
        situation.spent(pair)
        and situation.legs_usable(pair, present)
        and situation.unhealthy_relay(pair, present) is None
    )


def _judge_all(
    situation: Situation, concerned: list[DirectPath], selection: Selection
) -> tuple[list[PolicyDecision], Situation]:
    """Judge one pair after another, as if earlier moves were made: no two pairs may become each other's leg.

    Those for which no single relay is taken are judged again once the others have theirs: a path over two relays is
    made of these.
    """
    decisions: dict[DirectPath, PolicyDecision] = {}
    for count in range(1, situation.settings.most_relays + 1):
        for pair in concerned:
            if count > 1 and not isinstance(decisions.get(pair), Kept):
                continue
            decision = _reroute(situation, pair, count, selection)
            if decision is not None:
                decisions[pair] = decision
            if isinstance(decision, Move):
                situation = situation.after(decision)
    return list(decisions.values()), situation


def _reroute(situation: Situation, pair: DirectPath, count: int, selection: Selection) -> PolicyDecision | None:
    present = situation.relays_of(pair)
    if present and situation.legs_usable(pair, present):
        return _leave_unhealthy_relay(situation, pair, present, count, selection) or _not_back(situation, pair)
    if not present and situation.path_clean(pair):
        return None
    reason, seen_ns = _first_fault(situation, pair, present)
    if not situation.settings.reroute:
        return Kept(pair.a, pair.b, f"rerouting is switched off; {reason}", situation.now_ns, pair.one_way)
    best = _best(situation, pair, count, selection)
    if best:
        return _move(situation, pair, best, reason, seen_ns)
    if situation.path_clean(pair) or (present and situation.path_damped(pair)):
        return _move(situation, pair, (), f"{reason}; the {pair.word} is clean", seen_ns)
    if present and (in_vain := _in_vain(situation, pair)):
        return _move(situation, pair, (), *in_vain)
    return Kept(
        pair.a, pair.b, f"{_why_not(situation, pair, count, selection)}; {reason}", situation.now_ns, pair.one_way
    )


def _in_vain(situation: Situation, pair: DirectPath) -> tuple[str, int] | None:
    """Why relays carry a pair no better than its direct path does, and since when: an end is isolated, and the direct
    path was only the first of its links to be found silent. When they are back, so is it."""
    isolated_ns = situation.isolated_since_ns(pair)
    if isolated_ns is None:
        return None
    _, fault_ns = direct_fault(situation, pair)
    if isolated_ns - fault_ns > situation.settings.link_detection_ns:
        return None
    return f"{situation.why_cut_off(pair)}; the {pair.word} went silent with all others", isolated_ns


def _leave_unhealthy_relay(
    situation: Situation, pair: DirectPath, present: Relays, count: int, selection: Selection
) -> PolicyDecision | None:
    unhealthy = situation.unhealthy_relay(pair, present)
    if unhealthy is None:
        return None
    health = situation.relays[unhealthy].health
    reason = f"{unhealthy}: {health.reason}"
    if situation.path_clean(pair):
        return _move(situation, pair, (), f"{reason}; the {pair.word} is clean", health.since_ns)
    best = _best(situation, pair, count, selection)
    if best:
        return _move(situation, pair, best, reason, health.since_ns)
    if situation.path_up(pair):
        return _move(situation, pair, (), f"{reason}; the {pair.word} carries something", health.since_ns)
    return Kept(
        pair.a,
        pair.b,
        f"{_why_not(situation, pair, count, selection, 'other ')}; {reason}",
        situation.now_ns,
        pair.one_way,
    )


def _best(situation: Situation, pair: DirectPath, count: int, selection: Selection) -> Relays:
    """The relays to move a pair onto; empty if there are none, or it may not be moved."""
    if situation.why_cut_off(pair) or situation.spent(pair):
        return ()
    return selection.choose(situation, pair, count)


def _not_back(situation: Situation, pair: DirectPath) -> Kept | None:
    """Why a pair whose relays are good does not return to a direct path that carries all."""
    if situation.path_damped(pair):
        reason, _ = direct_fault(situation, pair)
        return Kept(
            pair.a, pair.b, f"damped: the {pair.word} is clean, and not used; {reason}", situation.now_ns, pair.one_way
        )
    if situation.held(pair):
        text = f"{_spent(situation)}; the {pair.word} is clean, and its relays are good"
        return Kept(pair.a, pair.b, text, situation.now_ns, pair.one_way)
    return None


def _spent(situation: Situation) -> str:
    return f"no reroute left: pairs were moved onto relays {situation.settings.max_reroutes} times in a minute"


def _move(situation: Situation, pair: DirectPath, relays: Relays, reason: str, seen_ns: int) -> Move:
    return Move(pair.a, pair.b, relays, reason, seen_ns, situation.lanes, one_way=pair.one_way)


def _why_not(situation: Situation, pair: DirectPath, count: int, selection: Selection, other: str = "") -> str:
    cut_off = situation.why_cut_off(pair)
    if cut_off:
        return f"no detour: {cut_off}"
    if situation.spent(pair) and any(selection.choose(situation, pair, some) for some in range(1, count + 1)):
        return _spent(situation)
    if situation.all_slower(pair, count):
        return f"no detour: each is slower than the {pair.word} is now"
    if situation.only_unsettled(pair, count):
        detection_ms = situation.settings.link_detection_ns / MS
        return f"no detour: the legs of each were found clean less than {detection_ms:.0f} ms ago"
    # Only the answer for the most relays is told: a pair that is kept is judged again with one more.
    refused = selection.refused(situation, pair, count) if count == situation.settings.most_relays else None
    if refused is not None:
        return refused
    alone = f"no detour: no {other}relay is healthy and has two clean legs"
    return alone if count == 1 else f"{alone}, nor do two relays have three"


def _first_fault(situation: Situation, pair: DirectPath, relays: Relays) -> tuple[str, int]:
    """Why the present path is not usable, and since when: its first direction to have left clean."""
    directions = situation.legs(pair, relays) if relays else pair.directions
    faulty = [each for each in directions if situation.links[each].state != "clean"]
    if not faulty:
        return f"a leg via {via_text(relays)} is itself rerouted", situation.now_ns
    first = min(faulty, key=lambda direction: situation.links[direction].since_ns)
    return f"{first}: {situation.links[first].reason}", situation.links[first].since_ns
