#!/usr/bin/env python3
"""Run blip scenarios and report what every session heard. The commands are those of `scenarios.cli.commands`."""

import os
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent
ENVIRONMENT = PROJECT / ".venv"


def use_project_environment() -> None:
    """Execute this program again with the interpreter of .venv, if another one runs it.

    System python lacks the pinned packages. exec replaces the process, so signals and exit code need no relaying.
    """
    if Path(sys.prefix).resolve() == ENVIRONMENT.resolve():
        return
    python = ENVIRONMENT / "bin" / "python"
    if not python.exists():
        sys.exit("run_scenario.py: the project's environment is missing; run scripts/setup first")
    os.execv(str(python), [str(python), *sys.argv])


if __name__ == "__main__":
    use_project_environment()
    from scenarios.cli.entry import main

    sys.exit(main())
