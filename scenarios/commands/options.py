"""Options and arguments that several commands have."""

from __future__ import annotations

from pathlib import Path

import click

from scenarios.cli import exit_codes

EXIT_CODES = f"\b\n{exit_codes.table()}"
CLOCK = click.Choice(["real", "virtual"])
overrides_option = click.option(
    "overrides", "--set", multiple=True, metavar="PATH=VALUE", help="Override a value, e.g. sessions.0.count=200."
)
seed_option = click.option("--seed", type=click.IntRange(0, 2**32 - 1), help="Override the scenario's seed.")
json_option = click.option("as_json", "--json", is_flag=True, help="Print JSON: scenarios/output.schema.json.")
junit_option = click.option("--junit", type=click.Path(path_type=Path, dir_okay=False), help="Write JUnit XML.")
markdown_option = click.option(
    "--markdown", type=click.Path(path_type=Path, dir_okay=False), help="Write a summary in Markdown."
)
progress_option = click.option(
    "--progress", type=click.Choice(["text", "json"]), default="text", help="json: JSON lines on standard error."
)
pcap_option = click.option(
    "captured", "--pcap", multiple=True, metavar="NAME", help="Keep the packets of a cluster or link; more than once."
)
files_argument = click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE...")


def relay_kind(given: str) -> str:
    """A relay kind as a scenario has it; a folder is found from the current one, in a virtual machine too."""
    return str(Path(given).resolve()) if "/" in given else given


def relay_override(given: str) -> str:
    """The override that has a relay kind run."""
    return f"relays.kind={relay_kind(given)}"
