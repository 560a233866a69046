"""Writes the reference of the command line, `docs/commands.md`, made of the parsers of its commands and of what each
script says to `--help`:

    .venv/bin/python -m scenarios.commands.reference
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from scenarios.cli.exit_codes import MEANINGS
from scenarios.commands.root import cli
from scenarios.paths import PROJECT

REFERENCE = PROJECT / "docs" / "commands.md"
PROGRAM = "run_scenario.py"

_INTRODUCTION = """\
# The command line

This page is made of the parsers of the commands and of what the scripts say to `--help`
(`.venv/bin/python -m scenarios.commands.reference`). `./run_scenario.py FILE.yaml` is short for
`./run_scenario.py run FILE.yaml`.
Runs need root, or user namespaces; what else says `./run_scenario.py doctor`.
"""

_HEAD = re.compile(r"#![^\n]*\n((?:#[^\n]*\n)+)")


def page(scripts: Sequence[Path]) -> str:
    """The page, with a section for each command, in alphabetic order, and for each script."""
    commands = _commands(cli, click.Context(cli, info_name=PROGRAM, **cli.context_settings))
    return "\n".join((_INTRODUCTION, *_exit_codes(), *commands, *_scripts(scripts))).rstrip() + "\n"


def scripts_of(project: Path) -> list[Path]:
    """The scripts that a user may start."""
    return sorted(path for path in (project / "scripts").iterdir() if os.access(path, os.X_OK))


def _exit_codes() -> Iterator[str]:
    yield "## Exit codes\n"
    yield "| exit code | meaning |"
    yield "|---|---|"
    yield from (f"| {code:d} | {meaning} |" for code, meaning in MEANINGS.items())
    yield ""


def _commands(group: click.Group, context: click.Context) -> Iterator[str]:
    """The sections of a group's commands, and of those within them."""
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from _commands(command, click.Context(command, info_name=name, parent=context))
        elif command is not None:
            yield from _section(command, click.Context(command, info_name=name, parent=context))


def _section(command: click.Command, context: click.Context) -> Iterator[str]:
    usage = " ".join((context.command_path, *command.collect_usage_pieces(context)))
    yield f"## `{context.command_path.removeprefix(f'{PROGRAM} ')}`\n"
    yield f"```text\n{usage}\n```\n"
    yield f"{_paragraphs(command.help or '')}\n"
    rows = [record for each in command.get_params(context) if (record := each.get_help_record(context)) is not None]
    yield "| option | what |"
    yield "|---|---|"
    yield from (f"| `{_cell(names)}` | {_cell(' '.join(said.split()))} |" for names, said in rows)
    yield ""


def _paragraphs(text: str) -> str:
    """Help as the parser has it, each paragraph on one line."""
    blocks = text.replace("\b", "").strip().split("\n\n")
    return "\n\n".join(" ".join(block.split()) for block in blocks)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _scripts(paths: Sequence[Path]) -> Iterator[str]:
    yield "## The scripts\n"
    for path in paths:
        yield f"### `scripts/{path.name}`\n"
        yield f"```text\n{help_of(path.read_text(encoding='utf-8'))}```\n"


def help_of(script: str) -> str:
    """What a script prints for --help: the comment at its head. ValueError if it has none."""
    if (found := _HEAD.match(script)) is None:
        raise ValueError("the script does not begin with a comment that says what it does")
    return re.sub("^# ?", "", found[1], flags=re.MULTILINE)


if __name__ == "__main__":
    REFERENCE.write_text(page(scripts_of(PROJECT)), encoding="utf-8")
