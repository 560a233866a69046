"""The commands that pages show, and the real parsers that read them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from scenarios.commands.root import cli

_INDENTED = re.compile(r"(?:^ {4,}\S.*\n)+", re.MULTILINE)
_SHELL = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_OURS = re.compile(r"\./run_scenario\.py|(?:\.ci/|scripts/|\.venv/bin/)\S+")


@dataclass(frozen=True)
class Command:
    """A command of the project on a page."""

    page: str
    argv: tuple[str, ...]
    text: str

    def __str__(self) -> str:
        return f"{self.page}: {self.text}"


def commands_of(page: Path) -> Iterator[Command]:
    """Those in blocks of commands, without sudo; several on a line that && or ; parts."""
    text = page.read_text(encoding="utf-8")
    blocks = (*_SHELL.findall(text), *_INDENTED.findall(_FENCED.sub("", text)))
    lines = (line.strip() for block in blocks for line in block.replace("\\\n", " ").splitlines())
    for line in dict.fromkeys(lines):
        yield from _commands_in(line, page.name)


def _commands_in(line: str, page: str) -> Iterator[Command]:
    if not re.match(rf"(?:sudo )?(?:{_OURS.pattern})(?:\s|$)", line):
        return
    lexer = shlex.shlex(line, posix=True, punctuation_chars="&;|<>")
    lexer.whitespace_split = True
    words = [*lexer, "&&"]
    while words:
        end = next(place for place, word in enumerate(words) if set(word) <= set("&;|<>"))
        argv, words = words[:end], words[end + 1 :]
        argv = argv[1:] if argv[:1] == ["sudo"] else argv
        if argv and _OURS.fullmatch(argv[0]):
            yield Command(page, tuple(argv), shlex.join(argv))


def parsed(arguments: Sequence[str]) -> tuple[click.Command, Mapping[str, Any]]:
    """The command that the real parser makes of the arguments of run_scenario.py, with its options; it is not run.

    click.UsageError for what the parser refuses.
    """
    context = cli.make_context("run_scenario.py", list(arguments))
    while isinstance(group := context.command, click.Group):
        rest = [*context._protected_args, *context.args]
        name, command, rest = group.resolve_command(context, rest)
        assert command is not None
        context = command.make_context(name, rest, parent=context)
    return context.command, context.params
