"""The command that says whether runs are better than others."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

import click

from scenarios.cli.console import Console
from scenarios.cli.exit_codes import ExitCode
from scenarios.commands.options import EXIT_CODES
from scenarios.commands.shares import confidence_option
from scenarios.paths import OutputError

if TYPE_CHECKING:
    from results.comparison.compared_sets import ComparedSets, RunSet


@click.command(epilog=EXIT_CODES)
@click.argument("first", type=click.Path(path_type=Path, exists=True), metavar="FIRST")
@click.argument("others", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True), metavar="OTHER...")
@click.option("--metric", "metrics", multiple=True, metavar="NAME", help="Compare this metric; more than once.")
@click.option("--all", "every", is_flag=True, help="Compare every metric; so much less is shown of each.")
@confidence_option
@click.option("--html", type=click.Path(path_type=Path, dir_okay=False), help="Write a page with pictures.")
@click.option("--json", "as_json", is_flag=True, help="Print all of it as JSON.")
def compare(
    first: Path,
    others: tuple[Path, ...],
    metrics: tuple[str, ...],
    every: bool,
    confidence: float,
    html: Path | None,
    as_json: bool,
) -> int:
    """Say of each metric whether runs are better or worse than those of FIRST, or no difference is shown.

    FIRST and OTHER are run directories, folders of them, or what run --repeat left. The exit code is that of a pass
    unless a metric is worse (1), or there are too few runs to show any difference (3).
    """
    from results.comparison.compare import all_metrics, default_metrics
    from results.comparison.compare import compare as compared
    from results.comparison.run_sets import named_apart, read_set
    from results.run_files.documents import dump

    if metrics and every:
        raise click.UsageError("--all is every metric: leave out --metric")
    with Console(quiet=as_json).steps("reading") as told:
        sets = named_apart([read_set(each, told) for each in (first, *others)])
    known = all_metrics(sets)
    _require(metrics, known)
    found = compared(sets, metrics or (known if every else default_metrics(sets)), confidence)
    if html:
        _write(html, found, sets)
    if as_json:
        print(dump(found), end="")
    else:
        _show(found, sets)
    if found.answers("worse"):
        return ExitCode.FAIL
    return ExitCode.INCONCLUSIVE if found.too_few or not found.rows else ExitCode.PASS


def _require(metrics: Sequence[str], known: Sequence[str]) -> None:
    for metric in metrics:
        if metric not in known:
            near = get_close_matches(metric, known, n=1)
            meant = f"did you mean {near[0]!r}?" if near else "compare --all shows those that are"
            raise click.UsageError(f"--metric {metric}: no metric of these runs with a better way; {meant}")


def _write(target: Path, found: ComparedSets, sets: Sequence[RunSet]) -> None:
    from results.page.writing import write_compared

    try:
        write_compared(target, found, sets)
    except OSError as error:
        raise OutputError(f"{target}: {error.strerror}") from error


def _show(found: ComparedSets, sets: Sequence[RunSet]) -> None:
    from results.comparison.rows import DIFFERENCE_COLUMNS, answer_sentences, difference_rows, set_sentences

    console = Console()
    for line in set_sentences(found):
        console.say(line)
    for each in sets[1:]:
        console.say("" if len(sets) == 2 else f"\n{each.name}")
        console.show_rows(DIFFERENCE_COLUMNS, difference_rows(found, each.name), texts=2)
    console.say("")
    for line in answer_sentences(found):
        console.say(line)
