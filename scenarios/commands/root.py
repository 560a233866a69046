"""The command line: all commands together, and what becomes of their errors."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import click

from results.run_files.documents import DocumentError
from scenarios.cli.exit_codes import ExitCode
from scenarios.cli.play import GuestError
from scenarios.cli.version import version_lines
from scenarios.commands import looks, relays, runs, suites, topologies
from scenarios.commands.options import EXIT_CODES
from scenarios.errors import MachineError, ProgramError, RunSpoiltError, ScenarioError
from scenarios.paths import OutputError
from topologies.sandbox import SandboxError


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


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]}, epilog=EXIT_CODES)
@click.option(
    "--version", is_flag=True, expose_value=False, is_eager=True, callback=_show_version, help="Version and back ends."
)
def cli() -> None:
    """Reproduce network blips between media clusters, and measure what every session heard.

    FILE.yaml alone is short for: run FILE.yaml
    """


for command in (
    runs.run,
    runs.vm,
    suites.suite,
    looks.list_,
    looks.check,
    relays.relay,
    looks.doctor,
    looks.report,
    topologies.topology,
):
    cli.add_command(command)


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
    except (ScenarioError, ProgramError, MachineError, SandboxError, OutputError, DocumentError) as error:
        print(error, file=sys.stderr)
    return ExitCode.BAD_INPUT
