"""From what a scenario file says of its calls to the plan, and the packets that its own arithmetic gives."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_scenario import HEAD

from hostio.timing import MS, S
from relay_app.calls import Arrival, Calls, Hold, Length, Restart, Talk
from relay_app.clients.media_schedule import Schedule
from relay_app.streams import spans_of, streams_of
from results.run_files import documents
from results.run_files.plan import Plan
from results.run_files.plan_formats import load_plan_text
from scenarios.language.library import LIBRARY, load_plan


def planned(tmp_path: Path, *keys: str) -> Plan:
    """The plan of a small scenario whose sessions have these keys, too."""
    path = tmp_path / "small.yaml"
    others = (
        "\n  - {name: others, between: [us-east, us-west], count: 1, media: voice}" if "taken" in "".join(keys) else ""
    )
    path.write_text(HEAD.replace("media: voice}", ", ".join(("media: voice", *keys)) + "}" + others))
    return load_plan(path)


def calls_of(tmp_path: Path, *keys: str) -> Calls | None:
    return planned(tmp_path, *keys).sessions[0].calls


def test_sessions_that_say_nothing_of_calls_have_none(tmp_path: Path) -> None:
    assert calls_of(tmp_path) is None
    assert calls_of(tmp_path, "start: 0s", "end: 20s") is None


@pytest.mark.parametrize(
    ("key", "calls"),
    [
        ("start: 2s", Calls(2 * S, 20 * S)),
        ("end: 5s", Calls(0, 5 * S)),
        ("arrival: {rate: 0.5/s}", Calls(0, 20 * S, Arrival(0.5))),
        ("arrival: {poisson: 30/min}", Calls(0, 20 * S, Arrival(0.5, poisson=True))),
        ("holding: 5s", Calls(0, 20 * S, holding=Length(5 * S))),
        ("holding: {exponential: 5s}", Calls(0, 20 * S, holding=Length(5 * S, exponential=True))),
        (
            "talk: {spurt: {exponential: 1.004s}, pause: 1.5s, comfort-noise: 200ms}",
            Calls(0, 20 * S, talk=Talk(Length(1_004 * MS, exponential=True), Length(1_500 * MS), 200 * MS)),
        ),
        ("hold: [{at: 4s, for: 2s}]", Calls(0, 20 * S, holds=(Hold(4 * S, 6 * S),))),
        (
            "restart: [{cluster: us-west, at: 4s, for: 500ms, ssrc: new}]",
            Calls(0, 20 * S, restarts=(Restart("us-west", 4 * S, 4_500 * MS, new_ssrc=True),)),
        ),
        (
            "restart: [{cluster: us-west, at: 4s, for: 500ms, ssrc: taken, taken-from: others, notices-after: 3s}]",
            Calls(0, 20 * S, restarts=(Restart("us-west", 4 * S, 4_500 * MS, False, "others", 7_500 * MS),)),
        ),
        (
            "restart: [{cluster: us-west, at: 4s, for: 500ms, ssrc: taken, notices-after: never}]",
            Calls(0, 20 * S, restarts=(Restart("us-west", 4 * S, 4_500 * MS, False, "others", None),)),
        ),
        (
            "restart: [{cluster: us-west, at: 4s, for: 500ms, ssrc: taken}]",
            Calls(0, 20 * S, restarts=(Restart("us-west", 4 * S, 4_500 * MS, False, "others", 9_500 * MS),)),
        ),
        ("one-way: true", Calls(0, 20 * S, one_way=True)),
    ],
)
def test_a_key_is_what_it_says(tmp_path: Path, key: str, calls: Calls) -> None:
    assert calls_of(tmp_path, key) == calls


def test_a_plan_is_read_as_it_was_written_and_older_ones_have_no_calls(tmp_path: Path) -> None:
    plan = planned(tmp_path, "talk: {spurt: 1s, pause: 1s}", "hold: [{at: 4s, for: 2s}]", "arrival: {rate: 1/s}")
    text = documents.dump(plan)
    assert load_plan_text(text, "plan.json") == plan
    without = documents.dump(planned(tmp_path)).replace(',\n      "calls": null', "")
    assert load_plan_text(without, "plan.json") == planned(tmp_path)


@pytest.mark.parametrize("name", ["calls-come-and-go", "sender-restarts", "speech-pauses", "ssrc-taken"])
def test_the_packets_of_a_case_are_those_that_its_file_computes(name: str) -> None:
    """A plan says how many packets each client will send."""
    plan = load_plan(LIBRARY / "cases" / f"{name}.yaml")
    expected = [each.value for each in plan.expectations if (each.metric, each.comparison) == ("media.sent", "==")]
    streams, spans = streams_of(plan.sessions, plan.seed), spans_of(plan.sessions, plan.seed)
    due = 0
    for cluster in plan.topology.clusters:
        own = [each for each in streams if each.source == cluster.name]
        due += len(Schedule(own, plan.seed, 0, spans).window(0, plan.duration_ns))
    assert expected == [due]
