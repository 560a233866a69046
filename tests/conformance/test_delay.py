"""Delay, its distribution, and what goes past it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from every import every
from link_lab import A_B, A_C, B_A, BOTH, C_A, EARLY_NS, Arrival, LabMaker, numbers
from scipy import stats

from hostio.timing import MS
from topologies.distributions import quantile
from topologies.link_state import Distribution, Jitter, LinkState

pytestmark = [pytest.mark.root, BOTH]

Ints = np.ndarray[Any, np.dtype[np.int64]]

MEAN_WITHIN_NS = MS / 5
P99_WITHIN_NS = MS
TRIES = 10
"""Other work on the machine makes frames late, never early: the best of several tries is the emulator's own doing."""


def lateness_ns(arrivals: Sequence[Arrival], delay_ns: int) -> Ints:
    return np.array([arrival.delay_ns for arrival in arrivals]) - delay_ns


@pytest.mark.parametrize("delay_ns", [MS, 15 * MS, 31_100_000, 250 * MS])
def test_delay_is_exact(make_lab: LabMaker, delay_ns: int) -> None:
    tries = []
    with make_lab({A_B: LinkState(delay_ns=delay_ns)}) as lab:
        for _ in range(TRIES):
            lab.send_spaced(A_B, 200, every_ns=MS)
            late = lateness_ns(lab.arrivals(A_B), delay_ns)
            assert len(late) == 200
            assert late.min() >= EARLY_NS
            mean_ns, p99_ns = round(late.mean()), round(np.quantile(late, 0.99))
            if mean_ns <= MEAN_WITHIN_NS and p99_ns <= P99_WITHIN_NS:
                return
            tries.append((mean_ns, p99_ns))
    pytest.fail(f"mean and 99th percentile of lateness, ns: {tries}")


def test_each_direction_has_its_own_delay(make_lab: LabMaker) -> None:
    delays = {A_B: 31 * MS, B_A: 5 * MS, A_C: 50 * MS, C_A: 0}
    with make_lab({direction: LinkState(delay_ns=delay_ns) for direction, delay_ns in delays.items()}) as lab:
        for direction in delays:
            lab.send_spaced(direction, 100, every_ns=MS)
        for direction, delay_ns in delays.items():
            late = lateness_ns(lab.arrivals(direction), delay_ns)
            assert late.min() >= EARLY_NS
            assert np.median(late) < MS


def test_perfect_link_passes_everything_in_order(make_lab: LabMaker) -> None:
    with make_lab({}) as lab:
        lab.send(A_C, 500, size=1_514)
        assert numbers(lab.arrivals(A_C)) == list(range(500))


@pytest.mark.parametrize("distribution", ["uniform", "normal", "pareto", "paretonormal"])
def test_jitter_follows_its_distribution(make_lab: LabMaker, distribution: Distribution) -> None:
    """Kolmogorov-Smirnov against the quantile function, at a scale where a fraction of a ms of lateness is small."""
    count, delay_ms, spread_ms = 2_000, 200, 40
    with make_lab({A_B: LinkState(delay_ns=delay_ms * MS, jitter=Jitter(spread_ms * MS, distribution))}) as lab:
        lab.send(A_B, count)
        delays = [arrival.delay_ns / MS for arrival in lab.arrivals(A_B)]
    theory = [delay_ms + spread_ms * quantile(distribution, (n + 0.5) / 10_000) for n in range(10_000)]
    assert len(delays) == count
    assert stats.ks_2samp(delays, theory).pvalue > 1e-6


def test_distribution_can_be_changed_and_taken_back(make_lab: LabMaker) -> None:
    """netem keeps the table it was given last unless it is given another."""
    with make_lab({A_B: LinkState(delay_ns=100 * MS, jitter=Jitter(20 * MS, "pareto"))}) as lab:
        lab.apply({A_B: LinkState(delay_ns=100 * MS, jitter=Jitter(20 * MS))})
        lab.send(A_B, 500)
        delays = [arrival.delay_ns / MS for arrival in lab.arrivals(A_B)]
        assert max(delays) < 122
        lab.apply({A_B: LinkState(delay_ns=10 * MS)})
        lab.send_spaced(A_B, 100, every_ns=MS)
        assert numbers(lab.arrivals(A_B)) == list(range(500, 600))


def test_reordered_frames_overtake_those_on_their_way(make_lab: LabMaker) -> None:
    count, share = 2_000, 0.1
    with make_lab({A_B: LinkState(delay_ns=60 * MS, reorder=share)}) as lab:
        lab.send_spaced(A_B, count, every_ns=MS // 5)
        arrivals = lab.arrivals(A_B)
    early = [arrival for arrival in arrivals if arrival.delay_ns < 30 * MS]
    assert sorted(numbers(arrivals)) == list(range(count))
    assert numbers(arrivals) != list(range(count))
    assert stats.binomtest(len(early), count, share).pvalue > 1e-6
    assert every(arrival.delay_ns >= 60 * MS + EARLY_NS for arrival in arrivals if arrival not in early)
