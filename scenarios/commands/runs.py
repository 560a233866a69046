"""Commands that play scenarios, here or in a virtual machine."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Literal

import click

from scenarios.bundles.archive import is_bundle
from scenarios.cli.doctor import diagnose
from scenarios.cli.exit_codes import VERDICT_CODES, worst
from scenarios.cli.expectation_cases import Source
from scenarios.cli.outputs import Outputs
from scenarios.cli.play import InMachine, InSandbox, Show, decided, decided_in_machine
from scenarios.commands.options import (
    CLOCK,
    EXIT_CODES,
    files_argument,
    json_option,
    junit_option,
    markdown_option,
    overrides_option,
    pcap_option,
    progress_option,
    relay_override,
    seed_option,
)
from scenarios.commands.shares import SHARE, confidence_option, given
from scenarios.commands.trials import tried
from scenarios.language.capture_points import with_captures
from scenarios.language.expectation_places import expectation_lines
from scenarios.language.library import load_plan
from scenarios.paths import RUNS
from scenarios.vm.guest import Task
from scenarios.vm.machine import Clock
from scenarios.vm.run import run_in_machine


@click.command(epilog=EXIT_CODES)
@files_argument
@seed_option
@click.option("--out", type=click.Path(path_type=Path), default=RUNS, help="Where run directories go.")
@click.option("--relay", "kind", metavar="KIND", help="What runs as relay: a relay version, or a folder.")
@click.option("--attempts", type=click.IntRange(1), default=1, help="Repeat an inconclusive run: this many at most.")
@click.option(
    "--repeat", "times", type=click.IntRange(1), help="Play each so often, with seeds that follow; see compare."
)
@click.option(
    "--pass-share", "passes", type=SHARE, metavar="SHARE", help="With --repeat: show that so many of all runs pass."
)
@confidence_option
@click.option("--vm", is_flag=True, help="Run in a virtual machine with a stock kernel: netem and the kernel datapath.")
@click.option("--clock", type=CLOCK, help="What drives the virtual machine's clock; virtual counts instructions.")
@pcap_option
@junit_option
@markdown_option
@json_option
@progress_option
@overrides_option
def run(
    files: tuple[Path, ...],
    seed: int | None,
    out: Path,
    kind: str | None,
    attempts: int,
    times: int | None,
    passes: float | None,
    confidence: float,
    vm: bool,
    clock: Literal["real", "virtual"] | None,
    captured: tuple[str, ...],
    junit: Path | None,
    markdown: Path | None,
    as_json: bool,
    progress: Literal["text", "json"],
    overrides: tuple[str, ...],
) -> int:
    """Run scenarios one after another; or bundles again, each compared with the run that it holds.

    All of them are read before the first one starts. The exit code is that of the worst. Of each, --junit has a test
    case per expectation. In a job of GitHub Actions, its page gets a summary, and what failed an annotation.

    With --repeat a scenario's runs have one verdict: they pass if all do or, with --pass-share, if it is shown, with
    that confidence, that such a share of all runs would pass; aggregate.json beside them has the spread of each metric.
    """
    overrides = (*overrides, *([] if kind is None else [relay_override(kind)]))
    show, outputs = Show(as_json, progress == "json"), Outputs(junit, markdown, as_json)
    _require_repeat(times, passes, told=outputs != Outputs() or show != Show() or bool(captured))
    if any(map(is_bundle, files)):
        from scenarios.bundles.opened import Changes
        from scenarios.commands.replays import Replays

        _require_single(files, vm=vm or clock is not None, repeated=times is not None)
        return Replays(files, Changes(seed, overrides, captured), out, attempts, outputs, show).play()
    plans = [with_captures(load_plan(file, seed=seed, overrides=overrides), captured) for file in files]
    if clock and not vm:
        raise click.UsageError("--clock is the virtual machine's: add --vm")
    if times is not None:
        from scenarios.cli.repeat import Repeats

        series = Repeats(files, plans, times, overrides, out, attempts, passes, confidence)
        return series.in_machines(clock or "real", _print_line) if vm else series.here()
    if vm:
        options = [*_repeated("--seed", [] if seed is None else [str(seed)]), *_repeated("--set", overrides)]
        options += _repeated("--pcap", captured)
        say = _print_error if as_json else _print_line
        clocks = [Clock(clock or "real", plan.clock_shift, plan.seed) for plan in plans]
        machines = [InMachine(each, options, out, its, say) for each, its in zip(files, clocks, strict=True)]
        played = [partial(machine.play, plan) for machine, plan in zip(machines, plans, strict=True)]
        tries = [partial(decided_in_machine, each, attempts, show) for each in played]
    else:
        sandbox = InSandbox.on(diagnose(), out, show)
        plans = [sandbox.prepared(plan) for plan in plans]
        tries = [partial(decided, partial(sandbox.play, plan), plan, attempts, show) for plan in plans]
    places = (Source(str(file), expectation_lines(file, overrides)) for file in files)
    sources = {plan.scenario: place for plan, place in zip(plans, places, strict=True)}
    trials = tried(plans, tries, outputs, sources)
    return worst(VERDICT_CODES[trial.verdict] for trial in trials)


def _require_repeat(times: int | None, passes: float | None, *, told: bool) -> None:
    """UsageError if an option is of repeated runs and these are none, or the other way round. `told`: to
    programs, or captured."""
    for option, stated in (("--pass-share", passes is not None), ("--confidence", given("confidence"))):
        if stated and times is None:
            raise click.UsageError(f"{option} is of repeated runs: add --repeat")
    if told and times is not None:
        raise click.UsageError(
            "--pcap, --junit, --markdown, --json and --progress are of single runs: leave out --repeat"
        )


def _require_single(files: Sequence[Path], *, vm: bool, repeated: bool) -> None:
    """UsageError if bundles are to be played as they cannot be."""
    if others := [file for file in files if not is_bundle(file)]:
        raise click.UsageError(f"{others[0]} is no bundle: play scenarios apart from bundles")
    if vm or repeated:
        raise click.UsageError(
            f"a bundle is played once, here: leave out {'--repeat' if repeated else '--vm, --clock'}"
        )


def _print_line(line: str) -> None:
    print(line, flush=True)


def _print_error(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _repeated(option: str, values: Iterable[str]) -> list[str]:
    return [word for value in values for word in (option, value)]


@click.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False}, epilog=EXIT_CODES)
@click.option("--clock", type=CLOCK, default="real", help="What drives its clock; virtual counts instructions.")
@click.option("--shift", type=click.IntRange(0, 10), default=1, help="An instruction takes 2^SHIFT ns of virtual time.")
@click.argument("command", nargs=-1, required=True)
def vm(clock: Literal["real", "virtual"], shift: int, command: tuple[str, ...]) -> int:
    """Run a command in a virtual machine with a stock kernel, which has sch_netem and openvswitch.

    The machine sees the host's files, and keeps what is written to them in memory. The exit code is the command's.
    Without a machine, it is one of these.
    """
    return run_in_machine(Task(command), Clock(clock, shift), _print_line)
