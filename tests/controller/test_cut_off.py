"""A cluster is cut off only if the others say so as well."""

from __future__ import annotations

from itertools import product

import pytest
from controller_samples import all_clean, broken, six
from engine_bench import both
from every import every

from controller.decisions import Kept
from controller.health import Health, State
from controller.isolation import REASONS, VERDICTS, Verdict, cut_off, isolated_since_ns, verdict
from controller.moves import Move
from controller.policies.failover import failover
from controller.settings import ControllerSettings
from controller.situation import Situation
from hostio.timing import MS, S
from topologies.model import Direction

SIX = six()
OTHERS = [each.name for each in SIX.clusters if each.name != "east"]


def silent(*, inwards: bool, outwards: bool, state: State = "down") -> dict[Direction, Health]:
    """The links of east."""
    ways = [Direction(each, "east") for each in OTHERS] if inwards else []
    ways += [Direction("east", each) for each in OTHERS] if outwards else []
    return all_clean(SIX) | dict.fromkeys(ways, broken(state=state))


@pytest.mark.parametrize(("hears", "heard"), list(product((True, False), repeat=2)))
def test_both_sides_are_asked(hears: bool, heard: bool) -> None:
    expected: Verdict = {
        (True, True): "connected",
        (True, False): "unheard",
        (False, True): "deaf",
        (False, False): "isolated",
    }[hears, heard]  # type: ignore[assignment]
    assert VERDICTS[hears, heard] == expected
    links = silent(inwards=not hears, outwards=not heard)
    assert verdict("east", links) == expected
    assert cut_off([*OTHERS, "east"], links) == (
        {} if expected == "connected" else {"east": f"east {REASONS[expected]}"}
    )


@pytest.mark.parametrize("other", OTHERS)
def test_one_word_of_one_neighbour_is_enough(other: str) -> None:
    links = silent(inwards=True, outwards=True) | dict.fromkeys(
        (Direction(other, "east"), Direction("east", other)), Health("degraded", 0, "loss 90 %")
    )
    assert verdict("east", links) == "connected"


@pytest.mark.parametrize("state", ["unknown", "degraded", "clean"])
def test_what_is_not_down_is_heard(state: State) -> None:
    assert verdict("east", silent(inwards=True, outwards=True, state=state)) == "connected"


@pytest.mark.parametrize(("inwards", "outwards"), [(True, True), (True, False), (False, True)])
def test_no_detour_is_looked_for_and_the_log_says_why(inwards: bool, outwards: bool) -> None:
    links = silent(inwards=inwards, outwards=outwards)
    decisions = failover(Situation(SIX, links, {}, {}, ControllerSettings(), 0))
    told = [each for each in decisions if isinstance(each, Kept)]
    assert [each.b for each in told] == OTHERS
    assert told == decisions
    reason = REASONS[verdict("east", links)]
    assert every(each.reason.startswith(f"no detour: east {reason}; ") for each in told)


def test_a_cluster_is_isolated_since_its_last_link_went_down() -> None:
    links = silent(inwards=True, outwards=True)
    assert isolated_since_ns("east", links) == broken().since_ns
    later = {**links, Direction("east", "west"): broken(since_ns=90)}
    assert isolated_since_ns("east", later) == 90
    assert isolated_since_ns("west", later) is None
    assert isolated_since_ns("east", silent(inwards=True, outwards=False)) is None


@pytest.mark.parametrize("earlier_ns", [0, 250 * MS, 251 * MS])
def test_what_was_moved_as_a_cluster_fell_silent_goes_back_and_waits_where_all_is_as_before(earlier_ns: int) -> None:
    """A link that was silent for longer than one fault takes to be found may still be when the others are back."""
    found_ns = 5 * S
    links = silent(inwards=True, outwards=True)
    links |= {each: broken(since_ns=found_ns) for each in links if "east" in each}
    links |= dict.fromkeys(both("east", "west"), broken(since_ns=found_ns - earlier_ns))
    moved = {Direction("east", "west"): "ohio", Direction("west", "east"): "ohio"}
    decisions = failover(Situation(SIX, links, {}, moved, ControllerSettings(), found_ns))
    moves = [each for each in decisions if isinstance(each, Move)]
    if earlier_ns > 250 * MS:
        assert moves == []
    else:
        (back,) = moves
        assert (back.a, back.b, back.relays, back.seen_ns) == ("east", "west", (), found_ns)
        assert back.reason.startswith(f"east {REASONS['isolated']}; ")


def test_what_is_only_deaf_stays_on_its_relays() -> None:
    """Its reports may be missing, and nothing else."""
    moved = {Direction("east", "west"): "ohio", Direction("west", "east"): "ohio"}
    links = silent(inwards=True, outwards=False)
    decisions = failover(Situation(SIX, links, {}, moved, ControllerSettings(), S))
    assert not [each for each in decisions if isinstance(each, Move)]


@pytest.mark.parametrize(
    ("state", "clean_ms", "moves"),
    [("degraded", 20, False), ("degraded", 249, False), ("degraded", 250, True), ("down", 20, True)],
)
def test_links_that_come_back_one_after_another_move_nobody_who_is_heard(
    state: State, clean_ms: int, *, moves: bool
) -> None:
    """The link to ohio is clean first; all others are about to be, and carry something, or not."""
    now_ns = 20 * S
    links = silent(inwards=True, outwards=True, state=state)
    links |= dict.fromkeys(
        both("east", "ohio"), Health("clean", now_ns - clean_ms * MS, "loss and delay within bounds")
    )
    decisions = failover(Situation(SIX, links, {}, {}, ControllerSettings(), now_ns))
    if moves:
        assert {each.relays for each in decisions if isinstance(each, Move)} == {("ohio",)}
    else:
        told = [each for each in decisions if isinstance(each, Kept)]
        assert told == decisions
        reason = "no detour: the legs of each were found clean less than 250 ms ago; "
        assert every(each.reason.startswith(reason) for each in told)
