"""What expectations name, read from text: the grammar of `docs/expectations.md`, every example of which is read."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from hostio.timing import MS, S
from results.metrics.metric_names import METRICS, metric_names, unit_of
from results.metrics.part_names import FIGURES, OF_ALL_TIME
from results.run_files import documents
from results.run_files.link_rates import RatedSpan
from results.run_files.plan import Condition, Expectation, LinkPart, Part
from results.verdict.summary_names import IN_ROWS, MACHINE_METRICS
from scenarios.language.expectation_names import Names
from scenarios.language.expectations import expectations
from scenarios.language.library import LIBRARY, load_plan

PAGE = Path(__file__).parents[2] / "docs" / "expectations.md"
BELOW = Condition("sessions", "<", 500, counted=False)
NAMES = Names(
    clusters=("us-east", "us-central", "us-west"),
    groups={"moved": ("us-east", "us-west"), "short": ("us-east", "us-central")},
    connections=("agents",),
    kinds={"us-east": "sound", "us-central": "global-lock", "us-west": "sound"},
    duration_ns=12 * S,
    faults=1,
    links={"us-east→us-west": (RatedSpan(4 * S, 12 * S, 2_000_000),), "us-west→us-east": ()},
    sizes={"moved": 10, "short": 5},
    streams={"moved": 20, "short": 5},
)


def read(text: str) -> Expectation:
    (found,) = expectations(text, NAMES)
    assert found.text == text
    return found


@pytest.mark.parametrize(
    ("text", "part", "limit"),
    [
        ("media[us-east→us-west].lost == 0", Part("lost", "us-east", "us-west"), 0),
        ("media[us-west->us-east].lost == 0", Part("lost", "us-west", "us-east"), 0),
        ("media[us-east – us-west].sent > 1", Part("sent", "us-east", "us-west", both_ways=True), 1),
        ("media[us-east <-> us-west].sent > 1", Part("sent", "us-east", "us-west", both_ways=True), 1),
        ("group[moved].interruption_ms.p99 < 1s", Part("interruption_ms.p99", group="moved"), 1000),
        ("group[moved][us-west→us-east].hit == 0", Part("hit_sessions", "us-west", "us-east", group="moved"), 0),
        ("group[moved].longest_ms < 1s", Part("interruption_ms.max", group="moved"), 1000),
        ("media.interrupted at 8s == 0", Part("interrupted_directions", from_ns=8 * S, until_ns=9 * S), 0),
        ("media.interrupted at 11500ms == 0", Part("interrupted_directions", from_ns=11_500 * MS, until_ns=12 * S), 0),
        ("media.lost between 4s and 5500ms <= 3", Part("lost", from_ns=4 * S, until_ns=5_500 * MS), 3),
        ("media.one_way_ms.p99.9 <= 40ms", Part("one_way_ms.p99.9"), 40),
        ("media.order.extent.p95 <= 3", Part("order.extent.p95"), 3),
        ("media.one_way_ms.max <= 40ms", Part("one_way_ms.max"), 40),
    ],
)
def test_a_part_is_what_its_name_says(text: str, part: Part, limit: float) -> None:
    found = read(text)
    assert (found.part, found.value) == (part, limit)


@pytest.mark.parametrize(
    ("text", "condition", "figure", "least"),
    [
        (
            "95% of sessions have interruption_ms < 500ms",
            BELOW,
            "interruption_ms.max",
            95,
        ),
        ("95% of sessions: interruption_ms < 500ms", BELOW, "interruption_ms.max", 95),
        ("7 directions have media.lost == 0", Condition("directions", "==", 0, True), "lost", 7),
        (
            "99.5% of directions have one_way_ms.p99 <= 1s",
            Condition("directions", "<=", 1000, False),
            "one_way_ms.p99",
            99.5,
        ),
    ],
)
def test_a_condition_is_counted(text: str, condition: Condition, figure: str, least: float) -> None:
    found = read(text)
    assert found.part == Part(figure, condition=condition)
    assert (found.comparison, found.value) == (">=", least)


def test_a_condition_may_be_of_a_group_and_of_a_time() -> None:
    part = read("50% of sessions have group[moved].lost between 4s and 6s == 0").part
    assert part == Part(
        "lost", group="moved", from_ns=4 * S, until_ns=6 * S, condition=Condition("sessions", "==", 0, False)
    )


def test_a_name_in_brackets_is_the_same_path_and_a_kind_stands_for_all_its_relays() -> None:
    for text, metrics in (
        ("relay[us-central].stalls == 0", ["relay.us-central.stalls"]),
        ("relay[sound].stalls == 0", ["relay.us-east.stalls", "relay.us-west.stalls"]),
        ("connections[agents].lost == 0", ["connections.agents.lost"]),
        ("fidelity[pacing-p99].value <= 5", ["fidelity.pacing-p99.value"]),
        ("routes[us-east->us-west].delivered > 5", ["ledger.routes.us-east→us-west.delivered"]),
        ("faults[0].applied_at <= 4.01s", ["faults.0.applied_at"]),
    ):
        assert [each.metric for each in expectations(text, NAMES)] == metrics
        assert {each.text for each in expectations(text, NAMES)} == {text}


@pytest.mark.parametrize("figure", FIGURES)
def test_every_number_of_the_media_can_be_of_a_part(figure: str) -> None:
    limit = {"ms": "5ms", "percent": "5%"}.get(FIGURES[figure], "5")
    time = "" if figure in OF_ALL_TIME else " at 3s"
    found = read(f"group[moved][us-east→us-west].{figure}{time} <= {limit}")
    assert found.part is not None
    assert (found.part.figure, found.value) == (figure, 5)
    assert unit_of(found.metric) == FIGURES[figure]


def test_what_stands_in_the_summary_is_named_as_before_and_has_no_part() -> None:
    for metric, unit in metric_names(NAMES.parts).items():
        found = read(f"{metric} <= {({'ms': '5ms', 'percent': '5%'}).get(unit, '5')}")
        assert (found.metric, found.value, found.part) == (metric, 5, None)
    assert METRICS


def test_every_number_of_a_row_and_of_the_machine_has_a_name() -> None:
    rows = {"fidelity": "pacing-p99", "faults": "0", "reroutes": "3", "ledger.routes": "canaries"}
    for path, numbers in IN_ROWS.items():
        for number in numbers if path in rows else ():
            unit = "s" if number.endswith(("_at", "_until")) else "ms" if number.endswith("_ms") else ""
            found = read(f"{path.rpartition('.')[2]}[{rows[path]}].{number} <= 5{unit}")
            assert (found.metric, found.value) == (f"{path}.{rows[path]}.{number}", 5)
    for part in ("detect_ms", "decide_ms", "install_ms", "first_packet_ms", "relay_ms", "recovered_ms"):
        assert f"parts.{part}" in IN_ROWS["reroutes"]
    for metric, kind in MACHINE_METRICS.items():
        limit = {"percent": "5%", "s": "5s"}.get(kind, "5")
        assert read(f"{metric} <= {limit}").value == 5


@pytest.mark.parametrize(
    ("text", "times"),
    [
        ("link[us-east→us-west].utilisation <= 40%", ()),
        ("link[us-east->us-west].utilisation at 8s <= 40%", (8 * S, 9 * S)),
        ("link[us-east -> us-west].utilisation between 4s and 5500ms <= 40%", (4 * S, 5_500 * MS)),
    ],
)
def test_a_link_is_a_direction_and_a_time_in_which_it_has_a_rate(text: str, times: tuple[int, ...]) -> None:
    found = read(text)
    assert (found.link, found.value, found.part) == (LinkPart("us-east", "us-west", *times), 40, None)
    assert unit_of(found.metric) == "percent"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("link[us-west→us-east].utilisation < 5%", "us-west→us-east has no rate to be used; give the link one"),
        ("link[us-east→us-west].utilisation at 3s < 5%", "has no rate in all of that time; write a time in which it"),
        ("link[us-east→us-west].utilisation at 12s < 5%", "there is no 12s in media of 12s"),
        (
            "link[us-east–us-west].utilisation < 5%",
            "no link direction 'us-east–us-west'; did you mean 'us-east→us-west'?",
        ),
        ("link[us-east→us-wst].utilisation < 5%", "did you mean 'us-east→us-west'?"),
        ("link[us-east→us-west].utilization < 5%", "did you mean 'utilisation'?"),
        ("link.utilisation < 5%", "names no link direction; write one such as link[us-east→us-west].utilisation"),
        ("link[us-east→us-west].utilisation < 5", "has no unit; write 5%"),
    ],
)
def test_a_link_that_cannot_be_used_is_refused(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=re.escape(why)):
        read(text)


def test_a_plan_keeps_what_its_expectations_are_of() -> None:
    plan = load_plan(LIBRARY / "one-blip.yaml")
    named = read("95% of sessions have group[moved].lost between 4s and 6s == 0")
    again = documents.load(type(plan), documents.dump(replace(plan, expectations=(named,))), "plan.json")
    assert again.expectations == (named,)


def examples() -> list[str]:
    """The entries of all examples of the page, without their comments."""
    blocks = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    lines = (line.strip() for block in blocks for line in block.splitlines())
    return [line.removeprefix("- ").split("  #")[0].strip() for line in lines if line.startswith("- ")]


@pytest.mark.parametrize("text", examples())
def test_the_examples_of_the_page_can_be_read(text: str) -> None:
    assert expectations(text, NAMES)


def test_the_page_has_examples() -> None:
    assert len(examples()) > 10
