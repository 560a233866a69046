"""Where run directories are made."""

from __future__ import annotations

import secrets
import sys
from datetime import datetime, timezone
from pathlib import Path

from results.run_files.run_dir import RunDir
from topologies.sandbox import require_outside_runtime

PROJECT = Path(__file__).resolve().parent.parent
RUNS = PROJECT / "results" / "runs"


class OutputError(Exception):
    """Run directories cannot be made where they should be."""


def new_root(scenario: str, runs: Path) -> Path:
    """A name for it that no other run has."""
    stamp = datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    return runs / scenario / f"{stamp}-{secrets.token_hex(3)}"


def new_run_dir(scenario: str, runs: Path) -> RunDir:
    """A fresh directory `<runs>/<scenario>/<UTC time>-<id>`, never one that exists.

    SandboxError if it would be hidden from the run; OutputError if it cannot be made.
    """
    require_outside_runtime(PROJECT, runs, Path(sys.prefix))
    root = new_root(scenario, runs)
    try:
        for folder in ("raw", "logs", "staging"):
            (root / folder).mkdir(parents=True)
    except OSError as error:
        raise OutputError(f"{root}: {error.strerror}; say with --out where run directories may go") from error
    return RunDir(root.resolve())
