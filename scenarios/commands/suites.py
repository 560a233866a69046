"""The command that plays the standard scenarios against relay kinds."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import click

from relay_app.programs import FAULTY, PROGRAMS
from relay_app.versions.version_names import DEFAULT_VERSION, SOUND, VERSIONS
from results.run_files.plan import Plan
from scenarios.cli.doctor import diagnose
from scenarios.cli.exit_codes import VERDICT_CODES, worst
from scenarios.cli.expectation_cases import Source
from scenarios.cli.outputs import Outputs
from scenarios.cli.play import InSandbox, Show
from scenarios.commands.options import (
    EXIT_CODES,
    json_option,
    junit_option,
    markdown_option,
    overrides_option,
    progress_option,
    relay_override,
)
from scenarios.language.expectation_places import expectation_lines
from scenarios.language.library import load_plan, standard_scenarios
from scenarios.paths import RUNS
from scenarios.suites.attempts import Attempt
from scenarios.suites.runner import Suite
from scenarios.suites.standings import Standing, Trial, self_test_verdict, standings

_SOUND = (*SOUND, *(name for name in PROGRAMS if name not in FAULTY))


@click.command(epilog=EXIT_CODES)
@click.argument("files", nargs=-1, type=click.Path(path_type=Path), metavar="[FILE...]")
@click.option("--relay", "versions", multiple=True, metavar="KIND", help="A relay version or a folder; more than once.")
@click.option(
    "--self-test",
    is_flag=True,
    help="The sound must pass each time, and the faulty be caught; all versions, unless --relay names some.",
)
@click.option("--times", type=click.IntRange(1, 1000), default=1, help="How often each scenario is played.")
@junit_option
@markdown_option
@json_option
@progress_option
@click.option("--out", type=click.Path(path_type=Path), default=RUNS, help="Where run directories go.")
@overrides_option
def suite(
    files: tuple[Path, ...],
    versions: tuple[str, ...],
    self_test: bool,
    times: int,
    junit: Path | None,
    markdown: Path | None,
    as_json: bool,
    progress: Literal["text", "json"],
    out: Path,
    overrides: tuple[str, ...],
) -> int:
    """Run the standard scenarios against a relay version, before it is deployed.

    FILEs replace the standard scenarios. The exit code is that of the worst version. With --self-test a sound version
    that was caught is a failure, and so is a faulty one that was not, in any of the --times rounds.
    """
    chosen = versions or (tuple(VERSIONS) if self_test else (DEFAULT_VERSION,))
    if self_test and (unknown := [each for each in chosen if each not in (*VERSIONS, *PROGRAMS)]):
        raise click.UsageError(
            f"--self-test cannot tell whether {unknown[0]} is to pass: it does not come with the project"
        )
    scenarios = files or standard_scenarios()
    plans = {
        version: [load_plan(file, overrides=[*overrides, relay_override(version)]) for file in scenarios]
        for version in chosen
    }
    sandbox = InSandbox.on(diagnose(), out, Show(as_json, progress == "json"))
    lines = {file: expectation_lines(file, overrides) for file in scenarios}
    sources = {
        plan.scenario: Source(str(file), lines[file])
        for each in plans.values()
        for file, plan in zip(scenarios, each, strict=True)
    }
    prepared = {version: list(map(sandbox.prepared, each)) for version, each in plans.items()}
    found = _tried(prepared, times, sandbox, Outputs(junit, markdown, as_json), sources)
    if self_test:
        return VERDICT_CODES[self_test_verdict(found, _SOUND)]
    return worst(VERDICT_CODES[standing.verdict] for standing in found)


def _tried(
    plans: dict[str, list[Plan]], times: int, sandbox: InSandbox, outputs: Outputs, sources: Mapping[str, Source]
) -> tuple[Standing, ...]:
    """Play a suite; what is known of it so far is shown and written whatever ends it."""
    console = sandbox.show.console()
    suite_of, trials = Suite(plans, times), list[Trial]()

    def play(plan: Plan, label: str) -> Attempt:
        return sandbox.play(plan, label)

    try:
        for trial in suite_of.trials(play, console.say):
            trials.append(trial)
            console.show_trial(trial)
    finally:
        found = standings(trials)
        console.show_suite(trials, [standing.sentence() for standing in found])
        outputs.write(trials, suite_of.size, sources, os.environ)
    return found
