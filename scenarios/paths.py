"""Paths of new run directories."""

from __future__ import annotations

import secrets
import shutil
import sys
from datetime import datetime, timezone
from pathlib import Path

from hostio.ownership import give, made_for_user, owner_beside_root
from results.run_files.run_dir import RunDir
from topologies.sandbox import require_outside_runtime

PROJECT = Path(__file__).resolve().parent.parent
RUNS = PROJECT / "results" / "runs"


class OutputError(Exception):
    """A file or run directory cannot be created; the message, one line, names the path and the option to change it."""


def new_root(scenario: str, runs: Path) -> Path:
    """A new path `<runs>/<scenario>/<UTC time>-<6 random hex digits>`; nothing is created."""
    stamp = datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    return runs / scenario / f"{stamp}-{secrets.token_hex(3)}"


def new_run_dir(scenario: str, runs: Path) -> RunDir:
    """Create a run directory at a `new_root`, with its folders, all its user's (`made_for_user`).

    SandboxError if it lies where the sandbox's tmpfs would hide it; OutputError if it cannot be created.
    """
    require_outside_runtime(PROJECT, runs, Path(sys.prefix))
    root = new_root(scenario, runs)
    try:
        with made_for_user(root):
            for folder in ("raw", "logs", "staging"):
                (root / folder).mkdir(parents=True)
    except OSError as error:
        shutil.rmtree(root, ignore_errors=True)
        raise unusable(root, error) from error
    return RunDir(root.resolve())


def give_checkout_back() -> None:
    """Give to the owner of the checkout what root has made in it; no command writes the folders left out."""
    if owner := owner_beside_root(PROJECT):
        give(PROJECT, owner, leaving_out=(PROJECT / ".git", PROJECT / ".venv" / "lib"))


def unusable(root: Path, error: OSError) -> OutputError:
    """The error that a run directory cannot be made, or does not take its first files."""
    return OutputError(f"{root}: {error.strerror}; say with --out where run directories may go")
