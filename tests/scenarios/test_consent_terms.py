"""Consent from a scenario's text to the plan, and to what clients check."""

from __future__ import annotations

from pathlib import Path

from hostio.timing import MS, S
from relay_app.consent import Consent
from relay_app.streams import spans_of, streams_of
from results.run_files import documents
from results.run_files.plan import Plan
from results.run_files.plan_formats import load_plan_text
from scenarios.language.library import load_plan
from scenarios.run.refreshed_streams import consented_streams
from scenarios.run.space import space_needed

TEXT = """
name: consented
topology: us-triangle
duration: 60s
sessions:
  - {between: [us-east, us-west], count: 1, media: voice, consent: {}}
  - {between: [us-east, us-west], count: 1, media: voice, start: 3s, end: 9s, talk: {spurt: 1s, pause: 2s},
     name: brief, consent: {check: 500ms, expires: 3s, again: 100ms}}
  - {between: [us-east, us-west], count: 1, media: voice, name: free}
"""


def consented(folder: Path) -> Plan:
    (folder / "consented.yaml").write_text(TEXT)
    return load_plan(folder / "consented.yaml")


def test_terms_reach_the_plan_with_the_defaults_of_rfc_7675(tmp_path: Path) -> None:
    plan = consented(tmp_path)
    assert [group.consent for group in plan.sessions] == [
        Consent(5 * S, 30 * S, 5 * S),
        Consent(500 * MS, 3 * S, 100 * MS),
        None,
    ]
    assert plan.consents
    assert not plan.permits
    assert load_plan_text(documents.dump(plan), "plan.json") == plan


def test_clients_check_what_they_send_while_the_call_lasts_and_are_answered_by_the_other_way(tmp_path: Path) -> None:
    """The second end begins with a pause: its first packet comes 2 s after the call began."""
    plan = consented(tmp_path)
    streams = streams_of(plan.sessions, plan.seed)
    ends = (streams, spans_of(plan.sessions, plan.seed))
    east, west = (list(consented_streams(plan, *ends, cluster)) for cluster in ("us-east", "us-west"))
    assert [(each.from_ns // S, each.until_ns // S) for each in east] == [(0, 60), (3, 7)]
    assert [(each.from_ns // S, each.until_ns // S) for each in west] == [(0, 60), (5, 9)]
    assert [each.back for each in east] == [each.ssrc for each in west]
    assert [each.back for each in west] == [each.ssrc for each in east]
    sessions = {each.ssrc: each.session for each in streams}
    assert all(sessions[each.ssrc] == sessions[each.back] for each in east)
    assert not list(consented_streams(plan, *ends, "us-central"))


def test_room_is_kept_for_what_the_checks_leave(tmp_path: Path) -> None:
    plan = consented(tmp_path)
    (tmp_path / "consented.yaml").write_text(TEXT.replace("consent: {}", "path: relayed"))
    assert space_needed(plan).staged_bytes > space_needed(load_plan(tmp_path / "consented.yaml")).staged_bytes
