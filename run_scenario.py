#!/usr/bin/env python3
"""Run blip scenarios and say what the listeners heard: the command line, nothing else."""

import os
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent
ENVIRONMENT = PROJECT / ".venv"


def use_project_environment() -> None:
    """Start again under the project's own python, whichever python this was started with."""
    if Path(sys.prefix).resolve() == ENVIRONMENT.resolve():
        return
    python = ENVIRONMENT / "bin" / "python"
    if not python.exists():
        sys.exit("run_scenario.py: the project's environment is missing; run scripts/setup first")
    os.execv(str(python), [str(python), *sys.argv])


if __name__ == "__main__":
    use_project_environment()
    from scenarios.cli.commands import main

    sys.exit(main())
