"""The command line: all commands together, and what becomes of their errors."""

from __future__ import annotations

import logging
import sys
from importlib import import_module
from pathlib import Path
from types import MappingProxyType

import click

from results.run_files.document_error import DocumentError
from scenarios.cli.exit_codes import ExitCode
from scenarios.cli.guest_error import GuestError
from scenarios.cli.version import version_lines
from scenarios.commands.options import EXIT_CODES
from scenarios.errors import MachineError, ProgramError, RunSpoiltError, ScenarioError
from scenarios.paths import OutputError
from topologies.sandbox import SandboxError

_COMMANDS = MappingProxyType(
    {
        "run": "runs.run",
        "vm": "runs.vm",
        "suite": "suites.suite",
        "list": "looks.list_",
        "bundle": "bundles.bundle",
        "check": "checks.check",
        "new": "beginnings.new",
        "relay": "relays.relay",
        "doctor": "looks.doctor",
        "report": "looks.report",
        "compare": "comparisons.compare",
        "export": "exports.export",
        "inspect": "inspections.inspect",
        "sweep": "sweeps.sweep",
        "scheduler": "clusters.scheduler",
        "worker": "clusters.worker",
        "sweep-run": "sweeps.sweep_run",
        "open": "pages.open_",
        "watch": "watches.watch",
        "topology": "topologies.topology",
    }
)
"""Each command, and where in `scenarios.commands` it is."""


class _Commands(click.Group):
    """A command group in which `FILE` is short for `run FILE`.

    A command's module is imported when the command is asked for: the libraries that all of them need take a second.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - of the class
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - of the class
        if cmd_name not in _COMMANDS:
            return None
        module, _, name = _COMMANDS[cmd_name].partition(".")
        command: click.Command = getattr(import_module(f"scenarios.commands.{module}"), name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in _COMMANDS and (
            Path(args[0]).suffix in {".yaml", ".yml", ".bundle"} or Path(args[0]).is_file()
        ):
            args = ["run", *args]
        try:
            return super().resolve_command(ctx, args)
        except click.exceptions.NoSuchCommand as error:
            raise click.exceptions.NoSuchCommand(args[0], possibilities=_COMMANDS, ctx=ctx) from error


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
        print(f"{command}: {_said(error)}; see {command} --help", file=sys.stderr)
    except GuestError as error:
        print(error, file=sys.stderr)
        return error.code
    except RunSpoiltError as error:
        print(error, file=sys.stderr)
        return ExitCode.INCONCLUSIVE
    except (ScenarioError, ProgramError, MachineError, SandboxError, OutputError, DocumentError) as error:
        print(error, file=sys.stderr)
    return ExitCode.BAD_INPUT


def _said(error: click.UsageError) -> str:
    """What is wrong, and the nearest right words."""
    if isinstance(error, (click.exceptions.NoSuchOption, click.exceptions.NoSuchCommand)) and error.possibilities:
        return f"{error.message.rstrip('.')} (did you mean {' or '.join(map(repr, error.possibilities))}?)"
    return error.format_message().rstrip(".")
