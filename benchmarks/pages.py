"""A page on each relay program that comes with the project: `scripts/bench pages [FOLDER [SECONDS]]`.

A page that is there already and whole is kept, so that a call that was interrupted, or met a busy machine, can be
repeated. What is left out is named.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from time import monotonic

from benchmarks.page import BUSY, SECONDS, page
from benchmarks.page_runs import AdapterAlone, Runs
from benchmarks.playing import FailedError, RefusedError
from benchmarks.programs import left_out
from hostio.files import write_whole
from relay_app.programs import PROGRAMS
from results.run_files.document_error import DocumentError
from scenarios.cli.exit_codes import ExitCode
from scenarios.paths import PROJECT

FOLDER = PROJECT / "docs" / "relays"


def main(arguments: list[str]) -> int:
    """Write the pages. Returns the exit code: that of bad input if a kind was left out, or of an inconclusive page."""
    folder = Path(arguments[0]) if arguments else FOLDER
    seconds = float(arguments[1]) if len(arguments) > 1 else SECONDS
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="blipnet-bench-") as name:
        scratch = Path(name)
        missing = list(_written(folder, scratch, seconds))
    if missing:
        print(f"scripts/bench pages: left out: {', '.join(missing)}", file=sys.stderr)
        return ExitCode.BAD_INPUT
    busy = [kind for kind in PROGRAMS if not is_whole(folder / f"{kind}.md")]
    for kind in busy:
        print(f"{kind}: {BUSY}; a further call plays it again", file=sys.stderr)
    return ExitCode.INCONCLUSIVE if busy else ExitCode.PASS


def is_whole(file: Path) -> bool:
    """Whether there is a page on which nothing is inconclusive for a busy machine."""
    return file.is_file() and BUSY not in file.read_text()


def _written(folder: Path, scratch: Path, seconds: float) -> Iterator[str]:
    """Write each page that is not there, or not whole; yields the kinds that were left out."""
    adapter = AdapterAlone(seconds, scratch)
    for kind, file in to_write(PROGRAMS, folder):
        begin = monotonic()
        if why := left_out(kind) or _write(kind, file, Runs(kind, seconds, scratch / kind), adapter):
            print(f"{kind}: left out: {why}", file=sys.stderr)
            yield kind
        else:
            print(f"{kind}: {file}, in {monotonic() - begin:.0f} s", flush=True)


def to_write(kinds: Iterable[str], folder: Path) -> Iterator[tuple[str, Path]]:
    """The kinds whose page is not there, or not whole, with its file; the others are named."""
    for kind in kinds:
        file = folder / f"{kind}.md"
        if is_whole(file):
            print(f"{kind}: {file} is there, and kept")
        else:
            yield kind, file


def _write(kind: str, file: Path, runs: Runs, adapter: AdapterAlone) -> str | None:
    """Write a page; why it could not be made, if so."""
    try:
        write_whole(file, "\n".join((*page(runs.find(adapter)), "")))
    except (RefusedError, FailedError, DocumentError, OSError, subprocess.CalledProcessError) as error:
        return f"{kind}: {error}"
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
