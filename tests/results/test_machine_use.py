"""Second by second, against samples whose shares are known."""

from __future__ import annotations

import numpy as np
import pytest
from synthetic_machine import core_samples, machine_samples
from synthetic_media import START

from hostio.timing import MS, S
from results.metrics.machine_figures import clock_step_ns, machine_use, softnet_growth
from results.run_files.machine import MachineSamples

END = START + 12 * S


def test_shares_of_all_cores_and_of_one() -> None:
    cores = core_samples()
    fifth = (cores["core"] == 1) & (cores["at_ns"] > START + 5 * S)
    cores["busy_ns"][fifth] += 600 * MS
    cores["idle_ns"][fifth] -= 600 * MS
    use = machine_use(MachineSamples(machine_samples(), cores), START, END)
    assert use is not None
    peaks = (use.used_most, use.core_most, use.others_most)
    assert [peak.share for peak in peaks] == pytest.approx([(0.25 + 0.85) / 2, 0.85, (0.4 + 0.6 - 0.3) / 2])
    assert {peak.at_ns for peak in peaks} == {START + 5 * S}
    assert (use.stolen, use.stolen_most.share) == (0.0, 0.0)


def test_interrupts_are_nobodys() -> None:
    use = machine_use(MachineSamples(machine_samples(own=0.4), core_samples()), START, END)
    assert use is not None
    assert use.others_most.share == pytest.approx(0)


def test_a_sample_that_came_late_makes_a_second_longer_and_one_before_the_media_does_not_count() -> None:
    rows, cores = machine_samples()[:3], core_samples()[:6]
    rows["at_ns"] = START + np.array([-0.2, 0.0, 1.0]) * S
    cores["at_ns"] = np.repeat(rows["at_ns"], 2)
    punctual = machine_use(MachineSamples(rows, cores), START, END)
    starved = machine_use(MachineSamples(rows[[0, 2]], cores[[0, 1, 4, 5]]), START, END)
    assert punctual is not None
    assert starved is not None
    assert punctual.used_most.at_ns == START
    assert starved.used_most.at_ns == START - S // 5
    assert machine_use(MachineSamples(rows[:2], cores[:4]), START, END) is None


def test_seconds_that_begin_after_the_media_do_not_count() -> None:
    cores = core_samples()
    last = cores["at_ns"] > END
    cores["busy_ns"][last] += 700 * MS
    use = machine_use(MachineSamples(machine_samples(), cores), START, END)
    assert use is not None
    assert use.used_most.share == pytest.approx(0.25)


@pytest.mark.parametrize("samples", [0, 1])
def test_no_second_no_use(samples: int) -> None:
    few = MachineSamples(machine_samples()[:samples], core_samples()[: 2 * samples])
    assert machine_use(few, START, END) is None
    assert (softnet_growth(few, "softnet_processed"), clock_step_ns(few)) == (0, 0)


def test_a_core_that_was_switched_off_is_left_out() -> None:
    cores = core_samples()
    gone = cores[(cores["core"] == 0) | (cores["at_ns"] < START + 3 * S)]
    use = machine_use(MachineSamples(machine_samples(), gone), START, END)
    assert use is not None
    assert use.used_most.share == pytest.approx(0.25)


def test_growth_of_the_receive_queues() -> None:
    samples = MachineSamples(machine_samples(), core_samples())
    assert softnet_growth(samples, "softnet_processed") == 2 * 13_000


def test_the_clocks_largest_step_either_way() -> None:
    rows = machine_samples()
    rows["clock_offset_ns"] += np.array([0, 1, 1, -4, *[-4] * 10]) * MS
    assert clock_step_ns(MachineSamples(rows, core_samples())) == 5 * MS
