"""Writes the page of a run into its directory, whole or of what is left; and that of a comparison."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hostio.files import write_whole
from results.comparison.compared_sets import ComparedSets, RunSet
from results.metrics.analysis import Analysis, Evidence
from results.page.compared import compared_contents
from results.page.contents import contents
from results.page.html import compared_html, page_html, remains_html, sweep_html
from results.page.sweep_contents import SweepPage
from results.run_files.run_dir import RunDir
from results.verdict.summary import Summary

_MOST_FILES = 200


def write_page(run: RunDir, evidence: Evidence, analysis: Analysis, summary: Summary) -> None:
    """Write `report.html`. OSError if it cannot be written."""
    write_whole(run.page, page_html(contents(evidence, analysis, summary)))


def write_compared(target: Path, found: ComparedSets, sets: Sequence[RunSet]) -> None:
    """Write the page of a comparison. OSError if it cannot be written."""
    write_whole(target, compared_html(compared_contents(found, sets)))


def write_remains(run: RunDir, reason: str) -> None:
    """Write `report.html` of a run directory of which no report can be made; `reason` says why. OSError."""
    files = (path for path in sorted(run.root.rglob("*")) if path.is_file() and path != run.page)
    found = [f"{path.relative_to(run.root)} ({path.stat().st_size} bytes)" for path in files]
    write_whole(run.page, remains_html(run.root.name, reason, found[:_MOST_FILES]))


def write_sweep(target: Path, shown: SweepPage) -> None:
    """Write the page of a sweep. OSError."""
    write_whole(target, sweep_html(shown))
