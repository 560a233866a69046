"""Run delays of kinds of processes, against threads whose waits are known."""

from __future__ import annotations

import os

import pytest

from hostio.run_delay import ThreadDelay, network_of, run_delay_told
from results.run_files.hold_ups import RUN_DELAY, RunDelayPlace
from scenarios.run.run_delays import Place, RunDelays, growth, place_of

RELAY = (RunDelayPlace.RELAY, 2)
HOSTS = {4026531840: 1, 4026532000: 2}


@pytest.mark.parametrize(
    ("name", "network", "place"),
    [
        ("relay-us-centra", 4026532000, RELAY),
        ("redis-server", 4026531840, (RunDelayPlace.DIRECTORY, 1)),
        ("directory", 4026531840, (RunDelayPlace.DIRECTORY, 1)),
        ("peer-us-east", 4026531840, (RunDelayPlace.PEER, 1)),
        ("prober-us-east", 4026531840, (RunDelayPlace.PROBER, 1)),
        ("controller", 77, (RunDelayPlace.CONTROLLER, 0)),
        ("relay-us-centra", 77, None),
        ("client-us-east", 4026531840, None),
        ("", 0, None),
    ],
)
def test_kind_and_cluster_follow_from_name_and_network(name: str, network: int, place: Place | None) -> None:
    assert place_of(name, network, HOSTS) == place


def test_a_process_of_no_name_of_ours_belongs_to_the_program_that_is_the_relay_there() -> None:
    assert place_of("coturn", 4026532000, HOSTS, programs={2}) == RELAY
    assert place_of("coturn", 4026531840, HOSTS, programs={2}) is None
    assert place_of("client-us-west", 4026532000, HOSTS, programs={2}) is None
    assert place_of("redis-server", 4026532000, HOSTS, programs={2}) == (RunDelayPlace.DIRECTORY, 2)


def test_waits_grow_thread_by_thread() -> None:
    before = {RELAY: [ThreadDelay(1, 100, True), ThreadDelay(2, 50, False), ThreadDelay(3, 70, True)]}
    after = {
        RELAY: [
            ThreadDelay(1, 130, True),
            ThreadDelay(2, 90, False),  # with real-time priority: told by its own lateness
            ThreadDelay(3, 8, True),  # the number of a thread that has ended
            ThreadDelay(4, 500, True),  # new
        ]
    }
    assert growth(before, after) == {RELAY: 30 + 8 + 500}
    assert growth(after, after) == {}


def test_a_thread_that_had_real_time_priority_counts_from_then_on_only() -> None:
    assert growth({RELAY: [ThreadDelay(1, 900, False)]}, {RELAY: [ThreadDelay(1, 905, True)]}) == {RELAY: 5}


def test_without_a_process_of_the_run_there_are_no_rows() -> None:
    delays = RunDelays({1: os.getpid()})
    assert network_of(os.getpid()) > 0
    delays.sample()
    delays.sample()
    assert delays.told == 2 * run_delay_told()
    rows = delays.rows()
    assert rows.dtype == RUN_DELAY
    assert len(rows[rows["number"] == 1]) == 0, "of other runs on this machine switches and controllers may be seen"
