"""Switches that lose their flow rules, start anew, freeze, or are cut off from the controller alone, in a whole run."""

from __future__ import annotations

from typing import Any

import pytest
from event_lab import PACKET_MS, SLACK_MS, Ran, ran
from every import every
from run_record import RunRecord

pytestmark = pytest.mark.root

SWITCHES = """\
name: switches
topology: us-triangle
duration: 16s
sessions:
  - {between: [us-east, us-west], count: 4, media: voice}
controller: {hold: 500ms, reroute: false}
events:
  - {at: 1s, what: switch-forgets, cluster: us-west, for: 2s}
  - {at: 5s, what: switch-restart, cluster: us-east, for: 1s}
  - {at: 8s, what: switch-freeze, for: 300ms}
  - {at: 10s, what: controller-cut, cluster: us-west, for: 1s}
"""
STREAMS, PER_SECOND = 8, 50
FORGETS, RESTART, FREEZE, CUT = range(4)


@pytest.fixture(scope="module")
def switches(runs: RunRecord, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """Every stream is silent as long as a switch has no rules: from the edge to when they were read back."""
    return ran(runs, tmp_path_factory.mktemp("switches"), SWITCHES, lambda run: {1.5: without_rules(run, FORGETS)})


def verified_ms(run: Ran, fault: int, edge: str) -> float:
    (found,) = (each for each in run.edges(fault) if each["edge"] == edge)
    return (int(found["verified_ns"]) - run.start_ns()) / 1e6


def without_rules(run: Ran, fault: int) -> tuple[float, float]:
    """For how long a stream hears nothing, ms: at least from one edge to the other, less what may arrive within; at
    most until the rules were read back."""
    least_ms, _ = run.lasted_ms(fault)
    (begun_ms, _) = run.applied_ms(fault, "start")
    return least_ms - PACKET_MS, verified_ms(run, fault, "end") - begun_ms + 2 * PACKET_MS + SLACK_MS


@pytest.mark.parametrize(("fault", "at_s"), [(FORGETS, 1.5), (RESTART, 5.5)])
def test_every_stream_is_silent_until_the_rules_are_back(switches: Ran, fault: int, at_s: float) -> None:
    silences = switches.silences_ms(at_s)
    assert len(silences) == STREAMS
    assert switches.bears(switches.silent_ms_within(at_s, *without_rules(switches, fault)))


@pytest.mark.parametrize("fault", [FORGETS, RESTART])
def test_the_rules_are_read_back_gone_and_there_again(switches: Ran, fault: int) -> None:
    for edge in ("start", "end"):
        assert verified_ms(switches, fault, edge) >= switches.applied_ms(fault, edge)[1]


def test_a_switch_that_starts_anew_is_back_within_a_second(switches: Ran) -> None:
    for fault in (FORGETS, RESTART):
        back_ms = verified_ms(switches, fault, "end") - switches.applied_ms(fault, "end")[0]
        assert switches.bears(0 < back_ms < 1000)


def test_what_came_meanwhile_is_in_the_books_of_the_switch(switches: Ran) -> None:
    """All of a fault: eight streams of fifty a second, for as long as the rules were away."""
    counted: dict[str, int] = switches.summary["ledger"]["counted"]
    assert switches.bears(switches.summary["ledger"]["unexplained"] == 0)
    for cluster, fault in (("us-west", FORGETS), ("us-east", RESTART)):
        least_ms, most_ms = (each * STREAMS * PER_SECOND / 1000 for each in without_rules(switches, fault))
        count = counted[f"switch {cluster}: no flow rule"]
        assert switches.bears(least_ms - STREAMS <= count <= most_ms + STREAMS)


def test_nothing_is_lost_while_the_switches_stand_still_or_one_is_cut_off(switches: Ran) -> None:
    """A cut of the control connection leaves the rules in force; a frozen datapath lets packets wait in its buffers."""
    assert switches.bears(switches.silences_ms(10.5) == [])
    frozen = switches.silences_ms(8.2)
    least_ms, most_ms = switches.lasted_ms(FREEZE)
    assert switches.bears(all(least_ms - 2 * PACKET_MS <= each <= most_ms + 4 * PACKET_MS for each in frozen))


def test_every_edge_was_verified(switches: Ran) -> None:
    edges: list[dict[str, Any]] = [each for fault in range(4) for each in switches.edges(fault)]
    assert len(edges) == 8
    assert every(each["verified_ns"] > 0 for each in edges)
