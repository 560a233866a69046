"""The command line, run in this process or in one of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import IO

import pytest

from scenarios.commands.entry import main

PROJECT = Path(__file__).resolve().parent.parent.parent
RUN_SCENARIO = PROJECT / "run_scenario.py"
ONE_BLIP = str(PROJECT / "scenarios" / "one-blip.yaml")


def run_command(monkeypatch: pytest.MonkeyPatch, *arguments: str | Path) -> int:
    """Run it here; returns the exit code."""
    monkeypatch.setattr(sys, "argv", ["run_scenario.py", *map(str, arguments)])
    return main()


def started(
    *arguments: str,
    before: str = "pass",
    env: Mapping[str, str] = MappingProxyType({}),
    stdout: int | IO[bytes] = subprocess.PIPE,
    stderr: int | IO[bytes] = subprocess.PIPE,
) -> subprocess.CompletedProcess[bytes]:
    """The command line in a process of its own, after the statement `before`."""
    return subprocess.run(
        [
            sys.executable,
            "-c",
            f"import sys; {before}; from scenarios.commands.entry import main; sys.exit(main())",
            *arguments,
        ],
        env={**os.environ, "PYTHONPATH": str(PROJECT), **env},
        stdout=stdout,
        stderr=stderr,
        check=False,
        timeout=60,
    )


def one_line(text: str) -> str:
    (line,) = text.splitlines()
    return line
