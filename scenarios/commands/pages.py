"""The command that shows the page of a run."""

from __future__ import annotations

import os
import webbrowser
from contextlib import suppress
from pathlib import Path

import click

from results.run_files.document_error import DocumentError
from results.run_files.run_dir import RunDir
from scenarios.cli.exit_codes import ExitCode
from scenarios.commands.options import EXIT_CODES


@click.command(name="open", epilog=EXIT_CODES)
@click.argument("run_dir", type=click.Path(path_type=Path, exists=True, file_okay=False))
def open_(run_dir: Path) -> int:
    """Show the page of a run in the desktop's browser, where there is one, and print its path.

    A run directory without a page gets one, of what is there.
    """
    run = RunDir(run_dir.resolve())
    if not run.page.exists():
        _make(run)
    print(run.page)
    if os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        webbrowser.open(run.page.as_uri())
    return ExitCode.PASS


def _make(run: RunDir) -> None:
    from scenarios.run.reporting import report_again

    if not run.begun:
        raise click.BadParameter(
            f"{run.root} is no run directory: it has none of a run's files", param_hint="'RUN_DIR'"
        )
    with suppress(DocumentError):  # the page says it
        report_again(run)
