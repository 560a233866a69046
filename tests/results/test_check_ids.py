"""What docs/fidelity.md says of the fidelity checks' ids and their limits, against what the checks do."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, get_args

import pytest
from synthetic_run import Blip

from results.fidelity.all_checks import fidelity_checks
from results.fidelity.checks import CheckId
from results.metrics.analysis import Evidence, analyse
from results.report.report import read_evidence
from results.run_files.plan import FidelityLimits

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "fidelity.md"
LIMIT_OF: dict[str, str] = dict(
    re.findall(r"^\| `([a-z0-9-]+)` \| .* \| `?(\w+)`? \|$", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE)
)
FROM_A_HUNDRED_EDGES_ON = "event-error-p99"


@pytest.fixture(scope="module")
def faithful(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    return read_evidence(Blip().write(tmp_path_factory.mktemp("run")))


def test_every_check_is_explained() -> None:
    assert [*LIMIT_OF] == [*get_args(CheckId)]


def test_a_run_has_each_check_once_and_in_that_order(faithful: Evidence) -> None:
    made = [check.id for check in fidelity_checks(faithful, analyse(faithful))]
    assert made == [each for each in LIMIT_OF if each not in (FROM_A_HUNDRED_EDGES_ON, "ledger-unexplained")]


@pytest.mark.parametrize("name", [field.name for field in fields(FidelityLimits)])
def test_a_limit_of_the_scenario_is_that_of_the_checks_that_name_it(faithful: Evidence, name: str) -> None:
    """One that nothing can keep to breaks just these."""
    strict: dict[str, Any] = {name: -1}
    evidence = replace(faithful, plan=replace(faithful.plan, fidelity=FidelityLimits(**strict)))
    broken = {check.id for check in fidelity_checks(evidence, analyse(evidence)) if not check.ok}
    held = {check for check, limit in LIMIT_OF.items() if limit == name.removesuffix("_ns")}
    assert broken == held - {FROM_A_HUNDRED_EDGES_ON}
    assert held
