"""Commands on topology files."""

from __future__ import annotations

from pathlib import Path

import click

from results.run_files.documents import dump
from scenarios.cli.console import Console
from scenarios.cli.exit_codes import ExitCode
from scenarios.cli.json_documents import shown_topology
from scenarios.cli.json_output import ImportedTopology
from scenarios.cli.topology_rows import MAX_RELAYS, cluster_rows, link_header, link_rows, path_rows, repair_rows
from scenarios.commands.options import EXIT_CODES, json_option
from scenarios.language.topology_files import find_topology
from scenarios.paths import OutputError
from scenarios.run.means import needs_text
from scenarios.topology_import.distance import FIBRE_FACTOR
from scenarios.topology_import.importer import import_topology


@click.group()
def topology() -> None:
    """Topology files: clusters, links, and how long packets take."""


@topology.command(name="import", epilog=EXIT_CODES)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default=Path(), help="Folder of the new file.")
@click.option(
    "--factor",
    type=click.FloatRange(1),
    default=FIBRE_FACTOR,
    show_default=True,
    help="By how much fibre and equipment delay more than light in fibre would along the great circle.",
)
@click.option("--source", help="Where the file's figures are from; unless given, its name.")
@json_option
def import_(file: Path, out: Path, factor: float, source: str | None, as_json: bool) -> int:
    """Make a topology file of a graph (.graphml), or of a table of round-trip times (.csv).

    A graph's nodes need positions, from which the delays follow. A table is a square, with the sites in its first line
    and first column, or has a line for each pair below the header from,to,rtt; times without a unit are milliseconds.
    """
    made = import_topology(file, factor, source)
    path = out / f"{made.name}.yaml"
    _write_new(path, made.text)
    if as_json:
        print(dump(ImportedTopology(str(path), made.name, dict(made.names), list(made.remarks))), end="")
    console = Console(quiet=as_json)
    console.show_rows(("site", "cluster"), list(made.names.items()), texts=2)
    for sentence in (*(f"{remark}." for remark in made.remarks), f"{path} has the topology {made.name}."):
        console.say(sentence)
    return ExitCode.PASS


@topology.command(epilog=EXIT_CODES)
@click.argument("topology", metavar="FILE|NAME")
@click.option(
    "--max-relays",
    type=click.IntRange(1, 2),
    default=MAX_RELAYS,
    show_default=True,
    help="Relays that a detour goes over at most.",
)
@json_option
def show(topology: str, max_relays: int, as_json: bool) -> int:
    """Show a topology of the catalogue or of a file: its clusters, links and paths, and how each cut is repaired.

    Clusters without a link talk over those between by least delay. The last table has, for the cut of each link alone,
    how many pairs of clusters go over one relay and over two, and which have no detour. The last line says what a run
    needs of its machine.
    """
    found = find_topology(topology)
    if as_json:
        print(dump(shown_topology(found, max_relays)), end="")
        return ExitCode.PASS
    console = Console()
    console.show_rows(("cluster", "links to"), list(cluster_rows(found)), texts=2)
    console.show_rows(link_header(found), list(link_rows(found)))
    if paths := list(path_rows(found)):
        console.show_rows(("path without a link", "one way"), paths)
    console.show_rows(("link cut", "one relay", "two relays", "no detour"), list(repair_rows(found, max_relays)))
    console.say(needs_text(found))
    return ExitCode.PASS


def _write_new(path: Path, text: str) -> None:
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise OutputError(f"{path}: {error.strerror}; say with --out in which folder it goes") from error
