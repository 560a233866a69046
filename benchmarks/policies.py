"""Policies and detectors side by side: `scripts/bench policies [FOLDER [POLICY|SCENARIO...]]`.

Plays the cold burst and the patterns of the field under each policy, prints a row after each run, and writes the table
into the page on policies. Runs in doubt are played again after all others. A run that is in FOLDER already is kept,
unless it is in doubt or its scenario has changed since, so that a call that was interrupted can be repeated.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from time import monotonic

from benchmarks import markdown
from benchmarks.playing import ATTEMPTS, FailedError, RefusedError, play, run_below
from benchmarks.policy_table import COLUMNS, Record, Row, merged, most_per_s, rewritten, row_of, section
from benchmarks.policy_trials import Trial, compared, document, selected, trials
from hostio.files import write_whole
from relay_app.records import RELAY_SAMPLE
from results.run_files import documents
from results.run_files.document_error import DocumentError
from results.run_files.plan import Plan
from results.run_files.plan_formats import read_plan
from results.run_files.records import RecordsError, read_rows
from results.run_files.relay_lives import cumulative_over_lives
from results.run_files.run_dir import RunDir
from results.verdict.summary import Summary
from scenarios.cli.exit_codes import ExitCode
from scenarios.errors import ScenarioError
from scenarios.language import yamlfile
from scenarios.language.library import LIBRARY, load_plan
from scenarios.paths import PROJECT, RUNS

FOLDER = RUNS / "policies"
PAGE = PROJECT / "docs" / "policies.md"
RECORD = PROJECT / "docs" / "policies.json"
"""The rows of the table on the page."""
_BEYOND_MEDIA_S = 240.0
"""How much longer than its media a run may take, set-up and analysis included."""


def main(arguments: list[str]) -> int:
    """Play, print and write. Returns the exit code: that of bad input if a scenario was refused or a run failed, or of
    an inconclusive run if one was in doubt."""
    folder = Path(arguments[0]).resolve() if arguments else FOLDER
    try:
        scenarios, policies = selected(arguments[1:], compared(LIBRARY))
    except ValueError as error:
        print(f"scripts/bench policies: {error}", file=sys.stderr)
        return ExitCode.BAD_INPUT
    wanted, failed = [*trials(scenarios, policies)], False
    print(*markdown.head(COLUMNS), sep="\n", flush=True)
    for attempt in range(ATTEMPTS):
        found = [(trial, shown(trial, folder, attempt)) for trial in wanted]
        failed |= any(row is None for _, row in found)
        wanted = [trial for trial, row in found if row and row.doubts]
    for trial in wanted:
        print(f"in doubt: {' · '.join(trial.key)}", file=sys.stderr)
    if failed:
        return ExitCode.BAD_INPUT
    return ExitCode.INCONCLUSIVE if wanted else ExitCode.PASS


def shown(trial: Trial, folder: Path, attempt: int) -> Row | None:
    """Record and print the row of a trial. None if there is none: the reason is printed."""
    begin = monotonic()
    try:
        row = row_for(trial, folder, attempt)
    except (RefusedError, FailedError, ScenarioError, DocumentError, RecordsError, OSError) as error:
        print(f"{' · '.join(trial.key)}: no row: {error}", file=sys.stderr)
        return None
    write(merged(recorded(), [row], order()))
    print(markdown.row(row.cells), flush=True)
    print(f"in {monotonic() - begin:.0f} s{', in doubt' if row.doubts else ''}", file=sys.stderr)
    return row


def row_for(trial: Trial, folder: Path, attempt: int) -> Row:
    """The row of the run that is there, unless it is in doubt, or else of one played now.

    RefusedError, FailedError, ScenarioError, DocumentError, RecordsError.
    """
    runs = folder / trial.scenario.stem / trial.name
    runs.mkdir(parents=True, exist_ok=True)
    scenario = runs / "scenario.yaml"
    write_whole(scenario, scenario_text(trial))
    plan = load_plan(scenario)
    there = (row_from(trial, run) for run in finished(runs) if is_of(run, plan))
    kept = next((row for row in there if not row.doubts), None)
    return kept or row_from(trial, played(scenario, plan, runs / str(attempt)))


def scenario_text(trial: Trial) -> str:
    """The scenario of a trial, as JSON, which is YAML too. ScenarioError."""
    data = yamlfile.read(trial.scenario).data
    clusters = [cluster.name for cluster in load_plan(trial.scenario).topology.clusters]
    return json.dumps(document(trial, data, clusters), indent=2, ensure_ascii=False) + "\n"


def finished(runs: Path) -> Iterator[RunDir]:
    """The runs of a trial's folder that have a summary."""
    return (RunDir(path.parent) for path in sorted(runs.glob("*/*/*/summary.json")))


def is_of(run: RunDir, plan: Plan) -> bool:
    """Whether a run was of this plan: of the scenario as it is now. DocumentError."""
    return replace(read_plan(run.plan), environment=None) == plan


def played(scenario: Path, plan: Plan, runs: Path) -> RunDir:
    """Play a scenario into an empty folder. RefusedError, FailedError."""
    shutil.rmtree(runs, ignore_errors=True)
    argv = [sys.executable, str(PROJECT / "run_scenario.py"), "run", str(scenario), "--out", str(runs)]
    play(argv, plan.scenario, plan.duration_ns / 1e9 + _BEYOND_MEDIA_S)
    return run_below(runs)


def row_from(trial: Trial, run: RunDir) -> Row:
    """The row of a finished run. DocumentError, RecordsError."""
    summary = documents.read(Summary, run.summary)
    samples = {name: cumulative_over_lives(read_rows(run.relay(name), RELAY_SAMPLE)) for name in summary.relay}
    peaks = {name: most_per_s(rows) for name, rows in samples.items()}
    return row_of(trial.key, summary, {name: peak for name, peak in peaks.items() if peak is not None})


def order() -> list[tuple[str, str, str]]:
    """All rows that there can be, as the table has them."""
    return [trial.key for trial in trials(compared(LIBRARY))]


def recorded(record: Path = RECORD) -> Sequence[Row]:
    """The rows that are recorded; none if nothing was measured. DocumentError."""
    return documents.read(Record, record).rows if record.exists() else ()


def write(rows: Sequence[Row], record: Path = RECORD, page: Path = PAGE) -> None:
    """Record the rows, and show them on the page."""
    write_whole(record, documents.dump(Record([*rows])))
    write_whole(page, rewritten(page.read_text(encoding="utf-8"), section(rows, len(order()))))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
