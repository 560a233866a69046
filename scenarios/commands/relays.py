"""Commands on relay programs."""

from __future__ import annotations

import click

from results.run_files.documents import dump
from scenarios.cli.console import Console
from scenarios.cli.exit_codes import ExitCode
from scenarios.cli.json_documents import checked_relay
from scenarios.commands.options import EXIT_CODES, json_option, relay_kind
from topologies.sandbox import find_sandbox


@click.group()
def relay() -> None:
    """Relay programs: any program in the place of a relay (docs/your-relay.md)."""


@relay.command(name="check", epilog=EXIT_CODES)
@click.argument("kind")
@json_option
def relay_check(kind: str, as_json: bool) -> int:
    """Play the packet contract with a relay program, step by step, and say what does not hold.

    KIND is a folder with a relay.yaml, or the name of a program that comes with the project.
    """
    from scenarios.relay_check.check import check

    console, findings = Console(quiet=as_json), []
    for finding in check(relay_kind(kind), find_sandbox()):
        console.show_finding(finding)
        findings.append(finding)
    found = checked_relay(findings)
    if as_json:
        print(dump(found), end="")
    return ExitCode.PASS if found.ok else ExitCode.FAIL
