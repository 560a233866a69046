"""The command that plays a scenario with many values, and the one by which each of its runs is played."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from time import monotonic

import click

from results.comparison.values import run_values
from results.run_files.documents import dump_line
from results.run_files.plan_formats import load_plan_text
from results.run_files.run_dir import RunDir
from scenarios.cli.doctor import diagnose
from scenarios.cli.exit_codes import VERDICT_CODES, ExitCode, worst
from scenarios.cli.leash import leashed
from scenarios.cli.play import InSandbox, Show
from scenarios.commands.options import EXIT_CODES
from scenarios.errors import MachineError
from scenarios.paths import PROJECT, RUNS, OutputError
from scenarios.sweeps.child import ChildResult, seconds_since
from scenarios.sweeps.counting import Total, require_meant, total_of
from scenarios.sweeps.execution import Executor
from scenarios.sweeps.loading import Sweep, load_sweep
from scenarios.sweeps.local import LocalExecutor
from scenarios.sweeps.loop import Loop, News
from scenarios.sweeps.progress import Progress, length, seconds_of
from scenarios.sweeps.store import Store

SWEEPS = RUNS / "sweeps"
RUN_COMMAND: Sequence[str] = (sys.executable, str(PROJECT / "run_scenario.py"), "sweep-run")
"""Plays a plan that it reads, in a process of its own."""

certificates_option = click.option(
    "--certificates",
    type=click.Path(path_type=Path, file_okay=False),
    default=RUNS / "certificates",
    help="Folder of the certificate that all have; the scheduler makes it.",
)


@click.command(epilog=EXIT_CODES)
@click.argument("file", type=click.Path(path_type=Path), metavar="FILE")
@click.option("--out", type=click.Path(path_type=Path), help="Folder of the sweep; else results/runs/sweeps/NAME.")
@click.option("--resume", is_flag=True, help="Go on: what has a result there is not played again.")
@click.option("--yes", is_flag=True, help="Play more than 1000 runs.")
@click.option("--scheduler", metavar="ADDRESS", help="Play on the workers of this scheduler, tls://HOST:PORT.")
@certificates_option
@click.option("--report", is_flag=True, help="Play nothing; make table and page of what has a result.")
def sweep(
    file: Path, out: Path | None, resume: bool, yes: bool, scheduler: str | None, certificates: Path, report: bool
) -> int:
    """Run a scenario with many values, and make a table and a page of what came of it.

    FILE says of which scenario, which values differ and how; docs/sweeps.md. An interrupt keeps every result, and
    --resume goes on. The exit code is that of the worst run.
    """
    found = load_sweep(file)
    total, store = total_of(found), Store((out or SWEEPS / found.name).resolve())
    if report:
        return _report(found, store, total)
    if not yes:
        require_meant(file, found, total)
    _require_fresh(store, resume=resume)
    executor = _executor(found, store, scheduler, certificates)
    _begin(store, found)
    say(f"{found.name}: {total.text()}, about {length(total.runs * seconds_of(found.plan))} if none is played yet")
    return _play(found, store, total, executor)


def _executor(found: Sweep, store: Store, scheduler: str | None, certificates: Path) -> Executor:
    """What plays the runs: this machine or, with a scheduler, its workers. MachineError."""
    if scheduler is None:
        diagnose().require()
        return LocalExecutor(RUN_COMMAND, store.runs, say)
    require_dask()
    from scenarios.cluster.address import address_of
    from scenarios.cluster.certificates import Certificates
    from scenarios.cluster.executor import ClusterExecutor

    own = Certificates(certificates)
    own.require()
    executor = ClusterExecutor(address_of(scheduler), own, found.maker.code, say)
    executor.require_versions(found.maker.kinds())
    return executor


def require_dask() -> None:
    """MachineError if it is not installed."""
    if find_spec("distributed") is None:
        raise MachineError("Dask is not installed here, which plays sweeps on several machines; scripts/setup --sweep")


def _require_fresh(store: Store, *, resume: bool) -> None:
    if store.count() and not resume:
        text = f"{store.count()} results are there; add --resume to go on, or name another folder with --out"
        raise OutputError(f"{store.root}: {text}")


def _begin(store: Store, found: Sweep) -> None:
    try:
        store.begin(found.text)
    except OSError as error:
        raise OutputError(f"{store.root}: {error.strerror}; name another folder with --out") from error


def _play(found: Sweep, store: Store, total: Total, executor: Executor) -> int:
    """Play what has no result; whatever ends it, table and page are made of what has."""
    progress = Progress(total.runs, exact=total.exact, began_s=monotonic())

    def tell(news: News) -> None:
        if line := progress.line(news, monotonic()):
            say(line)

    try:
        counted = Loop(store, executor, found.attempts, tell).run(found.maker.jobs())
    finally:
        _write(found, store, total)
    return _concluded(counted)


def _report(found: Sweep, store: Store, total: Total) -> int:
    if not store.count():
        raise OutputError(f"{store.root}: no results are there; name the folder of the sweep with --out")
    _write(found, store, total)
    return _concluded(Counter(each.verdict for each in store.results()))


def _write(found: Sweep, store: Store, total: Total) -> None:
    from scenarios.sweeps.reporting import write_reports

    if store.count():
        write_reports(found, store, total)
        say(f"table {store.table}\npage  {store.page}")


def _concluded(counted: Counter[str]) -> ExitCode:
    say(", ".join(f"{number} {verdict}" for verdict, number in counted.items() if number))
    codes = [VERDICT_CODES.get(verdict, ExitCode.INCONCLUSIVE) for verdict, number in counted.items() if number]
    return worst(codes) if codes else ExitCode.INCONCLUSIVE


def say(line: str) -> None:
    """Print a line at once."""
    print(line, flush=True)


@click.command(name="sweep-run", hidden=True, epilog=EXIT_CODES)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Where the run directory goes.")
def sweep_run(out: Path) -> int:
    """Play the plan in the first line of standard input, which is of a sweep, and print what came of it.

    If standard input ends meanwhile, the run is stopped, and what was recorded is kept.
    """
    plan = load_plan_text(sys.stdin.buffer.readline(), "the plan of a sweep's run")
    with leashed(sys.stdin.fileno()):
        sandbox = InSandbox.on(diagnose(), out, Show(quiet=True))
        attempt = sandbox.play(sandbox.prepared(plan), "sweep")
        seconds = seconds_since(RunDir(attempt.root).plan)
    print(dump_line(ChildResult(str(attempt.root), seconds, run_values(attempt.summary, str(attempt.root)))), end="")
    return VERDICT_CODES[attempt.summary.verdict]
