"""A rate and its queue."""

from __future__ import annotations

import pytest
from link_lab import A_B, BOTH, LabMaker, numbers
from tries import best

from hostio.timing import MS, S
from topologies.link_state import LinkState

pytestmark = [pytest.mark.root, BOTH]

NOISE_NS = 2 * MS


@pytest.mark.parametrize(
    ("rate_bps", "queue_ns", "delay_ns"), [(10_000_000, 400 * MS, 10 * MS), (2_000_000, 100 * MS, 0)]
)
def test_rate_serialises_behind_a_bounded_queue(
    make_lab: LabMaker, rate_bps: int, queue_ns: int, delay_ns: int
) -> None:
    size, count = 1_000, 1_000
    packet_ns = size * 8 * S // rate_bps

    def carried_bps_and_waited_ns() -> tuple[float, int]:
        with make_lab({A_B: LinkState(delay_ns=delay_ns, rate_bps=rate_bps, queue_ns=queue_ns)}) as lab:
            lab.send(A_B, count, size)
            arrivals = lab.arrivals(A_B)
            counters = lab.backend.counters()[A_B]
        assert counters.lost_queue == counters.lost == count - len(arrivals) > 0
        times = [arrival.received_ns for arrival in arrivals]
        steady = times[len(times) // 4 :]
        carried_bps = 8 * size * (len(steady) - 1) * S / (steady[-1] - steady[0])
        return carried_bps, max(arrival.delay_ns for arrival in arrivals) - delay_ns

    def as_configured(found: tuple[float, int]) -> bool:
        carried_bps, waited_ns = found
        return bool(
            carried_bps == pytest.approx(rate_bps, rel=0.02)
            and queue_ns - packet_ns <= waited_ns <= queue_ns + packet_ns + NOISE_NS
        )

    found = best(carried_bps_and_waited_ns, as_configured)
    assert as_configured(found), found


def test_slow_sender_is_not_held_back(make_lab: LabMaker) -> None:
    """At half the rate nothing waits: rate and delay do not spoil each other."""
    delay_ns = 20 * MS
    with make_lab({A_B: LinkState(delay_ns=delay_ns, rate_bps=10_000_000, queue_ns=50 * MS)}) as lab:

        def median_wait_ns() -> int:
            lab.send_spaced(A_B, 200, every_ns=MS)
            waited = sorted(arrival.delay_ns - delay_ns for arrival in lab.arrivals(A_B))
            assert len(waited) == 200
            return waited[100]

        assert best(median_wait_ns, lambda found: found < MS) < MS


def test_lifted_rate_loses_nothing_queued(make_lab: LabMaker) -> None:
    with make_lab({A_B: LinkState(rate_bps=1_000_000, queue_ns=500 * MS)}) as lab:
        lab.send(A_B, 40, size=1_000)
        lab.apply({A_B: LinkState()})
        lab.send(A_B, 10, size=1_000)
        assert numbers(lab.arrivals(A_B)) == list(range(50))
