"""The command that shows the life of one session."""

from __future__ import annotations

from pathlib import Path

import click

from results.run_files.run_dir import RunDir
from scenarios.cli.console import Console
from scenarios.cli.exit_codes import ExitCode
from scenarios.commands.options import EXIT_CODES
from scenarios.language.quantities import QuantityError, time_ns
from scenarios.language.wording import suggestion

_MOST_NAMES = 10


@click.command(epilog=EXIT_CODES)
@click.argument("run_dir", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--session", required=True, metavar="NAME", help="Its name, as interruptions.csv has it.")
@click.option("--at", metavar="TIME", help="Show packets sent about this time, such as 8s, whatever became of them.")
@click.option("--all", "every", is_flag=True, help="Show every packet.")
@click.option("--json", "as_json", is_flag=True, help="Print all of it as JSON.")
def inspect(run_dir: Path, session: str, at: str | None, every: bool, as_json: bool) -> int:
    """Show the packets of a session around its interruptions: sent, each hop, what became of it, received.

    A hop between is where the packet's own log says that it passed. Times are s since the media start.
    """
    from results.inspection.lines import session_lines
    from results.inspection.session_life import session_life, session_names
    from results.metrics.analysis import analyse
    from results.report.report import read_evidence
    from results.run_files.documents import dump

    if at and every:
        raise click.UsageError("--all shows every packet: leave out --at")
    at_ns = None if at is None else _time(at)
    evidence = read_evidence(RunDir(run_dir.resolve()))
    names = session_names(evidence)
    if session not in names:
        raise click.UsageError(f"--session {session}: {run_dir} has no such session; {_known(session, names)}")
    life = session_life(evidence, analyse(evidence), session, at_ns=at_ns, every=every)
    if as_json:
        print(dump(life), end="")
    else:
        console = Console()
        for line in session_lines(life, whole=every):
            console.say(line)
    return ExitCode.PASS


def _time(text: str) -> int:
    try:
        return time_ns(text)
    except QuantityError as error:
        raise click.UsageError(f"--at {text}: {error}") from error


def _known(session: str, names: list[str]) -> str:
    """The nearest name, or some of them."""
    said = suggestion(session, names)
    if said.startswith("known") and len(names) > _MOST_NAMES:
        return f"there are {len(names)}, such as {', '.join(names[:3])}"
    return said
