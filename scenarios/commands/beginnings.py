"""The command that writes a scenario file to begin with."""

from __future__ import annotations

import os
import re
from functools import partial
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

import scenarios
from scenarios.cli.exit_codes import ExitCode
from scenarios.commands.options import EXIT_CODES, relay_kind
from scenarios.errors import ScenarioError
from scenarios.language.library import load_plan
from scenarios.language.new_scenario import FAULTS, MEDIA, Choices, farthest, scenario_text
from scenarios.language.topology_files import find_topology, topology_names

_SCHEMA = Path(scenarios.__file__).parent / "scenario.schema.json"
_NOT_OF_A_NAME = re.compile(r"[^a-z0-9]+")


@click.command(epilog=EXIT_CODES)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--topology", default="us-triangle", show_default=True, help="Of the catalogue, or a file.")
@click.option("--between", nargs=2, help="Two clusters.  [default: the ends of the longest link]")
@click.option("--sessions", type=click.IntRange(1), default=100, show_default=True, help="How many calls.")
@click.option("--media", type=click.Choice(MEDIA), default="voice", show_default=True)
@click.option("--fault", type=click.Choice([*FAULTS]), default="blackhole", show_default=True, metavar="WORD")
@click.option("--at", default="4s", show_default=True, help="When it begins.")
@click.option("--for", "lasts", default="2s", show_default=True, help="How long it lasts.")
@click.option("--duration", default="12s", show_default=True, help="How long the calls last.")
@click.option("--limit", default="1000ms", show_default=True, help="The longest silence that is let pass.")
@click.option("--relay", metavar="KIND", help="What runs as relay: a relay version, or a folder.")
@click.option("--ask", is_flag=True, help="Ask for what is not given.")
@click.pass_context
def new(context: click.Context, /, file: Path, ask: bool, **_: object) -> int:
    """Write a scenario with comments to FILE, which must not exist. The words of faults are in docs/blips.md."""
    if file.suffix not in (".yaml", ".yml"):
        raise click.BadParameter(f"'{file}' does not end in .yaml", param_hint="FILE")
    if file.exists():
        raise click.BadParameter(f"'{file}' is there already", param_hint="FILE")
    value = partial(_asked, context) if ask else context.params.__getitem__
    place = str(value("topology"))
    topology = find_topology(place)
    between = value("between") or farthest(topology)
    choices = Choices(
        name=_NOT_OF_A_NAME.sub("-", file.stem.lower()).strip("-") or "scenario",
        topology=place if place in topology_names() else _beside(Path(place), file),
        between=(between[0], between[1]),
        relay=None if (kind := context.params["relay"]) is None else relay_kind(kind),
        **{name: value(name) for name in ("sessions", "media", "fault", "at", "lasts", "duration", "limit")},
    )
    _write(file, scenario_text(choices, topology, _beside(_SCHEMA, file)))
    print(f"{file}: written; next: sudo ./run_scenario.py {file}")
    return ExitCode.PASS


def _asked(context: click.Context, name: str) -> Any:
    """The value of an option: what was given, or else the answer to a question."""
    given = context.params[name]
    if given is None or context.get_parameter_source(name) is not ParameterSource.DEFAULT:
        return given
    (option,) = (each for each in context.command.params if each.name == name)
    return click.prompt(option.opts[0].lstrip("-"), default=given, type=option.type)


def _beside(path: Path, file: Path) -> str:
    """A path as the file has it, from its own folder."""
    found = os.path.relpath(path, file.parent)
    return found if found.startswith(".") else f"./{found}"


def _write(file: Path, text: str) -> None:
    """Write a scenario, unless it would be refused: ScenarioError."""
    with file.open("x", encoding="utf-8") as out:
        out.write(text)
    try:
        load_plan(file)
    except ScenarioError:
        file.unlink()
        raise
