from __future__ import annotations

from itertools import product
from typing import get_args

import pytest

from controller.detectors.tracker import TRANSITIONS, Finding
from controller.health import State

STATES = tuple(state for state in get_args(State) if state != "damped")  # which no detector finds
FINDINGS = get_args(Finding)


def test_every_key_and_target_is_a_known_state() -> None:
    assert {state for state, _ in TRANSITIONS} == set(STATES)
    assert {finding for _, finding in TRANSITIONS} == set(FINDINGS)
    assert set(TRANSITIONS.values()) <= set(STATES)


@pytest.mark.parametrize(("state", "finding"), list(product(STATES, FINDINGS)))
def test_walks_the_whole_table(state: State, finding: Finding) -> None:
    outcome = {
        "probes good": "clean",
        "probes bad": "degraded",
        "probes silent": "down",
        "port down": "down",
        "port up": "down" if state == "down" else None,
    }
    assert TRANSITIONS.get((state, finding)) == outcome[finding]


def test_unknown_is_never_entered_again() -> None:
    assert "unknown" not in TRANSITIONS.values()


def test_every_state_can_reach_clean() -> None:
    for state in STATES:
        assert TRANSITIONS[state, "probes good"] == "clean"
