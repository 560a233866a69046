"""What a scenario may not want of a relay program."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from relay_kind_lab import ONE_BLIP, folder, plan_with

from results.run_files.documents import dump
from results.run_files.plan import Plan
from results.run_files.plan_formats import load_plan_text
from results.run_files.relay_program import MetricsEndpoint
from scenarios.errors import ScenarioError
from scenarios.language.library import LIBRARY, load_plan
from scenarios.process_faults.packet_contract import session_lines


def test_a_program_that_holds_all_sessions_cannot_be_called_cold(tmp_path: Path) -> None:
    mine = folder(tmp_path / "mine", "command: [sh]\nsessions: file\n")
    with pytest.raises(ScenarioError, match="'mine' holds all sessions from its start, and cannot be cold"):
        plan_with(mine)
    assert plan_with(mine, "relays.warm.us-central=100%").relays.warm == {"us-central": 1.0}


def test_a_relay_without_path_log_cannot_be_watched_by_canaries(tmp_path: Path) -> None:
    mine = folder(tmp_path / "mine", "command: [sh]\n")
    scenario = tmp_path / "watched.yaml"
    scenario.write_text(ONE_BLIP.read_text() + f"\nrelays: {{kind: {mine}}}\n")
    assert not load_plan(scenario).controller.canaries
    watched = LIBRARY / "incident" / "relay-canary.yaml"
    with pytest.raises(ScenarioError, match="'mine' writes no path log, which relay-canary needs"):
        load_plan(watched, overrides=[f"relays.kind={mine}"])


def test_a_program_cannot_be_told_to_load_records(tmp_path: Path) -> None:
    mine = folder(tmp_path / "mine", "command: [sh]\n")
    scenario = tmp_path / "prewarmed.yaml"
    wanted = "controller: {policy: prewarm, detect: [link, relay-cache]}\n"
    scenario.write_text(ONE_BLIP.read_text().replace("controller:\n", wanted).replace("  hold: 3s", "#"))
    message = r"'mine' \(us-central\) is a program that cannot be told; write failover, or another kind"
    with pytest.raises(ScenarioError, match=message):
        load_plan(scenario, overrides=[f"relays.kinds.us-central={mine}"])
    assert load_plan(scenario).controller.policy.name == "prewarm"


def test_only_a_program_has_a_process_to_expect_something_of(tmp_path: Path) -> None:
    wanted = "expect.0=relay.us-central.process.threads_most < 9"
    mine = folder(tmp_path / "mine", "command: [sh]\n")
    assert plan_with(mine, wanted).expectations[0].metric == "relay.us-central.process.threads_most"
    message = r"expect\.0=.*: the relay of us-central is no program, and has no process of its own"
    with pytest.raises(ScenarioError, match=message):
        plan_with(mine, wanted, "relays.kinds.us-central=2026-05-10")


def test_what_a_program_tells_of_itself_can_be_expected(tmp_path: Path) -> None:
    telling = folder(tmp_path / "telling", "command: [sh]\nmetrics: {port: 9100}\n")
    sample = 'relay.us-east.app.sent_total{lane="3",cluster="a.b"}'
    (first, *_) = plan_with(telling, f"expect.0={sample} >= 0.5").expectations
    assert (first.metric, first.value) == ('relay.us-east.app.sent_total{cluster="a.b",lane="3"}', 0.5)
    assert plan_with(telling).relays.programs["telling"].metrics == MetricsEndpoint(9100, "/metrics")


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (
            "relay.us-east.app.sent_total > 1",
            "the relay of us-east has no metrics endpoint; name one in its relay.yaml",
        ),
        ("relay.us-est.app.sent_total > 1", "unknown cluster 'us-est'; did you mean 'us-east'?"),
        ("relay.us-east.app.9sent > 1", "'9sent' is no name of a Prometheus metric; write such as"),
        ("relay.us-east.app.sent > much", "'much' is no number; write such as 0.25"),
    ],
)
def test_an_expectation_that_no_endpoint_can_answer_is_said(tmp_path: Path, wanted: str, message: str) -> None:
    with pytest.raises(ScenarioError, match=re.escape(message)):
        plan_with(folder(tmp_path / "mine", "command: [sh]\n"), f"expect.0={wanted}")


def deploy(tmp_path: Path, *events: str) -> Plan:
    scenario = tmp_path / "deploy.yaml"
    head = ONE_BLIP.read_text().partition("events:")[0]
    scenario.write_text(f"{head}events: [{', '.join(f'{{{event}, cluster: us-west, for: 1s}}' for event in events)}]\n")
    return load_plan(scenario, overrides=[f"relays.kind={tmp_path / 'old'}"])


def test_a_successor_is_of_the_kind_that_the_event_names_and_later_ones_stay_of_it(tmp_path: Path) -> None:
    """Whatever their order in the file; a freeze ends no life."""
    old, new = folder(tmp_path / "old"), folder(tmp_path / "new")
    plan = deploy(
        tmp_path,
        "at: 7s, what: relay-kill",
        "at: 5s, what: relay-restart, kind: ./new",
        "at: 3s, what: relay-freeze",
        "at: 1s, what: relay-kill",
    )
    assert plan.relay_kinds("us-west") == ("old", "old", "new", "new")
    assert [each.folder for each in plan.relay_programs("us-west")] == [str(each) for each in (old, old, new, new)]
    assert plan.relay_kinds("us-east") == ("old",)
    assert load_plan_text(dump(plan), "plan.json") == plan


def test_a_successor_is_held_to_what_the_first_program_is(tmp_path: Path) -> None:
    folder(tmp_path / "old")
    folder(tmp_path / "new", "command: [sh]\nsessions: file\n")
    assert deploy(tmp_path, "at: 1s, what: relay-kill, kind: ./new"), "no session of others passes us-west"
    at_the_centre = ["events.0.cluster=us-central", f"relays.kind={tmp_path / 'old'}"]
    with pytest.raises(ScenarioError, match="'new' holds all sessions from its start, and cannot be cold"):
        load_plan(tmp_path / "deploy.yaml", overrides=at_the_centre)
    with pytest.raises(ScenarioError, match=r"there is no relay\.yaml in './newer'"):
        deploy(tmp_path, "at: 1s, what: relay-kill, kind: ./newer")


def test_a_program_and_a_version_may_succeed_each_other_and_the_relay_is_then_seen_from_outside(tmp_path: Path) -> None:
    old, to_ours, back = folder(tmp_path / "old"), "relay-restart, kind: 2026-05-11", "relay-kill, kind: ./old"
    plan = deploy(tmp_path, f"at: 1s, what: {to_ours}", f"at: 3s, what: {back}", f"at: 5s, what: {to_ours}")
    lives = [each and each.folder for each in plan.relay_lives("us-west")]
    assert lives == [str(old), None, str(old), None]
    program = plan.program_of("us-west")
    ours = load_plan(tmp_path / "deploy.yaml", overrides=["relays.kind=2026-05-20"])
    assert ours.relay_lives("us-west") == (None, None, program, None)
    assert ours.program_of("us-west") == program
    assert sorted(ours.relays_of_ours) == ["us-central", "us-east"]


def test_where_a_server_is_concerned_no_other_kind_succeeds(tmp_path: Path) -> None:
    folder(tmp_path / "old")
    folder(tmp_path / "new", "command: [sh]\nserver: {command: [sh]}\n")
    with pytest.raises(ScenarioError, match=r"'./new' cannot succeed 'old': one of them is a server with an adapter"):
        deploy(tmp_path, "at: 1s, what: relay-kill, kind: ./new")
    served = [f"relays.kind={tmp_path / 'new'}", "events.0.kind=2026-05-20"]
    with pytest.raises(ScenarioError, match="'2026-05-20' cannot succeed 'new': one of them is a server"):
        load_plan(tmp_path / "deploy.yaml", overrides=served)


def test_a_program_without_sessions_stands_between_two_others_alone(tmp_path: Path) -> None:
    """It is never called cold, needs no warm share, and is told no session."""
    folder(tmp_path / "mine", "command: [sh]\nsessions: none\n")
    scenario = tmp_path / "between.yaml"
    scenario.write_text(f"{ONE_BLIP.read_text()}\nrelays: {{kinds: {{us-central: ./mine}}}}\n")
    plan = load_plan(scenario)
    (program,) = plan.relay_programs("us-central")
    assert session_lines(plan, "us-central", program, 0) == ""
    no_way = "'mine' keeps no sessions, and has no way to the clients of us-east, an end of 'voice-1'; name it in kinds"
    with pytest.raises(ScenarioError, match=no_way):
        plan_with(tmp_path / "mine")
    six = "'mine' keeps no sessions, and stands between two clusters; us-6 has 5 others; write another kind"
    with pytest.raises(ScenarioError, match=six):
        load_plan(LIBRARY / "us-6-blip.yaml", overrides=[f"relays.kind={tmp_path / 'mine'}"])
