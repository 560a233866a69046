"""The two conditions of the incident, one at a time: twelve files that differ in the factors, and in nothing else."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from hostio.timing import S
from results.run_files.plan import Plan
from scenarios.language.library import LIBRARY, load_plan

VERSIONS = {"before": "2026-05-10", "regressed": "2026-05-11", "fixed": "2026-05-20"}
WARMTH = {"cold": 0.0, "warm": 1.0}
PACE = {"burst": 0, "trickle": 24 * S}
CELLS = tuple(product(WARMTH, PACE, VERSIONS))


def plan(*cell: str) -> Plan:
    return load_plan(LIBRARY / "factorial" / f"{'-'.join(cell)}.yaml")


def test_there_is_a_file_for_every_cell_and_no_other() -> None:
    assert {path.stem for path in (LIBRARY / "factorial").iterdir()} == {"-".join(cell) for cell in CELLS}


@pytest.mark.parametrize("cell", CELLS, ids="-".join)
def test_a_cell_differs_from_the_first_in_its_factors_only(cell: tuple[str, str, str]) -> None:
    cache, arrival, version = cell
    first, this = plan(*CELLS[0]), plan(*cell)
    assert this == replace(
        first,
        scenario=this.scenario,
        description=this.description,
        relays=replace(first.relays, version=VERSIONS[version], warm={"us-central": WARMTH[cache]}),
        controller=replace(first.controller, pace_ns=PACE[arrival]),
    )
