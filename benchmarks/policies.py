"""Policies and detectors side by side: `scripts/bench policies [FOLDER [POLICY|SCENARIO...]]`.

Plays the cold burst and the patterns of the field under each policy, prints a row after each run, and writes the table
into the page on policies. A run that is in FOLDER already is kept, unless the machine was busy or its scenario has
changed since, so that a call that was interrupted can be repeated.
"""

from __future__ import annotations

import itertools
import json
import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from time import monotonic

from benchmarks import markdown
from benchmarks.playing import ATTEMPTS, FailedError, RefusedError, play
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
    wanted, found, failed = [*trials(scenarios, policies)], [], 0
    print(*markdown.head(COLUMNS), sep="\n", flush=True)
    for number, trial in enumerate(wanted, 1):
        begin = monotonic()
        try:
            row = row_for(trial, folder)
        except (RefusedError, FailedError, ScenarioError, DocumentError, RecordsError, OSError) as error:
            failed += 1
            print(f"{' · '.join(trial.key)}: no row: {error}", file=sys.stderr)
            continue
        found.append(row)
        write(merged(recorded(), found, order()))
        print(markdown.row(row.cells), flush=True)
        print(f"{number} of {len(wanted)} in {monotonic() - begin:.0f} s", file=sys.stderr)
    doubted = [row for row in found if row.doubts]
    for row in doubted:
        print(f"in doubt: {' · '.join(row.key)}: {'; '.join(row.doubts)}", file=sys.stderr)
    if failed:
        return ExitCode.BAD_INPUT
    return ExitCode.INCONCLUSIVE if doubted else ExitCode.PASS


def row_for(trial: Trial, folder: Path) -> Row:
    """The row of the run that is there, or else of the first that nothing disturbs; of the last after ATTEMPTS.

    RefusedError, FailedError, ScenarioError, DocumentError, RecordsError.
    """
    runs = folder / trial.scenario.stem / trial.name
    runs.mkdir(parents=True, exist_ok=True)
    scenario = runs / "scenario.yaml"
    write_whole(scenario, scenario_text(trial))
    plan = load_plan(scenario)
    there = (run for run in finished(runs) if is_of(run, plan))
    anew = (played(scenario, plan, runs / str(number)) for number in range(ATTEMPTS))
    for run in itertools.chain(list(there), anew):
        row = row_from(trial, run)
        if not row.doubts:
            break
    return row


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
    (root,) = runs.glob("*/*")
    return RunDir(root)


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
