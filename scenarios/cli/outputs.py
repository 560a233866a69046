"""Writes what `run` and `suite` tell to other programs: JUnit, Markdown, annotations, JSON."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from results.run_files.documents import dump
from scenarios.cli.annotations import annotation_lines
from scenarios.cli.expectation_cases import Source
from scenarios.cli.json_documents import played
from scenarios.cli.markdown import markdown
from scenarios.paths import OutputError
from scenarios.suites.standings import Trial


@dataclass(frozen=True, slots=True)
class Outputs:
    """Where it goes. `json`: to standard output, which has nothing else then."""

    junit: Path | None = None
    markdown: Path | None = None
    json: bool = False

    def write(
        self, trials: Sequence[Trial], planned: int, sources: Mapping[str, Source], environ: Mapping[str, str]
    ) -> None:
        """Write all that is asked for, and what a job of GitHub Actions wants. `planned`: how many trials there were to
        be; `sources`: by scenario. OutputError."""
        if self.junit:
            _write_junit(self.junit, trials, planned)
        if self.markdown:
            _write(self.markdown, markdown(trials, planned), "w")
        if step_summary := environ.get("GITHUB_STEP_SUMMARY"):
            _write(Path(step_summary), markdown(trials, planned), "a")
        if environ.get("GITHUB_ACTIONS") == "true":
            workspace = environ.get("GITHUB_WORKSPACE")
            for line in annotation_lines(trials, sources, Path(workspace) if workspace else None):
                print(line, file=sys.stderr if self.json else sys.stdout, flush=True)
        if self.json:
            sys.stdout.write(dump(played(trials, sources, planned)))


def _write_junit(path: Path, trials: Sequence[Trial], planned: int) -> None:
    from scenarios.cli.junit import write_junit

    try:
        write_junit(path, trials, planned)
    except OSError as error:
        raise OutputError(f"{path}: {error.strerror}") from error


def _write(path: Path, text: str, mode: str) -> None:
    try:
        with path.open(mode, encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise OutputError(f"{path}: {error.strerror}") from error
