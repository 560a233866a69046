"""Pages of recorded runs, without the plots that a report has beside them."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from results.ledger.reconcile import reconcile
from results.metrics.analysis import Analysis, Evidence, analyse
from results.page.writing import write_page
from results.report.report import read_evidence, summarise
from results.run_files.run_dir import RunDir
from results.verdict.summary import Summary

RECORDED = Path(__file__).parent / "recorded"


@dataclass(frozen=True, slots=True, eq=False)
class Made:
    """A run directory with its page, and what that was made of."""

    run: RunDir
    evidence: Evidence
    analysis: Analysis
    summary: Summary

    @property
    def html(self) -> str:
        return self.run.page.read_text(encoding="utf-8")


def copy_of(name: str, root: Path) -> RunDir:
    """A recorded run whose files a test may break."""
    return RunDir(Path(shutil.copytree(RECORDED / name / "run", root)))


def made_of(run: RunDir) -> Made:
    evidence = read_evidence(run)
    analysis = analyse(evidence)
    summary = summarise(evidence, analysis, reconcile(evidence, analysis))
    write_page(run, evidence, analysis, summary)
    return Made(run, evidence, analysis, summary)
