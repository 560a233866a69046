"""Why netem is refused what it would take: its word against a measurement."""

from __future__ import annotations

import numpy as np
import pytest
from lab import A_B, netem_lab

from topologies.commands import run

pytestmark = [pytest.mark.root, pytest.mark.netem]


def test_netem_does_not_correlate_delays() -> None:
    """Should it one day, the refusal in `topologies.netem` can go."""
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
