"""The command that shows a run."""

from __future__ import annotations

import os
from functools import partial
from math import inf
from pathlib import Path

import click

from results.run_files.run_dir import RunDir
from scenarios.cli.console import Console
from scenarios.cli.exit_codes import ExitCode
from scenarios.commands.options import EXIT_CODES
from scenarios.language.quantities import QuantityError, time_ns

_LOWEST_PRIORITY = 19
_SLOWEST, _FASTEST = 0.001, 1000.0


def _speed(_context: click.Context, _option: click.Parameter, given: str | None) -> float | None:
    """A number, or inf for `max`."""
    if given is None or given == "max":
        return None if given is None else inf
    try:
        speed = float(given)
    except ValueError:
        speed = 0.0
    if not _SLOWEST <= speed <= _FASTEST:
        limits = f"from {_SLOWEST:g} to {_FASTEST:g}"
        raise click.BadParameter(f"{given!r} is no speed; write a number {limits}, such as 4 or 0.5, or max")
    return speed


def _time(_context: click.Context, _option: click.Parameter, given: str | None) -> int | None:
    """A time with its unit, ns."""
    try:
        return None if given is None else time_ns(given)
    except QuantityError as error:
        raise click.BadParameter(str(error)) from error


@click.command(epilog=EXIT_CODES)
@click.argument("run_dir", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option(
    "--speed", callback=_speed, metavar="N|max", help="Play it N times as fast as it was; max: show its end at once."
)
@click.option("--from", "from_ns", callback=_time, metavar="TIME", help="Begin at a time of the scenario, e.g. 3s.")
def watch(run_dir: Path, speed: float | None, from_ns: int | None) -> int:
    """Show links, lanes, relays, faults and the controller's decisions of a run, live or over again.

    A run that goes on is followed to its end; with --speed or --from it is played from there until it is caught up
    with. Without a terminal, each change is a line.
    """
    from scenarios.watch.playback import Asked, NothingThereError
    from scenarios.watch.reading import RunReading
    from scenarios.watch.screen import screen
    from scenarios.watch.watching import Watch

    try:
        watched = Watch(RunReading(RunDir(run_dir)), Asked(from_ns, speed))
    except NothingThereError as error:
        raise click.BadParameter(str(error), param_hint="'--from'") from error
    if watched.live:
        os.setpriority(os.PRIO_PROCESS, 0, _LOWEST_PRIORITY)  # the run measures, and is not to be disturbed
    console = Console()
    if console.draws:
        console.show_frames(partial(screen, moment) for moment in watched.moments())
    else:
        for line in watched.lines():
            print(line, flush=True)
    return ExitCode.PASS
