from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest
from controller_samples import probe

from controller.decisions import HealthChange
from controller.detectors.tracker import START_UP_NS, Tracker
from controller.settings import ControllerSettings
from hostio.timing import MS, S
from topologies.model import Direction

DELAY = 31_200_000
INTERVAL = 50 * MS
TICK = 10 * MS


def tracker(settings: ControllerSettings | None = None) -> Tracker:
    return Tracker(Direction("east", "west"), DELAY, 1 * MS, settings or ControllerSettings(), 0)


def play(
    watched: Tracker,
    until_ns: int,
    lost: Iterable[int] = (),
    delay_ns: Callable[[int], int] = lambda _: DELAY,
    from_ns: int = 0,
) -> list[HealthChange]:
    """Probes and ticks from `from_ns` until `until_ns`; `lost` probes never arrive."""
    missing = set(lost)
    reports = [probe(s, delay_ns(s)) for s in range(until_ns // INTERVAL + 1) if s not in missing]
    reports.sort(key=lambda report: report.received_ns)
    changes = []
    for now_ns in range(from_ns, until_ns + 1, TICK):
        for report in reports:
            if now_ns - TICK < report.received_ns <= now_ns:
                watched.report(report)
        changes += watched.tick(now_ns)
    return changes


def moves(changes: list[HealthChange]) -> list[tuple[str, str]]:
    return [(change.before, change.after) for change in changes]


def test_clean_once_a_handful_of_probes_arrived() -> None:
    watched = tracker()
    (change,) = play(watched, 1 * S)
    assert moves([change]) == [("unknown", "clean")]
    assert change.at_ns == 240 * MS
    assert watched.health.since_ns == change.at_ns
    assert (change.source, change.destination) == ("east", "west")


def test_never_a_probe_is_down_after_the_start_up_time() -> None:
    (change,) = play(tracker(), 11 * S, lost=range(300))
    assert (change.after, change.at_ns) == ("down", START_UP_NS)
    assert change.reason == "no probe in the first 10 s"


def test_silence_is_down_after_the_detection_time_and_clean_again_when_the_window_is() -> None:
    watched = tracker()
    clean, down, degraded, again = play(watched, 8 * S, lost=range(40, 80))
    last_ns = 39 * INTERVAL + DELAY
    assert clean.after == "clean"
    assert down.after == "down"
    assert 250 * MS < down.at_ns - last_ns <= 250 * MS + TICK
    assert down.reason == f"no probe for {(down.at_ns - last_ns) / MS:.0f} ms"
    assert degraded.after == "degraded"
    assert degraded.at_ns - (80 * INTERVAL + DELAY) < TICK
    assert again.after == "clean"
    assert watched.health.since_ns == again.at_ns


def test_sparse_loss_degrades_with_its_share_and_heals() -> None:
    _, degraded, clean = play(tracker(), 8 * S, lost=range(40, 60, 2))
    assert (degraded.after, clean.after) == ("degraded", "clean")
    assert degraded.reason == "loss 25 % of the last 20 probes"


def test_loss_at_the_limit_is_clean() -> None:
    assert moves(play(tracker(), 8 * S, lost=range(5, 160, 5))) == [("unknown", "clean")]


def test_delay_degrades_with_both_medians() -> None:
    _, degraded = play(tracker(), 6 * S, delay_ns=lambda s: DELAY + (60_900_000 if s >= 60 else 0))
    assert degraded.after == "degraded"
    assert degraded.reason == "median delay 92.1 ms over 31.2 ms"
    assert degraded.at_ns - 60 * INTERVAL < 1 * S


def test_more_delay_within_bounds_is_clean() -> None:
    assert moves(play(tracker(), 6 * S, delay_ns=lambda s: DELAY + (49 * MS if s >= 60 else 0))) == [
        ("unknown", "clean")
    ]


def test_reordering_and_duplicates_change_nothing() -> None:
    watched = tracker()
    changes = play(watched, 6 * S, delay_ns=lambda s: DELAY + (70 * MS if s % 5 == 0 else 0))
    for sequence in range(90, 110):
        watched.report(probe(sequence, 6 * S - sequence * INTERVAL))
    changes += watched.tick(6 * S + TICK)
    assert moves(changes) == [("unknown", "clean")]


def test_a_late_duplicate_does_not_hide_silence() -> None:
    watched = tracker()
    play(watched, 2 * S)
    watched.report(probe(39, 300 * MS))
    (change,) = play(watched, 3 * S, lost=range(100), from_ns=2 * S + TICK)
    assert change.after == "down"


def test_port_down_is_down_at_once_and_only_new_probes_lead_out() -> None:
    watched = tracker()
    play(watched, 2 * S)
    (down,) = watched.port_down(2 * S + 1)
    assert (down.after, down.reason, down.at_ns) == ("down", "port down", 2 * S + 1)
    assert watched.tick(2 * S + TICK) == []
    assert watched.port_up(2 * S + 2 * TICK) == []
    assert watched.health.state == "down"
    assert watched.tick(2 * S + 3 * TICK) == []
    (clean,) = play(watched, 3 * S, from_ns=2 * S + 4 * TICK)
    assert clean.after == "clean"
    assert clean.at_ns - 2 * S >= 4 * INTERVAL


def test_port_up_without_port_down_is_an_error() -> None:
    with pytest.raises(KeyError):
        tracker().port_up(0)


def test_a_window_shorter_than_the_multiplier_can_be_clean() -> None:
    watched = tracker(ControllerSettings(loss_window=3))
    assert moves(play(watched, 2 * S)) == [("unknown", "clean")]
