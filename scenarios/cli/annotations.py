"""Expectations that do not hold as annotations of GitHub Actions, at their lines of the scenario file. Pure.

The format is that of workflow commands: https://docs.github.com/actions/reference/workflow-commands-for-github-actions
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from scenarios.cli.expectation_cases import Source, cases_of
from scenarios.suites.standings import Trial


def annotation_lines(trials: Sequence[Trial], sources: Mapping[str, Source], workspace: Path | None) -> Iterator[str]:
    """A line for each expectation that failed or is undecided, and for each trial that no expectation explains.

    `sources`: by scenario. Files are told from `workspace`, where the repository lies, if they are in it.
    """
    for trial in trials:
        source = sources.get(trial.scenario)
        for case in cases_of(trial):
            if case.result in ("fail", "undecided"):
                place = _place(source, case.name, workspace) if source else {}
                title = {"title": f"{trial.scenario}: {'failed' if case.result == 'fail' else 'inconclusive'}"}
                keys = ",".join(f"{key}={_property(value)}" for key, value in {**place, **title}.items())
                yield f"::error {keys}::{_data(case.message or trial.evidence)}"


def _place(source: Source, expectation: str, workspace: Path | None) -> dict[str, str]:
    file = Path(source.file).resolve()
    inside = workspace is not None and workspace.resolve() in file.parents
    told = str(file.relative_to(workspace.resolve())) if workspace and inside else source.file
    line = source.lines.get(expectation)
    return {"file": told} if line is None else {"file": told, "line": str(line)}


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
