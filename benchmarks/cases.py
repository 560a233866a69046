"""The cases of `scenarios/cases` with netem, on the virtual clock: `scripts/bench cases [CASE...]`.

Prints what each expectation found, a table in Markdown. The tests play the same cases on the userspace wire.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from time import monotonic

from benchmarks import markdown
from benchmarks.playing import ON_THE_VIRTUAL_CLOCK, FailedError, RefusedError, play, summary_below
from results.verdict.summary import Summary
from results.verdict.value_text import found_text
from scenarios.cli.exit_codes import VERDICT_CODES, ExitCode, worst
from scenarios.language.library import LIBRARY
from scenarios.paths import PROJECT

COLUMNS = ("case", "verdict", "expectation", "found")


def main(cases: Sequence[str]) -> ExitCode:
    """Play each case, and print its rows. Returns the exit code of the worst verdict; that of bad input if one
    could not be played."""
    there = {file.stem: file for file in sorted((LIBRARY / "cases").glob("*.yaml"))}
    if unknown := [each for each in cases if each not in there]:
        print(f"scripts/bench cases: no case {', '.join(unknown)}; there are {', '.join(there)}", file=sys.stderr)
        return ExitCode.BAD_INPUT
    print(*markdown.head(COLUMNS), sep="\n", flush=True)
    codes = [_shown(there[each]) for each in cases or there]
    return worst(codes)


def _shown(case: Path) -> ExitCode:
    """Print the rows of a case, or why there are none. Returns its exit code."""
    begin = monotonic()
    try:
        summary = _played(case)
    except (RefusedError, FailedError) as error:
        print(f"{case.stem}: {error}", file=sys.stderr, flush=True)
        return ExitCode.BAD_INPUT
    print(*map(markdown.row, rows(case.stem, summary)), sep="\n", flush=True)
    why = summary.reasons if summary.verdict == "inconclusive" else ()
    print(*why, f"{case.stem}: {monotonic() - begin:.0f} s", sep="\n", file=sys.stderr, flush=True)
    return VERDICT_CODES[summary.verdict]


def rows(case: str, summary: Summary) -> Iterator[tuple[str, ...]]:
    """A row for each expectation; the case and its verdict stand in the first."""
    for number, each in enumerate(summary.expectations):
        name, verdict = ("", "") if number else (case, summary.verdict)
        yield name, verdict, f"`{each.text}`", found_text(each)


def _played(case: Path) -> Summary:
    """RefusedError, FailedError."""
    with tempfile.TemporaryDirectory(prefix="blipnet-bench-") as folder:
        options = (*ON_THE_VIRTUAL_CLOCK, "--out", folder)
        play([sys.executable, str(PROJECT / "run_scenario.py"), "run", str(case), *options], case.name)
        return summary_below(Path(folder))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
