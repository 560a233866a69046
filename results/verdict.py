"""Pass, fail or inconclusive, and why. Pure.

A run whose testbed was not faithful, or whose records are not whole, is inconclusive: neither passed nor failed.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from types import MappingProxyType
from typing import Any

from results.advice import advice
from results.plan import Comparison, Expectation
from results.summary import Check, ExpectationRow, Findings, Summary, Verdict, conclude

COMPARE: Mapping[Comparison, Callable[[float, float], bool]] = MappingProxyType(
    {"<": operator.lt, "<=": operator.le, "==": operator.eq, "!=": operator.ne, ">=": operator.ge, ">": operator.gt}
)

NO_INTERRUPTION: Mapping[Comparison, bool] = MappingProxyType({"<": True, "<=": True, ">=": False, ">": False})
"""How an expectation on the length of interruptions ends where media was measured and nothing was interrupted."""


def judge(findings: Findings, expectations: Sequence[Expectation]) -> Summary:
    """The findings with their verdict: doubt first, then failure, then the undecided, then pass."""
    rows = [evaluate(expectation, findings) for expectation in expectations]
    verdict, reasons = _verdict(findings, rows)
    return conclude(findings, verdict, reasons, rows)


def evaluate(expectation: Expectation, findings: Findings) -> ExpectationRow:
    """Compare the metric with the expectation; a list counts as its length."""
    value = _lookup(asdict(findings), expectation.metric)
    ok = (
        _undecided(expectation, findings)
        if value is None
        else COMPARE[expectation.comparison](value, expectation.value)
    )
    metric, comparison, limit = expectation.metric, expectation.comparison, expectation.value
    return ExpectationRow(expectation.text, metric, comparison, limit, value, ok)


def _verdict(findings: Findings, rows: Sequence[ExpectationRow]) -> tuple[Verdict, list[str]]:
    if findings.problems and not findings.media.sent:
        return "inconclusive", findings.problems
    doubts = [*findings.problems, *(_broken(check) for check in findings.fidelity if not check.ok)]
    undecided = [f"{row.metric} is unknown, so “{row.text}” cannot be decided" for row in rows if row.ok is None]
    failures = [f"expected {row.text}, found {_said(row.value)}" for row in rows if row.ok is False]
    if doubts:
        broken = [check for check in findings.fidelity if not check.ok]
        return "inconclusive", [*doubts, *undecided, *advice(broken, findings.machine)]
    if failures:
        return "fail", [*failures, *undecided]
    if undecided:
        return "inconclusive", undecided
    return "pass", [f"expectations met: {len(rows)}; fidelity checks passed: {len(findings.fidelity)}"]


def _broken(check: Check) -> str:
    if check.value is None:
        return f"{check.check}: unknown"
    unit = f" {check.unit}" if check.unit else ""
    return f"{check.check}: {check.value:g}{unit}, at most {check.limit:g}{unit} allowed"


def _said(value: float | None) -> str:
    return "no interruption" if value is None else f"{value:g}"


def _undecided(expectation: Expectation, findings: Findings) -> bool | None:
    lengths = expectation.metric.startswith("media.interruption_ms.")
    return NO_INTERRUPTION.get(expectation.comparison) if lengths and findings.media.sent else None


def _lookup(document: Any, metric: str) -> float | None:
    value = document
    for key in metric.split("."):
        if isinstance(value, list) and key.isdecimal():
            value = value[int(key)] if int(key) < len(value) else None
        else:
            value = value.get(key) if isinstance(value, dict) else None
    if isinstance(value, list):
        return len(value)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None
