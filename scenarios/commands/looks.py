"""Commands that look at files and at the machine, and run nothing."""

from __future__ import annotations

from pathlib import Path

import click

from results.run_files.documents import dump
from results.run_files.run_dir import RunDir
from scenarios.cli.console import Console
from scenarios.cli.doctor import diagnose
from scenarios.cli.exit_codes import VERDICT_CODES, ExitCode
from scenarios.cli.json_documents import machine
from scenarios.cli.json_output import ListedScenario
from scenarios.commands.options import EXIT_CODES, json_option
from scenarios.language.library import description_of, scenario_files


@click.command(name="list", epilog=EXIT_CODES)
@json_option
def list_(as_json: bool) -> int:
    """List the scenarios that come with the project."""
    found = [(file, description_of(file)) for file in scenario_files()]
    if as_json:
        print(dump([ListedScenario(str(file), about) for file, about in found]), end="")
    else:
        Console().show_scenarios(found)
    return ExitCode.PASS


@click.command(epilog=EXIT_CODES)
@json_option
def doctor(as_json: bool) -> int:
    """Say what this machine has, and what a run would use."""
    diagnosis = diagnose()
    if as_json:
        print(dump(machine(diagnosis)), end="")
    else:
        Console().show_diagnosis(diagnosis)
    return ExitCode.BAD_INPUT if diagnosis.missing else ExitCode.PASS


@click.command(epilog=EXIT_CODES)
@click.argument("run_dir", type=click.Path(path_type=Path, exists=True, file_okay=False))
@json_option
def report(run_dir: Path, as_json: bool) -> int:
    """Redo the report of a run directory, offline. With --json: its summary.json (results/summary.schema.json)."""
    from scenarios.run.reporting import report_again

    run_directory = RunDir(run_dir.resolve())
    console = Console(quiet=as_json)
    with console.steps("analysing") as told:
        summary = report_again(run_directory, told)
    if as_json:
        print(dump(summary), end="")
    console.show_summary(summary, run_directory)
    return VERDICT_CODES[summary.verdict]
