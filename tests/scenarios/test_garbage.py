"""How much of a run's process a collection of garbage looks at: at real-time priority, all others wait meanwhile."""

from __future__ import annotations

import gc
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from hostio.control import Ready, Stop, Stopped, receive, tell
from scenarios.supervision.processes import spawn, start_fork_server, stop_all

WITHIN_S = 60.0

pytestmark = pytest.mark.waits


def count(_: object, control: Connection) -> None:
    """Say how many objects a full collection looks at, and how many it passes over."""
    tell(control, Ready())
    while not isinstance(receive(control), Stop):
        pass
    tell(control, Stopped({}, {"looked_at": len(gc.get_objects()), "passed_over": gc.get_freeze_count()}))


def test_a_collection_passes_over_what_the_fork_server_imported(tmp_path: Path) -> None:
    """Tens of thousands of objects with what every run imports; a process makes few of its own."""
    (tmp_path / "logs").mkdir()
    start_fork_server(["scenarios.run.preload"])
    process = spawn("client-a", count, None, tmp_path / "logs" / "client-a.log")
    process.await_ready(WITHIN_S)
    counted = stop_all([process], WITHIN_S)["client-a"].counters
    process.close()
    assert counted["passed_over"] > 20 * counted["looked_at"], counted
