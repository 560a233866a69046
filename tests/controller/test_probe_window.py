from __future__ import annotations

from random import Random

import pytest
from controller_samples import probe

from controller.detectors.probe_window import ProbeWindow
from hostio.timing import MS
from relay_app.probing.probe_report import ProbeReport

INTERVAL = 50 * MS
DELAY = 31 * MS


def window(size: int = 20) -> ProbeWindow:
    return ProbeWindow(size, INTERVAL, DELAY)


def feed(window: ProbeWindow, reports: list[ProbeReport]) -> None:
    for report in sorted(reports, key=lambda report: report.received_ns):
        window.advance(report.received_ns)
        window.add(report)


@pytest.mark.parametrize("seed", range(8))
def test_counts_loss_exactly_under_jitter_reordering_and_duplication(seed: int) -> None:
    random = Random(seed)
    slowest = DELAY + 60 * MS
    lost = {sequence for sequence in range(1, 200) if random.random() < 0.3}
    arrivals = [probe(s, random.randint(DELAY - 20 * MS, slowest)) for s in range(200) if s not in lost]
    copies = [copy._replace(received_ns=copy.received_ns + 30 * MS) for copy in arrivals if random.random() < 0.2]
    watched = ProbeWindow(20, INTERVAL, slowest)
    feed(watched, arrivals + copies)
    watched.advance(199 * INTERVAL + slowest + INTERVAL)
    assert watched.lost() == len(lost & set(range(180, 200)))


def test_a_reordered_probe_is_not_lost() -> None:
    watched = window()
    feed(watched, [probe(0, DELAY), probe(1, DELAY + 60 * MS), probe(2, DELAY), probe(3, DELAY)])
    watched.advance(probe(3, DELAY).received_ns)
    assert watched.lost() == 0


def test_a_gap_counts_once_the_link_would_have_brought_it() -> None:
    watched = window()
    feed(watched, [probe(0, DELAY), probe(2, DELAY - 1)])
    due_ns = 1 * INTERVAL + DELAY + INTERVAL
    watched.advance(due_ns - 1)
    assert watched.lost() == 0
    watched.advance(due_ns)
    assert watched.lost() == 1


def test_silence_counts_as_loss_without_any_later_probe() -> None:
    watched = window()
    feed(watched, [probe(0, DELAY)])
    watched.advance(4 * INTERVAL + DELAY + INTERVAL)
    assert watched.lost() == 4


def test_loss_leaves_the_window_again() -> None:
    watched = window(size=4)
    feed(watched, [probe(s, DELAY) for s in (0, 1, 4, 5, 6, 7, 8)])
    watched.advance(8 * INTERVAL + DELAY + INTERVAL)
    assert watched.lost() == 0
    assert watched.arrived == 4


def test_what_happened_before_the_first_arrival_does_not_count() -> None:
    watched = window()
    feed(watched, [probe(500, DELAY)])
    watched.advance(500 * INTERVAL + DELAY + INTERVAL)
    assert watched.lost() == 0


def test_a_duplicate_neither_counts_nor_proves_life() -> None:
    watched = window()
    feed(watched, [probe(0, DELAY), probe(0, 900 * MS)])
    assert watched.arrived == 1
    assert watched.last_arrival_ns == DELAY
    assert watched.median_delay_ns() == DELAY


def test_a_probe_older_than_the_window_is_ignored() -> None:
    watched = window(size=4)
    feed(watched, [probe(s, DELAY) for s in range(10, 30)])
    watched.advance(29 * INTERVAL + DELAY + INTERVAL)
    watched.add(probe(11, 40 * INTERVAL))
    assert watched.arrived == 4
    assert watched.median_delay_ns() == DELAY


def test_a_restarted_sender_starts_afresh() -> None:
    watched = window()
    feed(watched, [probe(s, DELAY) for s in range(100, 110)])
    restart = ProbeReport(1, 2, 0, 110 * INTERVAL, 110 * INTERVAL + DELAY)
    watched.add(restart)
    watched.advance(restart.received_ns + INTERVAL)
    assert (watched.arrived, watched.lost()) == (1, 0)


def test_median_is_the_lower_of_two() -> None:
    watched = window()
    feed(watched, [probe(0, 10 * MS), probe(1, 40 * MS)])
    assert watched.median_delay_ns() == 10 * MS


def test_an_empty_window_has_no_figures() -> None:
    with pytest.raises(ValueError, match="has arrived"):
        window().median_delay_ns()
    with pytest.raises(ValueError, match="has arrived"):
        window().next_due_ns()
