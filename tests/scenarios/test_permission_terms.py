"""Permissions from a scenario's text to the plan, the records of the directory, and what clients refresh."""

from __future__ import annotations

from pathlib import Path

from hostio.timing import MS, S
from relay_app.refreshes import Permission
from relay_app.streams import spans_of, streams_of
from results.run_files.plan import Plan
from scenarios.language.library import load_plan
from scenarios.process_faults.session_records import all_records
from scenarios.run.refreshed_streams import refreshed_streams

TEXT = """
name: permitted
topology: us-triangle
duration: 12s
sessions:
  - {between: [us-east, us-west], count: 1, media: voice, permission: {lifetime: 2s, refresh: 1s}}
  - {between: [us-east, us-west], count: 1, media: voice, start: 3s, end: 9s, talk: {spurt: 1s, pause: 2s},
     name: brief, permission: {lifetime: 5min, refresh: 4min, retransmit: 100ms}}
  - {between: [us-east, us-west], count: 1, media: voice, name: free}
"""


def permitted(folder: Path) -> Plan:
    (folder / "permitted.yaml").write_text(TEXT)
    return load_plan(folder / "permitted.yaml")


def test_terms_reach_the_plan_and_the_records(tmp_path: Path) -> None:
    plan = permitted(tmp_path)
    assert [group.permission for group in plan.sessions] == [
        Permission(2 * S, S, 500 * MS),
        Permission(300 * S, 240 * S, 100 * MS),
        None,
    ]
    assert plan.permits
    records = list(all_records(plan))
    assert [record.lifetime_ms for record in records[:6]] == [2_000, 2_000, 300_000, 300_000, 0, 0]
    assert not any(record.lifetime_ms for record in records[6:]), "canaries need no permission"


def test_clients_refresh_what_they_send_while_the_call_lasts(tmp_path: Path) -> None:
    """The second end begins with a pause: its first packet comes 2 s after the call began."""
    plan = permitted(tmp_path)
    ends = (streams_of(plan.sessions, plan.seed), spans_of(plan.sessions, plan.seed))
    east, west = (list(refreshed_streams(plan, *ends, cluster)) for cluster in ("us-east", "us-west"))
    assert [(each.from_ns // S, each.until_ns // S) for each in east] == [(0, 12), (3, 7)]
    assert [(each.from_ns // S, each.until_ns // S) for each in west] == [(0, 12), (5, 9)]
    assert not list(refreshed_streams(plan, *ends, "us-central"))
