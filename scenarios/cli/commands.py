"""The commands and their arguments. The only importer of click.

The libraries of plots and tables take most of a second to import. They are imported inside the commands that report, so
that `check`, `list` and `--help` do not wait for them.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Literal

import click

from relay_app.versions.version_names import DEFAULT_VERSION, SOUND, VERSIONS
from results.run_files.documents import DocumentError
from results.run_files.plan import Plan
from results.run_files.run_dir import RunDir
from scenarios.cli import exit_codes
from scenarios.cli.console import Console
from scenarios.cli.doctor import diagnose
from scenarios.cli.exit_codes import VERDICT_CODES, ExitCode, worst
from scenarios.cli.play import GuestError, InMachine, InSandbox, decide, decide_in_machine
from scenarios.cli.version import version_lines
from scenarios.errors import MachineError, RunSpoiltError, ScenarioError
from scenarios.language.library import load_plan, scenario_files, standard_scenarios
from scenarios.paths import RUNS, OutputError
from scenarios.suites.attempts import Attempt
from scenarios.suites.runner import Suite
from scenarios.suites.standings import Standing, Trial, self_test_verdict, standings
from scenarios.vm.guest import Task
from scenarios.vm.machine import Clock
from scenarios.vm.run import run_in_machine
from topologies.sandbox import SandboxError, find_sandbox

_EXIT_CODES = f"\b\n{exit_codes.table()}"
_CLOCK = click.Choice(["real", "virtual"])
_overrides = click.option(
    "overrides", "--set", multiple=True, metavar="PATH=VALUE", help="Override a value, e.g. sessions.0.count=200."
)
_seed = click.option("--seed", type=click.IntRange(0, 2**32 - 1), help="Override the scenario's seed.")
_files = click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE...")


class _Commands(click.Group):
    """A command group in which `FILE` is short for `run FILE`."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in self.commands and (Path(args[0]).suffix in {".yaml", ".yml"} or Path(args[0]).is_file()):
            args = ["run", *args]
        return super().resolve_command(ctx, args)


def _show_version(context: click.Context, _option: click.Parameter, asked: bool) -> None:
    if asked:
        print("\n".join(version_lines()))
        context.exit()


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]}, epilog=_EXIT_CODES)
@click.option(
    "--version", is_flag=True, expose_value=False, is_eager=True, callback=_show_version, help="Version and back ends."
)
def cli() -> None:
    """Reproduce network blips between media clusters, and measure what every session heard.

    FILE.yaml alone is short for: run FILE.yaml
    """


@cli.command(epilog=_EXIT_CODES)
@_files
@_seed
@click.option("--out", type=click.Path(path_type=Path), default=RUNS, help="Where run directories go.")
@click.option("--relay", "kind", metavar="KIND", help="What runs as relay: a relay version, or a folder.")
@click.option("--attempts", type=click.IntRange(1), default=1, help="Repeat an inconclusive run: this many at most.")
@click.option("--vm", is_flag=True, help="Run in a virtual machine with a stock kernel: netem and the kernel datapath.")
@click.option("--clock", type=_CLOCK, help="What drives the virtual machine's clock; virtual counts instructions.")
@_overrides
def run(
    files: tuple[Path, ...],
    seed: int | None,
    out: Path,
    kind: str | None,
    attempts: int,
    vm: bool,
    clock: Literal["real", "virtual"] | None,
    overrides: tuple[str, ...],
) -> int:
    """Run scenarios one after another.

    All of them are read before the first one starts. The exit code is that of the worst.
    """
    overrides = (*overrides, *([] if kind is None else [_relay(kind)]))
    plans = [load_plan(file, seed=seed, overrides=overrides) for file in files]
    if vm:
        options = [*_repeated("--seed", [] if seed is None else [str(seed)]), *_repeated("--set", overrides)]
        codes = []
        for file, plan in zip(files, plans, strict=True):
            machine = InMachine(file, options, out, Clock(clock or "real", plan.clock_shift, plan.seed), _print_line)
            codes.append(decide_in_machine(partial(machine.play, plan), attempts))
        return worst(codes)
    if clock:
        raise click.UsageError("--clock is the virtual machine's: add --vm")
    sandbox = InSandbox.on(diagnose(), out)
    return worst(
        [decide(partial(sandbox.play, plan), plan, attempts) for plan in [sandbox.prepared(plan) for plan in plans]]
    )


def _relay(kind: str) -> str:
    """The override that has this kind run; a folder is found from the current one, in a virtual machine too."""
    return f"relays.kind={_relay_kind(kind)}"


def _relay_kind(kind: str) -> str:
    return str(Path(kind).resolve()) if "/" in kind else kind


def _print_line(line: str) -> None:
    print(line, flush=True)


def _repeated(option: str, values: Iterable[str]) -> list[str]:
    return [word for value in values for word in (option, value)]


@cli.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False}, epilog=_EXIT_CODES)
@click.option("--clock", type=_CLOCK, default="real", help="What drives its clock; virtual counts instructions.")
@click.option("--shift", type=click.IntRange(0, 10), default=1, help="An instruction takes 2^SHIFT ns of virtual time.")
@click.argument("command", nargs=-1, required=True)
def vm(clock: Literal["real", "virtual"], shift: int, command: tuple[str, ...]) -> int:
    """Run a command in a virtual machine with a stock kernel, which has sch_netem and openvswitch.

    The machine sees the host's files, and keeps what is written to them in memory. The exit code is the command's.
    Without a machine, it is one of these.
    """
    return run_in_machine(Task(command), Clock(clock, shift), _print_line)


@cli.command(epilog=_EXIT_CODES)
@click.argument("files", nargs=-1, type=click.Path(path_type=Path), metavar="[FILE...]")
@click.option("--relay", "versions", multiple=True, metavar="KIND", help="A relay version or a folder; more than once.")
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

    FILEs replace the standard scenarios. The exit code is that of the worst version. With --self-test a sound version
    that was caught is a failure, and so is a faulty one that was not.
    """
    chosen = tuple(VERSIONS) if self_test else versions or (DEFAULT_VERSION,)
    scenarios = files or standard_scenarios()
    plans = {
        version: [load_plan(file, overrides=[*overrides, _relay(version)]) for file in scenarios] for version in chosen
    }
    sandbox = InSandbox.on(diagnose(), out)
    found = _tried(
        {version: list(map(sandbox.prepared, each)) for version, each in plans.items()}, times, sandbox, junit
    )
    if self_test:
        return VERDICT_CODES[self_test_verdict(found, SOUND)]
    return worst(VERDICT_CODES[standing.verdict] for standing in found)


def _tried(plans: dict[str, list[Plan]], times: int, sandbox: InSandbox, junit: Path | None) -> tuple[Standing, ...]:
    """Play a suite; what is known of it so far is shown and written whatever ends it."""
    console = Console()
    trials: list[Trial] = []

    def play(plan: Plan, label: str) -> Attempt:
        return sandbox.play(plan, label)

    try:
        for trial in Suite(plans, times).trials(play, console.say):
            trials.append(trial)
            console.show_trial(trial)
    finally:
        found = standings(trials)
        console.show_suite(trials, [standing.sentence() for standing in found])
        if junit:
            _write_junit(junit, found)
    return found


def _write_junit(path: Path, found: tuple[Standing, ...]) -> None:
    from scenarios.cli.junit import write_junit

    write_junit(path, found)


@cli.command(name="list", epilog=_EXIT_CODES)
def list_() -> int:
    """List the scenarios that come with the project."""
    Console().show_scenarios([(file, load_plan(file).description) for file in scenario_files()])
    return ExitCode.PASS


@cli.command(epilog=_EXIT_CODES)
@_files
@_seed
@_overrides
def check(files: tuple[Path, ...], seed: int | None, overrides: tuple[str, ...]) -> int:
    """Say whether scenarios are valid; touches nothing."""
    for file in files:
        plan = load_plan(file, seed=seed, overrides=overrides)
        print(f"{file}: {plan.scenario} is valid")
    return ExitCode.PASS


@cli.group()
def relay() -> None:
    """Relay programs: any program in the place of a relay (docs/your-relay.md)."""


@relay.command(name="check", epilog=_EXIT_CODES)
@click.argument("kind")
def relay_check(kind: str) -> int:
    """Play the packet contract with a relay program, step by step, and say what does not hold.

    KIND is a folder with a relay.yaml, or the name of a program that comes with the project.
    """
    from scenarios.relay_check.check import check

    console, whole = Console(), True
    for finding in check(_relay_kind(kind), find_sandbox()):
        console.show_finding(finding)
        whole = whole and finding.problem is None
    return ExitCode.PASS if whole else ExitCode.FAIL


@cli.command(epilog=_EXIT_CODES)
def doctor() -> int:
    """Say what this machine has, and what a run would use."""
    diagnosis = diagnose()
    Console().show_diagnosis(diagnosis)
    return ExitCode.BAD_INPUT if diagnosis.missing else ExitCode.PASS


@cli.command(epilog=_EXIT_CODES)
@click.argument("run_dir", type=click.Path(path_type=Path, exists=True, file_okay=False))
def report(run_dir: Path) -> int:
    """Redo the report of a run directory, offline."""
    from scenarios.run.host_side import report_again

    run_directory = RunDir(run_dir.resolve())
    summary = report_again(run_directory)
    Console().show_summary(summary, run_directory)
    return VERDICT_CODES[summary.verdict]


def run_command() -> int:
    """Run the command of sys.argv and return its exit code. Errors that the user can mend are printed as one line.

    Not by `cli()`, which prints an empty line for an interrupt and exits with 1 for a broken pipe, whichever it was.
    """
    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # it logs that it builds a font cache
    try:
        with cli.make_context("run_scenario.py", sys.argv[1:]) as context:
            return int(cli.invoke(context))
    except click.exceptions.Exit as ended:
        return ended.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        error.show(sys.stderr)
    except click.UsageError as error:
        command = error.ctx.command_path if error.ctx else "run_scenario.py"
        print(f"{command}: {error.format_message().rstrip('.')}; see {command} --help", file=sys.stderr)
    except GuestError as error:
        print(error, file=sys.stderr)
        return error.code
    except RunSpoiltError as error:
        print(error, file=sys.stderr)
        return ExitCode.INCONCLUSIVE
    except (ScenarioError, MachineError, SandboxError, OutputError, DocumentError) as error:
        print(error, file=sys.stderr)
    return ExitCode.BAD_INPUT
