"""The command that makes one file of a run directory."""

from __future__ import annotations

from pathlib import Path

import click

from hostio.ownership import made_for_user
from results.run_files.documents import dump
from results.run_files.run_dir import RunDir
from scenarios.cli.exit_codes import ExitCode
from scenarios.cli.json_output import WrittenBundle
from scenarios.cli.version import version_lines
from scenarios.commands.options import EXIT_CODES, json_option
from scenarios.paths import OutputError


@click.command(epilog=EXIT_CODES)
@click.argument("run_dir", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="The file.  [default: RUN_DIR's name]")
@click.option("--redact", is_flag=True, help="Leave out host names, users and paths, and with them logs and captures.")
@json_option
def bundle(run_dir: Path, out: Path | None, redact: bool, as_json: bool) -> int:
    """Make one file of a run directory, which run plays again elsewhere and compares.

    It has scenario, topology, traces and the streams of captures, seed, versions, environment, records and report.
    Relay programs are not in it.
    """
    from scenarios.bundles.archive import SUFFIX
    from scenarios.bundles.bundling import bundle as bundled

    run = RunDir(run_dir.resolve())
    if not run.begun:
        raise click.BadParameter(f"{run_dir} is no run directory: it has none of a run's files", param_hint="'RUN_DIR'")
    target = out or Path(f"{run.root.name}{SUFFIX}")
    if target.suffix != SUFFIX:
        raise click.BadParameter(f"'{target}' does not end in {SUFFIX}", param_hint="'--out'")
    if target.exists():
        raise click.BadParameter(f"'{target}' is there already", param_hint="'--out'")
    try:
        with made_for_user(target.absolute()):
            made = bundled(run, target, version_lines()[0], redact=redact)
    except FileNotFoundError as error:
        raise OutputError(f"{target}: {error.strerror}; say with --out where there is a folder") from error
    size, files = target.stat().st_size, len(made.manifest.files)
    if as_json:
        print(dump(WrittenBundle(str(target), size, files, redact, list(made.remarks))), end="")
        return ExitCode.PASS
    print(f"{target}: {files} files, {size / 1e6:.1f} MB; next: sudo ./run_scenario.py run {target}")
    for remark in made.remarks:
        print(f"  {remark}")
    return ExitCode.PASS
