"""The report of a run made by arithmetic."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

import results
from results.ledger.reconcile import reconcile
from results.metrics.analysis import analyse
from results.report.report import read_evidence, summarise
from results.run_files.run_dir import RunDir
from results.verdict.summary import Summary

VALIDATOR = Draft202012Validator(json.loads((Path(results.__file__).parent / "summary.schema.json").read_text()))
"""Of summaries. That the schema is one, `tests/scenarios/test_schemas.py` holds."""


def summary_of(run: RunDir) -> Summary:
    """The report without its plot."""
    evidence = read_evidence(run)
    analysis = analyse(evidence)
    return summarise(evidence, analysis, reconcile(evidence, analysis))


def document(run: RunDir) -> Any:
    return json.loads(run.summary.read_text())
