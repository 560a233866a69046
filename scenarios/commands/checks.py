"""The command that says whether scenarios are valid."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from results.run_files.documents import dump
from results.run_files.faults import LinkFault
from results.run_files.plan import Plan
from scenarios.cli.exit_codes import ExitCode
from scenarios.cli.json_output import CheckedScenario
from scenarios.commands.options import EXIT_CODES, files_argument, json_option, overrides_option, seed_option
from scenarios.language.library import load_plan
from scenarios.language.quantities import time_text
from topologies.link_state import GilbertElliott


@click.command(epilog=EXIT_CODES)
@files_argument
@seed_option
@overrides_option
@json_option
def check(files: tuple[Path, ...], seed: int | None, overrides: tuple[str, ...], as_json: bool) -> int:
    """Say whether scenarios are valid; touches nothing."""
    if as_json:
        plans = [(file, load_plan(file, seed=seed, overrides=overrides)) for file in files]
        print(
            dump([CheckedScenario(str(file), plan.scenario, list(chain_lines(plan))) for file, plan in plans]), end=""
        )
        return ExitCode.PASS
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
