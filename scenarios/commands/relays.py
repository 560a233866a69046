"""Commands on relay programs."""

from __future__ import annotations

import click

from scenarios.cli.console import Console
from scenarios.cli.exit_codes import ExitCode
from scenarios.commands.options import EXIT_CODES, relay_kind
from topologies.sandbox import find_sandbox


@click.group()
def relay() -> None:
    """Relay programs: any program in the place of a relay (docs/your-relay.md)."""


@relay.command(name="check", epilog=EXIT_CODES)
@click.argument("kind")
def relay_check(kind: str) -> int:
    """Play the packet contract with a relay program, step by step, and say what does not hold.

    KIND is a folder with a relay.yaml, or the name of a program that comes with the project.
    """
    from scenarios.relay_check.check import check

    console, whole = Console(), True
    for finding in check(relay_kind(kind), find_sandbox()):
        console.show_finding(finding)
        whole = whole and finding.problem is None
    return ExitCode.PASS if whole else ExitCode.FAIL
