#!/usr/bin/python3 -I
"""Run blip scenarios and report what every session heard. The commands are those of `scenarios.commands`."""

import os
import sys
from pathlib import Path
from typing import NoReturn

PROJECT = Path(__file__).resolve().parent
ENVIRONMENT = PROJECT / ".venv"
sys.path[:0] = [str(PROJECT)]  # -I leaves it out

from hostio.isolation import caller_environment  # noqa: E402


def end(why: str) -> NoReturn:
    """Say that nothing can be run yet, and exit with 2."""
    print(f"run_scenario.py: {why}; run scripts/setup first", file=sys.stderr)
    sys.exit(2)


def use_project_environment() -> None:
    """Execute this program again with the interpreter of .venv and an isolated environment, if it has not both.

    System python lacks the pinned packages. exec replaces the process, so signals and exit code need no relaying.
    """
    variables = caller_environment(PROJECT)
    if Path(sys.prefix).resolve() == ENVIRONMENT.resolve() and variables == dict(os.environ):
        os.environ.pop("PYTHONIOENCODING", None)  # the terminal's; logs and pipes of child processes are UTF-8
        return
    python = ENVIRONMENT / "bin" / "python"
    if not python.exists():
        end("the project's environment is missing")
    os.execve(str(python), [str(python), str(PROJECT / "run_scenario.py"), *sys.argv[1:]], variables)


if __name__ == "__main__":
    use_project_environment()
    from scenarios.commands.entry import main
    from scenarios.paths import give_checkout_back

    try:
        sys.exit(main())
    finally:
        give_checkout_back()
