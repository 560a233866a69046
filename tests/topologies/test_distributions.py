"""Our distributions against the tables that iproute2 installs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from topologies.distributions import LARGEST, TABLE_SIZE, TABLES, tables, tc_file

SCALE = 8_192


@pytest.mark.parametrize("number", range(len(TABLES)))
def test_quantiles_are_those_of_iproute2(number: int) -> None:
    file = f"tc/{TABLES[number]}.dist"
    (path,) = (*Path("/usr").glob(f"lib*/{file}"), *Path("/usr").glob(f"lib*/*/{file}"))
    words = [word for line in path.read_text().splitlines() if not line.startswith("#") for word in line.split()]
    theirs, ours = np.sort([int(word) / SCALE for word in words]), tables()[number]
    shares = (np.arange(TABLE_SIZE) + 0.5) / TABLE_SIZE
    difference = np.abs(np.interp(shares, (np.arange(len(theirs)) + 0.5) / len(theirs), theirs) - ours)
    assert difference.mean() < 0.002
    assert np.abs(ours).max() < LARGEST


def test_file_for_tc_holds_the_same_in_16_bits() -> None:
    assert [int(word) for word in tc_file("pareto").split()] == [round(value * SCALE) for value in tables()[1]]
    uniform = [int(word) for word in tc_file("uniform").split()]
    assert (uniform[0], uniform[-1], len(uniform)) == (-8_190, 8_190, TABLE_SIZE)
