"""What netem takes only on newer kernels, and why it is refused what it would take: its word against a measurement."""

from __future__ import annotations

import numpy as np
import pytest
from link_lab import A_B, A_C, netem_lab

from hostio.commands import run
from topologies.backend_probe import available_link_backend
from topologies.link_backend import LinkError
from topologies.link_state import LinkState, RandomLoss

pytestmark = [pytest.mark.root, pytest.mark.netem]


def test_netem_does_not_correlate_delays() -> None:
    """Should it one day, `NETEM` in `topologies/back_ends.py` can say so."""
    with netem_lab({}) as lab:
        asked = ("delay", "100ms", "10ms", "90%", "distribution", "normal")
        run(["tc", "qdisc", "replace", "dev", "s1-w2", "root", "handle", "1:", "netem", "limit", "20000", *asked])
        delays = {}
        for _ in range(4):
            lab.send(A_B, 500)
            delays.update({arrival.number: float(arrival.delay_ns) for arrival in lab.arrivals(A_B)})
        in_order = np.array([delays[number] for number in sorted(delays)])
    assert len(in_order) == 2_000
    assert abs(np.corrcoef(in_order[:-1], in_order[1:])[0, 1]) < 0.2


def survivors(seed: int, *, others_busy: bool) -> list[int]:
    with netem_lab({A_B: LinkState(loss=RandomLoss(0.3)), A_C: LinkState(loss=RandomLoss(0.3))}, seed) as lab:
        if others_busy:
            lab.send(A_C, 100)
            lab.arrivals(A_C)
        lab.send(A_B, 500)
        return [arrival.number for arrival in lab.arrivals(A_B)]


def test_seed_decides_which_frames_are_lost_or_is_refused() -> None:
    """Kernel and iproute2 take one from 6.6 on."""
    if available_link_backend().seeded:
        assert survivors(1, others_busy=False) == survivors(1, others_busy=True)
        assert survivors(1, others_busy=False) != survivors(2, others_busy=False)
    else:
        with pytest.raises(LinkError), netem_lab({}, seed=1):
            pass
