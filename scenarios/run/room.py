"""Refuses a run that will not fit where its run directory would go."""

from __future__ import annotations

from pathlib import Path

from hostio.storage import room_at
from results.run_files.plan import Plan
from scenarios.paths import OutputError, unusable
from scenarios.run.space import space_needed


def require_room(plan: Plan, runs: Path) -> None:
    """OutputError if the file system that run directories go to has not the room that the plan needs."""
    try:
        room = room_at(runs.absolute())
    except OSError as error:
        raise unusable(runs, error) from error
    needed = space_needed(plan)
    short, remedy = f"{runs}: a run of {plan.scenario} needs", "say with --out where there is more"
    if room.free_bytes < needed.peak_bytes:
        raise OutputError(f"{short} {_mb(needed.peak_bytes)} MB, and {_mb(room.free_bytes)} MB are free; {remedy}")
    if room.files is not None and room.files < needed.files:
        raise OutputError(f"{short} {needed.files} files, and {room.files} more can be made; {remedy}")


def _mb(count: int) -> str:
    return f"{count / 1e6:.1f}"
