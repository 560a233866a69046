"""Trials as a summary in Markdown, for the page of a CI job. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from scenarios.cli.expectation_cases import cases_of
from scenarios.suites.standings import Trial

_SIGNS = {"pass": "✅", "fail": "❌", "inconclusive": "❔"}
_MARKS = {"pass": "✓", "fail": "✗", "undecided": "?", "not told": "–"}
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~&])")
_MOST_REASONS = 5


def markdown(trials: Sequence[Trial], planned: int) -> str:
    """A table of all trials, of so many that were to be made, then of each that did not pass its reasons and its
    expectations."""
    return "".join(f"{line}\n" for line in _lines(trials, planned))


def _lines(trials: Sequence[Trial], planned: int) -> Iterator[str]:
    yield from (
        "## Blipnet",
        "",
        "| | scenario | relay | verdict | back by itself | runs |",
        "|---|---|---|---|---|---|",
    )
    for trial in trials:
        cells = (trial.scenario, trial.version, trial.verdict, trial.recovery, str(trial.attempts))
        yield f"| {_SIGNS[trial.verdict]} | {' | '.join(map(_plain, cells))} |"
    if len(trials) < planned:
        yield from ("", f"{planned - len(trials)} of {planned} were not played.")
    for trial in trials:
        if trial.verdict != "pass":
            yield from _explained(trial)


def _explained(trial: Trial) -> Iterator[str]:
    yield from ("", f"### {_plain(trial.scenario)}, relay {_plain(trial.version)}: {trial.verdict}", "")
    for reason in trial.reasons[:_MOST_REASONS]:
        yield f"- {_plain(reason)}"
    if (untold := len(trial.reasons) - _MOST_REASONS) > 0:
        yield f"- and {untold} more"
    if trial.expectations:
        yield from ("", "| | expectation | |", "|---|---|---|")
        for case in cases_of(trial):
            why = "" if case.result == "pass" else case.message
            yield f"| {_MARKS[case.result]} | {_plain(case.name)} | {_plain(why)} |"
    for root in trial.roots[-1:]:
        yield from ("", f"Records: {_plain(str(root))}")


def _plain(text: str) -> str:
    """A text of somebody else on one line, with nothing in it that Markdown or HTML would take for its own."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))
