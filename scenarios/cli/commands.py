"""The commands, their arguments and their exit codes. The only importer of click.

The libraries of plots and tables take most of a second to import. They are imported inside the commands that report, so
that `check`, `list` and `--help` do not wait for them.

0: pass. 1: a stated expectation failed. 2: bad usage, bad scenario, or a machine that cannot run it.
3: inconclusive. 130: interrupted.
"""

from __future__ import annotations

import logging
import signal
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from time import monotonic
from types import FrameType
from typing import TYPE_CHECKING, Literal, NoReturn

import click

from relay_app.versions.version_names import DEFAULT_VERSION, SOUND, VERSIONS
from results.run_files.documents import DocumentError
from results.run_files.plan import Plan
from results.run_files.run_dir import RunDir
from results.verdict.summary import RUN_FAILED, Summary
from scenarios.cli.console import Console
from scenarios.cli.doctor import diagnose
from scenarios.cli.environment import environment_for
from scenarios.errors import MachineError, RunSpoiltError, ScenarioError
from scenarios.language.library import load_plan, scenario_files, standard_scenarios
from scenarios.paths import RUNS, OutputError, new_root, new_run_dir
from scenarios.run.limits import machine_s
from scenarios.run.room import require_room
from scenarios.suites.runner import Suite
from scenarios.suites.standings import Standing, Trial, standings, surprises
from scenarios.vm.guest import Task
from scenarios.vm.machine import Clock
from scenarios.vm.run import run_in_machine, run_scenario_in_machine
from topologies.sandbox import Sandbox, SandboxError

if TYPE_CHECKING:
    from scenarios.run.host_side import Outcome

EXIT_CODES = {"pass": 0, "fail": 1, "inconclusive": 3}
BAD_INPUT = 2
INTERRUPTED = 130

_CLOCK = click.Choice(["real", "virtual"])
_overrides = click.option(
    "overrides", "--set", multiple=True, metavar="PATH=VALUE", help="Override a value, e.g. sessions.0.count=200."
)
_seed = click.option("--seed", type=click.IntRange(0, 2**32 - 1), help="Override the scenario's seed.")
_files = click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE...")


class _RunByDefault(click.Group):
    """A command group in which `FILE` is short for `run FILE`."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in self.commands and (Path(args[0]).suffix in {".yaml", ".yml"} or Path(args[0]).is_file()):
            args = ["run", *args]
        return super().resolve_command(ctx, args)


@click.group(cls=_RunByDefault, context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Reproduce network blips between media clusters, and measure what every session heard.

    FILE.yaml alone is short for: run FILE.yaml
    """


@cli.command()
@_files
@_seed
@click.option("--out", type=click.Path(path_type=Path), default=RUNS, help="Where run directories go.")
@click.option("--vm", is_flag=True, help="Run in a virtual machine with a stock kernel: netem and the kernel datapath.")
@click.option("--clock", type=_CLOCK, help="What drives the virtual machine's clock; virtual counts instructions.")
@_overrides
def run(
    files: tuple[Path, ...],
    seed: int | None,
    out: Path,
    vm: bool,
    clock: Literal["real", "virtual"] | None,
    overrides: tuple[str, ...],
) -> int:
    """Run scenarios one after another.

    All of them are read before the first one starts. Exit codes: 0 pass, 1 a stated expectation failed,
    2 bad usage or scenario, 3 inconclusive, 130 interrupted.
    """
    plans = [load_plan(file, seed=seed, overrides=overrides) for file in files]
    if vm:
        options = [*_repeated("--seed", [] if seed is None else [str(seed)]), *_repeated("--set", overrides)]
        codes = [
            _run_in_machine(file, plan, options, out, Clock(clock or "real", plan.clock_shift, plan.seed))
            for file, plan in zip(files, plans, strict=True)
        ]
        return max(codes, key=[0, 3, 1, BAD_INPUT, INTERRUPTED].index)
    if clock:
        raise click.UsageError("--clock is the virtual machine's: add --vm")
    sandbox, environment = diagnose().require()
    summaries = []
    for plan in [replace(plan, environment=environment_for(plan, environment)) for plan in plans]:
        outcome = _run_one(plan, out, sandbox)
        if outcome.interrupted:
            return INTERRUPTED
        summaries.append(outcome.summary)
    return _worst(summaries)


def _repeated(option: str, values: Iterable[str]) -> list[str]:
    return [word for value in values for word in (option, value)]


def _run_in_machine(file: Path, plan: Plan, options: list[str], out: Path, clock: Clock) -> int:
    """Run one scenario in a virtual machine of its own; each line of its output is printed behind the wall time, s."""
    require_room(plan, out)
    root = new_root(plan.scenario, out.resolve())
    within_s = machine_s(plan, virtual=clock.kind == "virtual")
    begin = monotonic()

    def print_line(line: str) -> None:
        click.echo(f"{monotonic() - begin:5.0f} s │ {line}")

    return run_scenario_in_machine(file.resolve(), options, root, clock, print_line, within_s)


@cli.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.option("--clock", type=_CLOCK, default="real", help="What drives its clock; virtual counts instructions.")
@click.option("--shift", type=click.IntRange(0, 10), default=1, help="An instruction takes 2^SHIFT ns of virtual time.")
@click.argument("command", nargs=-1, required=True)
def vm(clock: Literal["real", "virtual"], shift: int, command: tuple[str, ...]) -> int:
    """Run a command in a virtual machine with a stock kernel, which has sch_netem and openvswitch.

    The machine sees the host's files, and keeps what is written to them in memory; its exit code is the command's.
    """
    return run_in_machine(Task(command), Clock(clock, shift), click.echo)


@cli.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path), metavar="[FILE...]")
@click.option("--relay", "versions", multiple=True, metavar="VERSION", help="A relay version to try; more than once.")
@click.option("--self-test", is_flag=True, help="Try all versions: the sound must pass, and each faulty one be caught.")
@click.option("--times", type=click.IntRange(1, 1000), default=1, help="How often each scenario is played.")
@click.option("--junit", type=click.Path(path_type=Path, dir_okay=False), help="Write the trials as JUnit XML.")
@click.option("--out", type=click.Path(path_type=Path), default=RUNS, help="Where run directories go.")
@_overrides
def suite(
    files: tuple[Path, ...],
    versions: tuple[str, ...],
    self_test: bool,
    times: int,
    junit: Path | None,
    out: Path,
    overrides: tuple[str, ...],
) -> int:
    """Run the standard scenarios against a relay version, before it is deployed.

    FILEs replace the standard scenarios. Exit codes: 0 passed, 1 caught, 2 bad usage, 3 inconclusive, 130 interrupted;
    with --self-test 1 means that a sound version was caught or a faulty one was not.
    """
    chosen = tuple(VERSIONS) if self_test else versions or (DEFAULT_VERSION,)
    scenarios = files or standard_scenarios()
    plans = {
        version: [load_plan(file, overrides=[*overrides, f"relays.version={version}"]) for file in scenarios]
        for version in chosen
    }
    sandbox, environment = diagnose().require()
    console = Console()
    trials: list[Trial] = []

    def play(plan: Plan, label: str) -> Summary:
        outcome = _run_one(replace(plan, environment=environment_for(plan, environment)), out, sandbox, label)
        if outcome.interrupted:
            raise KeyboardInterrupt
        return outcome.summary

    try:
        for trial in Suite(plans, times).trials(play):
            trials.append(trial)
            console.show_trial(trial)
    finally:
        found = standings(trials)
        console.show_suite(trials, [standing.sentence() for standing in found])
        if junit:
            _write_junit(junit, found)
    if self_test:
        return int(bool(surprises(found, SOUND)))
    return max((EXIT_CODES[standing.verdict] for standing in found), key=[0, 3, 1].index)


def _write_junit(path: Path, found: tuple[Standing, ...]) -> None:
    from scenarios.cli.junit import write_junit

    try:
        write_junit(path, found)
    except OSError as error:
        raise OutputError(f"{path}: {error.strerror}; say with --junit where the file may go") from error


def _run_one(plan: Plan, out: Path, sandbox: Sandbox, label: str = "") -> Outcome:
    """Run a plan and show its summary; with a label, which a suite sets, show only the progress bar."""
    from scenarios.run.host_side import run_plan

    require_room(plan, out)
    run_dir = new_run_dir(plan.scenario, out)
    console = Console()
    with console.following(plan, run_dir, label) as watcher:
        outcome = run_plan(plan, run_dir, sandbox, watcher)
    if not label:
        console.show_summary(outcome.summary, run_dir)
    if outcome.failure:
        print(f"{RUN_FAILED}{outcome.failure}", file=sys.stderr)
    elif outcome.unwritten:
        raise RunSpoiltError(outcome.unwritten)
    return outcome


def _worst(summaries: list[Summary]) -> int:
    return max((EXIT_CODES[summary.verdict] for summary in summaries), key=[0, 3, 1].index)


@cli.command(name="list")
def list_() -> int:
    """List the scenarios that come with the project."""
    Console().show_scenarios([(file, load_plan(file).description) for file in scenario_files()])
    return 0


@cli.command()
@_files
@_seed
@_overrides
def check(files: tuple[Path, ...], seed: int | None, overrides: tuple[str, ...]) -> int:
    """Say whether scenarios are valid; touches nothing."""
    for file in files:
        plan = load_plan(file, seed=seed, overrides=overrides)
        click.echo(f"{file}: {plan.scenario} is valid")
    return 0


@cli.command()
def doctor() -> int:
    """Say what this machine has, and what a run would use."""
    diagnosis = diagnose()
    Console().show_diagnosis(diagnosis)
    return BAD_INPUT if diagnosis.missing else 0


@cli.command()
@click.argument("run_dir", type=click.Path(path_type=Path, exists=True, file_okay=False))
def report(run_dir: Path) -> int:
    """Redo the report of a run directory, offline."""
    from scenarios.run.host_side import report_again

    run_directory = RunDir(run_dir.resolve())
    summary = report_again(run_directory)
    Console().show_summary(summary, run_directory)
    return _worst([summary])


def main() -> int:
    """Run the command line of sys.argv and return the exit code.

    Errors that the user can fix are printed as one line; any other exception is a bug, and leaves with a traceback.
    SIGTERM is handled like SIGINT, so that records are kept.
    """
    signal.signal(signal.SIGTERM, _interrupt)
    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # it logs that it builds a font cache
    try:
        return int(cli(standalone_mode=False, prog_name="run_scenario.py") or 0)
    except click.ClickException as error:
        error.show()
        return BAD_INPUT
    except RunSpoiltError as error:
        print(error, file=sys.stderr)
        return EXIT_CODES["inconclusive"]
    except (ScenarioError, MachineError, SandboxError, OutputError, DocumentError) as error:
        print(error, file=sys.stderr)
        return BAD_INPUT
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED


def _interrupt(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt
