"""What a CI server is told of a trial: a case for each expectation. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from results.verdict.summary import Verdict
from results.verdict.value_text import found_text
from scenarios.suites.standings import Trial

Result = Literal["pass", "fail", "undecided", "not told"]

_WHOLE: Mapping[Verdict, Result] = MappingProxyType({"pass": "pass", "fail": "fail", "inconclusive": "undecided"})


@dataclass(frozen=True, slots=True)
class Case:
    """An expectation, or a trial as a whole where no expectation says what became of it. `message`: why it did not
    pass."""

    name: str
    result: Result
    message: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """The file of a scenario, and the line of each of its expectations, by their text."""

    file: str
    lines: Mapping[str, int] = field(default_factory=dict)


def cases_of(trial: Trial) -> Iterator[Case]:
    """The cases of a trial, one at least. Of an inconclusive one nothing failed: its figures support no judgement."""
    undecided = trial.verdict == "inconclusive"
    cases = [
        Case(row.text, _result(row.ok, not_told=row.not_told, undecided=undecided), _message(row.text, found_text(row)))
        for row in trial.expectations
    ]
    explained = trial.verdict == "pass" or any(case.result in ("fail", "undecided") for case in cases)
    if not cases or not explained:
        yield Case(trial.scenario, _WHOLE[trial.verdict], trial.evidence)
    yield from cases


def _result(ok: bool | None, *, not_told: bool, undecided: bool) -> Result:
    if not_told:
        return "not told"
    if ok:
        return "pass"
    return "undecided" if undecided or ok is None else "fail"


def _message(text: str, found: str) -> str:
    return f"expected {text}, found {found}"
