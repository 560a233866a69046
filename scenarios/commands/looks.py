"""Commands that look at files and at the machine, and run nothing."""

from __future__ import annotations

from pathlib import Path

import click

from results.run_files.run_dir import RunDir
from scenarios.cli.console import Console
from scenarios.cli.doctor import diagnose
from scenarios.cli.exit_codes import VERDICT_CODES, ExitCode
from scenarios.commands.options import EXIT_CODES
from scenarios.language.library import description_of, scenario_files


@click.command(name="list", epilog=EXIT_CODES)
def list_() -> int:
    """List the scenarios that come with the project."""
    Console().show_scenarios([(file, description_of(file)) for file in scenario_files()])
    return ExitCode.PASS


@click.command(epilog=EXIT_CODES)
def doctor() -> int:
    """Say what this machine has, and what a run would use."""
    diagnosis = diagnose()
    Console().show_diagnosis(diagnosis)
    return ExitCode.BAD_INPUT if diagnosis.missing else ExitCode.PASS


@click.command(epilog=EXIT_CODES)
@click.argument("run_dir", type=click.Path(path_type=Path, exists=True, file_okay=False))
def report(run_dir: Path) -> int:
    """Redo the report of a run directory, offline."""
    from scenarios.run.host_side import report_again

    run_directory = RunDir(run_dir.resolve())
    summary = report_again(run_directory)
    Console().show_summary(summary, run_directory)
    return VERDICT_CODES[summary.verdict]
