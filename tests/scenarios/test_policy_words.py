"""Policies as a scenario chooses them: what each spelling means, and that the documentation has them all."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import pytest
from small_scenario import HEAD

from controller.policies import POLICIES
from controller.settings import ControllerConfig, ControllerSettings, PolicyChoice
from controller.traffic import RelayCapacity
from hostio.timing import S
from relay_app.media_profiles import PROFILES
from relay_app.streams import streams_of
from results.run_files import documents
from results.run_files.plan import Plan
from results.run_files.plan_formats import load_plan_text
from scenarios.language.library import LIBRARY, load_plan
from scenarios.language.policy_schema import POLICY_ENTRIES
from scenarios.paths import PROJECT
from scenarios.process_faults.expected_traffic import expected_traffic

PAGE = (PROJECT / "docs" / "policies.md").read_text(encoding="utf-8")
CAPACITY = "relays: {capacity: {us-central: 4000.5/s}}\n"


def plan_with(text: str, folder: Path) -> Plan:
    path = folder / "small.yaml"
    path.write_text(f"{HEAD}{text}\n")
    return load_plan(path)


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        ("", PolicyChoice("failover")),
        ("controller: {policy: direct-only}", PolicyChoice("direct-only")),
        ("controller: {policy: {name: failover}}", PolicyChoice("failover")),
        ("controller: {policy: warm-first, detect: [link, relay-cache]}", PolicyChoice("warm-first")),
        ("controller: {policy: prewarm, detect: [link, relay-cache]}", PolicyChoice("prewarm", patience_ns=5 * S)),
        (
            "controller: {policy: {name: prewarm, patience: 800ms}, detect: [bfd, relay-cache]}",
            PolicyChoice("prewarm", patience_ns=800_000_000),
        ),
        ("controller: {policy: spread}", PolicyChoice("spread", relays=2)),
        ("controller: {policy: {name: spread, relays: 16}}", PolicyChoice("spread", relays=16)),
        ("controller: {policy: {name: paced, pace: 24s}}", PolicyChoice("paced", pace_ns=24 * S)),
        ("controller: {policy: paced, pace: 24s}", PolicyChoice("paced")),
        (f"{CAPACITY}controller: {{policy: headroom}}", PolicyChoice("headroom", share=0.8)),
        (f"{CAPACITY}controller: {{policy: {{name: headroom, share: 12.5%}}}}", PolicyChoice("headroom", share=0.125)),
    ],
)
def test_a_policy_is_chosen_by_its_name_or_with_options(text: str, choice: PolicyChoice, tmp_path: Path) -> None:
    plan = plan_with(text, tmp_path)
    assert plan.controller.policy == choice
    assert load_plan_text(documents.dump(plan), "plan.json") == plan


def test_the_pace_is_that_of_the_policy_or_the_one_beside_it() -> None:
    paced = ControllerSettings(policy=PolicyChoice("paced", pace_ns=24 * S))
    assert paced.move_pace_ns == ControllerSettings(pace_ns=24 * S).move_pace_ns == 24 * S
    assert ControllerSettings().move_pace_ns == 0


def test_only_direct_only_and_a_switch_keep_everything_where_it_is() -> None:
    assert [name for name in POLICIES if not ControllerSettings(policy=PolicyChoice(name)).may_reroute] == [
        "direct-only"
    ]
    assert not ControllerSettings(reroute=False).may_reroute


def test_a_plan_from_before_there_were_policies_has_failover() -> None:
    plan = load_plan(LIBRARY / "one-blip.yaml")
    text = json.loads(documents.dump(plan))
    del text["controller"]["policy"], text["relays"]["capacity"]
    assert load_plan_text(json.dumps(text), "plan.json") == plan


def test_the_documentation_has_every_policy_and_no_other() -> None:
    names = [*POLICIES]
    assert re.findall(r"^## `([a-z-]+)`$", PAGE, re.MULTILINE) == names
    rows = dict(re.findall(r"^\| `([a-z-]+)` \|([^|]*)\| [a-z]", PAGE.split("\n## ")[0], re.MULTILINE))
    assert [*rows] == names
    options = {name: {*entry.model_fields} - {"name"} for entry in POLICY_ENTRIES for name in names_of(entry)}
    assert {name: {*re.findall(r"`([a-z_-]+)`", cell)} for name, cell in rows.items()} == options


def names_of(entry: type) -> list[str]:
    schema = entry.model_json_schema()["properties"]["name"]  # type: ignore[attr-defined]
    return schema["enum"] if "enum" in schema else [schema["const"]]


def test_the_documentation_has_the_reasons_that_the_policies_give() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in (PROJECT / "controller" / "policies").glob("*.py"))
    reasons = re.findall(r"^\| `([a-z -]+)` \| [a-z`]", PAGE.partition("| reason begins with |")[2], re.MULTILINE)
    assert len(reasons) == 8
    assert [reason for reason in reasons if reason not in source] == []


def test_the_load_is_of_all_relayed_streams_by_their_lanes(tmp_path: Path) -> None:
    sessions = [
        "{between: [us-east, us-west], count: 40, media: voice}",
        "{between: [us-west, us-east], count: 5, media: voice, name: back}",
        "{between: [us-east, us-central], count: 30, media: voice, path: direct, name: direct}",
    ]
    head = HEAD.partition("sessions:")[0]
    path = tmp_path / "small.yaml"
    path.write_text(f"{head}sessions:\n" + "".join(f"  - {each}\n" for each in sessions) + CAPACITY)
    plan = load_plan(path)
    traffic = expected_traffic(plan)
    lanes = Counter(stream.lane for stream in streams_of(plan.sessions, plan.seed) if stream.relayed)
    each = PROFILES["voice"].packets_per_s
    assert traffic.of_pair("us-west", "us-east") == tuple(round(lanes[lane] * each) for lane in range(16))
    assert sum(traffic.of_pair("us-east", "us-west")) == 2 * 45 * each
    assert [traffic.records_of("us-west", end) for end in ("us-east", "us-central")] == [90, 0]
    assert [traffic.ending_at(name) for name in ("us-east", "us-west", "us-central")] == [4500, 4500, 0]
    assert traffic.capacities == (RelayCapacity("us-central", 4000),)


def test_the_controller_is_told_the_load(tmp_path: Path) -> None:
    plan = plan_with(CAPACITY, tmp_path)
    config = ControllerConfig(plan.topology, plan.controller, tmp_path, tmp_path, traffic=expected_traffic(plan))
    assert ControllerConfig.from_json(config.to_json()) == config
    assert config.traffic.capacity_of("us-central") == 4000
    assert config.traffic.pairs
