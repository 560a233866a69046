"""Commands that look at files and at the machine, and run nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from results.run_files.faults import LinkFault
from results.run_files.plan import Plan
from results.run_files.run_dir import RunDir
from scenarios.cli.console import Console
from scenarios.cli.doctor import diagnose
from scenarios.cli.exit_codes import VERDICT_CODES, ExitCode
from scenarios.commands.options import EXIT_CODES, files_argument, overrides_option, seed_option
from scenarios.language.library import description_of, load_plan, scenario_files
from scenarios.language.quantities import time_text
from topologies.link_state import GilbertElliott


@click.command(name="list", epilog=EXIT_CODES)
def list_() -> int:
    """List the scenarios that come with the project."""
    Console().show_scenarios([(file, description_of(file)) for file in scenario_files()])
    return ExitCode.PASS


@click.command(epilog=EXIT_CODES)
@files_argument
@seed_option
@overrides_option
def check(files: tuple[Path, ...], seed: int | None, overrides: tuple[str, ...]) -> int:
    """Say whether scenarios are valid; touches nothing."""
    for file in files:
        plan = load_plan(file, seed=seed, overrides=overrides)
        print(f"{file}: {plan.scenario} is valid")
        for line in chain_lines(plan):
            print(f"  {line}")
    return ExitCode.PASS


def chain_lines(plan: Plan) -> Iterator[str]:
    """The probabilities of each chain of two states, which a scenario may give by what they come to."""
    for fault in plan.faults:
        if isinstance(fault, LinkFault) and isinstance(chain := fault.change.loss, GilbertElliott):
            probabilities = f"p = {100 * chain.p:.4g} %, r = {100 * chain.r:.4g} % per packet"
            yield f"{fault.what} on {fault.where} at {time_text(fault.at_ns)}: {probabilities}"


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
