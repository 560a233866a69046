from __future__ import annotations

from controller_samples import six, triangle
from engine_bench import Bench, both, started

from controller.decisions import HealthChange, Review
from controller.settings import ControllerSettings
from hostio.timing import S

WATCHFUL = ControllerSettings(hold_ns=60 * S, detect=("link", "relay-canary"))


def rerouted(settings: ControllerSettings) -> Bench:
    """Moved onto central by a blip that is long over."""
    bench = started(triangle(), settings)
    bench.cut = both("east", "west")
    bench.run(2 * S)
    bench.cut = set()
    bench.run(3 * S)
    bench.records.clear()
    return bench


def test_link_probes_never_leave_a_stuck_relay_and_the_log_says_why() -> None:
    bench = rerouted(ControllerSettings(hold_ns=60 * S))
    bench.stuck = {"central"}
    bench.run(10 * S)
    checks = [record for record in bench.records if isinstance(record, Review)]
    assert bench.records == checks
    assert len(checks) == 10
    assert {(check.via, check.reason) for check in checks} == {
        ("central", "both legs are clean; the relay itself is not watched; the direct link waits for its hold time")
    }


def test_canaries_leave_a_stuck_relay_for_the_clean_direct_link_within_a_second() -> None:
    bench = rerouted(WATCHFUL)
    bench.stuck = {"central"}
    stuck_ns = bench.now_ns
    bench.run(3 * S)
    (away,) = bench.decisions()
    assert (away.via, away.lanes) == (None, tuple(range(16)))
    assert "relay central, to " in away.reason
    assert away.reason.endswith("the direct link is clean")
    assert stuck_ns < away.installed_ns < stuck_ns + 1 * S
    assert bench.relays_passed("east", "west", 3) == []


def test_a_relay_that_was_unhealthy_gets_no_traffic_for_the_hold_time() -> None:
    bench = started(triangle(), ControllerSettings(hold_ns=5 * S, detect=("link", "relay-canary")))
    bench.stuck = {"central"}
    bench.run(2 * S)
    bench.stuck = set()
    bench.cut = both("east", "west")
    bench.run(4 * S)
    assert bench.decisions() == []
    bench.run(6 * S)
    assert [decision.via for decision in bench.decisions()] == ["central"]


def test_a_cut_leg_says_nothing_of_the_relay_behind_it() -> None:
    bench = started(six(), WATCHFUL)
    bench.cut = {each for name in ("east", "central", "south") for each in both("ohio", name)}
    bench.run(2 * S)
    bench.cut = set()
    bench.run(3 * S)
    changes = [record for record in bench.records if isinstance(record, HealthChange)]
    assert not [change for change in changes if change.detector == "relay-canary" and change.after != "clean"]
