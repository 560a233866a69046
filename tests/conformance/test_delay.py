"""Delay, its distribution, and what goes past it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import scipy
from every import every
from link_lab import A_B, A_C, B_A, BOTH, C_A, EARLY_NS, Arrival, LabMaker, numbers
from tries import best

from hostio.timing import MS
from topologies.distributions import quantile
from topologies.link_state import Distribution, Jitter, LinkState

pytestmark = [pytest.mark.root, BOTH]

Ints = np.ndarray[Any, np.dtype[np.int64]]

MEAN_WITHIN_NS = MS / 5
P99_WITHIN_NS = MS
UNLIKELY = 1e-6


def lateness_ns(arrivals: Sequence[Arrival], delay_ns: int) -> Ints:
    return np.array([arrival.delay_ns for arrival in arrivals]) - delay_ns


@pytest.mark.parametrize("delay_ns", [MS, 15 * MS, 31_100_000, 250 * MS])
def test_delay_is_exact(make_lab: LabMaker, delay_ns: int) -> None:
    with make_lab({A_B: LinkState(delay_ns=delay_ns)}) as lab:

        def mean_and_p99_ns() -> tuple[float, float]:
            lab.send_spaced(A_B, 200, every_ns=MS)
            late = lateness_ns(lab.arrivals(A_B), delay_ns)
            assert len(late) == 200
            assert late.min() >= EARLY_NS
            return float(late.mean()), float(np.quantile(late, 0.99))

        mean_ns, p99_ns = best(mean_and_p99_ns, lambda found: found[0] <= MEAN_WITHIN_NS and found[1] <= P99_WITHIN_NS)
    assert (mean_ns <= MEAN_WITHIN_NS, p99_ns <= P99_WITHIN_NS) == (True, True), (mean_ns, p99_ns)


def test_each_direction_has_its_own_delay(make_lab: LabMaker) -> None:
    delays = {A_B: 31 * MS, B_A: 5 * MS, A_C: 50 * MS, C_A: 0}
    with make_lab({direction: LinkState(delay_ns=delay_ns) for direction, delay_ns in delays.items()}) as lab:

        def medians_ns() -> list[float]:
            for direction in delays:
                lab.send_spaced(direction, 100, every_ns=MS)
            late = [lateness_ns(lab.arrivals(direction), delay_ns) for direction, delay_ns in delays.items()]
            assert min(each.min() for each in late) >= EARLY_NS
            return [float(np.median(each)) for each in late]

        assert max(best(medians_ns, lambda found: max(found) < MS)) < MS


def test_perfect_link_passes_everything_in_order(make_lab: LabMaker) -> None:
    with make_lab({}) as lab:
        lab.send(A_C, 500, size=1_514)
        assert numbers(lab.arrivals(A_C)) == list(range(500))


@pytest.mark.parametrize("distribution", ["uniform", "normal", "pareto", "paretonormal"])
def test_jitter_follows_its_distribution(make_lab: LabMaker, distribution: Distribution) -> None:
    """Kolmogorov-Smirnov against the quantile function, at a scale where a fraction of a ms of lateness is small."""
    count, delay_ms, spread_ms = 2_000, 200, 40
    theory = [delay_ms + spread_ms * quantile(distribution, (n + 0.5) / 10_000) for n in range(10_000)]
    with make_lab({A_B: LinkState(delay_ns=delay_ms * MS, jitter=Jitter(spread_ms * MS, distribution))}) as lab:

        def probability() -> float:
            lab.send(A_B, count)
            delays = [arrival.delay_ns / MS for arrival in lab.arrivals(A_B)]
            assert len(delays) == count
            return float(scipy.stats.ks_2samp(delays, theory).pvalue)

        assert best(probability, lambda found: found > UNLIKELY) > UNLIKELY


def test_distribution_can_be_changed_and_taken_back(make_lab: LabMaker) -> None:
    """netem keeps the table it was given last unless it is given another."""
    with make_lab({A_B: LinkState(delay_ns=100 * MS, jitter=Jitter(20 * MS, "pareto"))}) as lab:
        lab.apply({A_B: LinkState(delay_ns=100 * MS, jitter=Jitter(20 * MS))})

        def longest_ms() -> float:
            lab.send(A_B, 500)
            return max(arrival.delay_ns / MS for arrival in lab.arrivals(A_B))

        assert best(longest_ms, lambda found: found < 122) < 122
        lab.apply({A_B: LinkState(delay_ns=10 * MS)})
        lab.send_spaced(A_B, 100, every_ns=MS)
        arrived = numbers(lab.arrivals(A_B))
        assert arrived == list(range(arrived[0], arrived[0] + 100))


def test_reordered_frames_overtake_those_on_their_way(make_lab: LabMaker) -> None:
    count, share = 2_000, 0.1
    with make_lab({A_B: LinkState(delay_ns=60 * MS, reorder=share)}) as lab:
        lab.send_spaced(A_B, count, every_ns=MS // 5)
        arrivals = lab.arrivals(A_B)
    # By order, not by time: one that is not held back comes before one that was sent earlier, if that one was.
    least_behind = np.minimum.accumulate(numbers(arrivals)[::-1])[::-1]
    early = [arrival for arrival, least in zip(arrivals, least_behind, strict=True) if arrival.number > least]
    assert sorted(numbers(arrivals)) == list(range(count))
    assert numbers(arrivals) != list(range(count))
    assert scipy.stats.binomtest(len(early), count, share).pvalue > UNLIKELY
    first_held_back = min(arrival.number for arrival in arrivals if arrival.delay_ns >= 60 * MS + EARLY_NS)
    assert first_held_back < 10
    later = [arrival for arrival in arrivals if arrival not in early and arrival.number > first_held_back]
    assert every(arrival.delay_ns >= 60 * MS + EARLY_NS for arrival in later)
