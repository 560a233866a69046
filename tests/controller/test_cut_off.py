"""A cluster is cut off only if the others say so as well."""

from __future__ import annotations

from itertools import product

import pytest
from controller_samples import all_clean, broken, six
from every import every

from controller.decisions import Kept
from controller.health import Health, State
from controller.isolation import REASONS, VERDICTS, Verdict, cut_off, verdict
from controller.policies.failover import failover
from controller.settings import ControllerSettings
from controller.situation import Situation
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
