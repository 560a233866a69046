"""How a run in a virtual machine ends that comes to no verdict."""

from __future__ import annotations

from pathlib import Path

from scenarios.cli.exit_codes import ExitCode


class GuestError(Exception):
    """A run in a virtual machine ended without a verdict, with exit code `code`; its output has the reason."""

    def __init__(self, code: int, root: Path) -> None:
        recorded = f"; what it recorded is in {root}" if root.exists() else ""
        super().__init__(f"the run in the virtual machine ended with exit code {code}{recorded}")
        self.code = ExitCode(code) if code in [*ExitCode] else ExitCode.BUG
