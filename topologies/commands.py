"""Commands are lists, built purely elsewhere and run here, failing loudly."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Sequence


class CommandError(Exception):
    """A command could not be started, or failed; carries what was run, its exit code and its standard error."""

    def __init__(self, argv: Sequence[str], exit_code: int, stderr: str) -> None:
        super().__init__(f"`{shlex.join(argv)}` failed with exit code {exit_code}: {stderr.strip() or 'no message'}")
        self.argv = tuple(argv)
        self.exit_code = exit_code
        self.stderr = stderr


def run(argv: Sequence[str], stdin: str | None = None) -> str:
    """Run a command to its end and give its standard output; CommandError if it fails or is not there."""
    try:
        done = subprocess.run(argv, input=stdin, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise CommandError(argv, 127, f"{argv[0]}: not found") from error
    if done.returncode != 0:
        raise CommandError(argv, done.returncode, done.stderr)
    return done.stdout
