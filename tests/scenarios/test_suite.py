"""Trials and what they come to, without running anything."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import cast
from xml.etree import ElementTree

import pytest

from relay_app.versions.version_names import DEFAULT_VERSION, SOUND
from results.run_files.plan import Plan
from results.verdict.summary import ExpectationRow, Summary, Verdict
from scenarios.cli.junit import write_junit
from scenarios.language.library import load_plan, standard_scenarios
from scenarios.suites.attempts import ATTEMPTS, Attempt
from scenarios.suites.runner import Suite
from scenarios.suites.standings import Trial, evidence_of, recovery_of, self_test_verdict, standings, table


def trial(version: str, scenario: str, verdict: Verdict, evidence: str = "") -> Trial:
    return Trial(version, scenario, verdict, evidence, "after 0.0 s", attempts=1, seconds=2.5)


def summary(verdict: Verdict, *missed: ExpectationRow, reasons: tuple[str, ...] = ()) -> Summary:
    media = SimpleNamespace(recovery_lag_ms=None, still_interrupted=0)
    fields = SimpleNamespace(verdict=verdict, expectations=list(missed), reasons=list(reasons), media=media)
    return cast("Summary", fields)


def expected(text: str, value: float | None, *, ok: bool) -> ExpectationRow:
    return ExpectationRow(text, "metric", "<", 1.0, value, None, ok)


CAUGHT = [
    trial("2026-05-11", "burst", "fail", "longest < 1 s: found 7"),
    trial("2026-05-11", "mesh", "pass"),
    trial("2026-05-20", "burst", "pass"),
    trial("2026-05-20", "mesh", "pass"),
]


def test_a_version_is_caught_by_what_failed_and_passes_only_if_all_does() -> None:
    assert [each.sentence() for each in standings(CAUGHT)] == [
        "2026-05-11: caught by burst",
        "2026-05-20: passes all 2 runs",
    ]
    assert [each.verdict for each in standings(CAUGHT)] == ["fail", "pass"]
    (undecided,) = standings([trial("x", "burst", "inconclusive")])
    assert (undecided.verdict, undecided.sentence()) == ("inconclusive", "x: 1 of 1 runs inconclusive, none failed")


def rounds(version: str, *verdicts: Verdict) -> list[Trial]:
    """Rounds of a burst with these verdicts and a mesh that passes."""
    return [each for verdict in verdicts for each in (trial(version, "burst", verdict), trial(version, "mesh", "pass"))]


def test_several_rounds_are_counted() -> None:
    trials = [
        *rounds("bad", "fail", "fail", "pass"),
        *rounds("good", "pass", "pass"),
        *rounds("busy", "pass", "inconclusive"),
    ]
    found = standings(trials)
    assert [each.rounds for each in found] == [("fail", "fail", "pass"), ("pass", "pass"), ("pass", "inconclusive")]
    assert [each.sentence() for each in found] == [
        "bad: caught by burst, in 2 of 3 rounds",
        "good: passes all 4 runs, in 2 of 2 rounds",
        "busy: 1 of 4 runs inconclusive, none failed, passes in 1 of 2 rounds",
    ]
    assert self_test_verdict(found, ["good", "busy"]) == "fail", "a faulty one must be caught each time"
    assert self_test_verdict(found[1:], ["good", "busy"]) == "inconclusive"
    assert standings(trials[:5])[0].rounds == ("fail", "fail"), "the third was not played to its end"


def test_a_row_sums_up_a_scenario_that_was_played_many_times() -> None:
    many = [*CAUGHT, trial("2026-05-20", "mesh", "inconclusive", "late"), trial("2026-05-20", "mesh", "pass")]
    assert table(many) == [
        ("2026-05-11", "burst", "fail", "after 0.0 s", "longest < 1 s: found 7"),
        ("2026-05-11", "mesh", "pass", "after 0.0 s", ""),
        ("2026-05-20", "burst", "pass", "after 0.0 s", ""),
        ("2026-05-20", "mesh", "inconclusive 1 of 3", "after 0.0 s", "late"),
    ]


@pytest.mark.parametrize(
    ("verdicts", "verdict"),
    [
        ({"2026-05-20": "pass", "gray": "fail"}, "pass"),
        ({"2026-05-20": "fail", "gray": "fail"}, "fail"),
        ({"2026-05-20": "pass", "gray": "pass"}, "fail"),
        ({"2026-05-20": "inconclusive", "gray": "fail"}, "inconclusive"),
        ({"2026-05-20": "pass", "gray": "inconclusive"}, "inconclusive"),
        ({"2026-05-20": "inconclusive", "gray": "pass"}, "fail"),
    ],
)
def test_the_self_test_wants_the_sound_to_pass_and_the_faulty_to_be_caught(
    verdicts: dict[str, Verdict], verdict: Verdict
) -> None:
    found = standings([trial(version, "burst", each) for version, each in verdicts.items()])
    assert self_test_verdict(found, SOUND) == verdict


@pytest.mark.parametrize(
    ("lag_ms", "still", "said"),
    [(None, 0, ""), (0.0, 0, "before the blip ended"), (5600.0, 0, "after 5.6 s"), (8500.0, 3, "not within 8.5 s")],
)
def test_recovery_is_open_ended_where_the_run_ended_first(lag_ms: float | None, still: int, said: str) -> None:
    media = SimpleNamespace(recovery_lag_ms=lag_ms, still_interrupted=still)
    assert recovery_of(cast("Summary", SimpleNamespace(media=media))) == said


def test_evidence_is_the_first_expectation_that_was_missed() -> None:
    missed = [expected("a < 1", 7.25, ok=False), expected("b == 0", None, ok=False)]
    met = expected("c == 0", 0, ok=True)
    assert evidence_of(summary("fail", met, *missed)) == "a < 1: found 7.25 (and 1 more)"
    assert evidence_of(summary("fail", missed[1])) == "b == 0: found no interruption"
    assert evidence_of(summary("inconclusive", reasons=("late: 9 ms",))) == "late: 9 ms"
    assert evidence_of(summary("pass", met)) == ""


def _never() -> list[Verdict]:
    return ["inconclusive"] * ATTEMPTS


def test_inconclusive_runs_are_repeated_a_few_times() -> None:
    plan = load_plan(standard_scenarios()[0])
    verdicts: Iterator[Verdict] = iter(["pass", "inconclusive", "fail", *_never()])
    labels = []
    said: list[str] = []

    def play(_: Plan, label: str) -> Attempt:
        labels.append(label)
        return Attempt(summary(next(verdicts), reasons=("late: 9 ms",)), Path(label))

    trials = list(Suite({"x": [plan]}, times=3).trials(play, said.append))
    assert [(each.verdict, each.attempts) for each in trials] == [
        ("pass", 1),
        ("fail", 2),
        ("inconclusive", ATTEMPTS),
    ]
    assert labels[0] == f"1/3  x  {plan.scenario}"
    assert said == [
        f"attempt {number} of {ATTEMPTS} was inconclusive: late: 9 ms; trying again"
        for number in (1, *range(1, ATTEMPTS))
    ]


def test_junit_tells_failures_from_what_could_not_be_judged(tmp_path: Path) -> None:
    path = tmp_path / "junit.xml"
    write_junit(path, [*CAUGHT, trial("2026-05-20", "mesh", "inconclusive", "late <&>")], 5)
    root = ElementTree.parse(path).getroot()
    assert [root.get(name) for name in ("tests", "failures", "errors")] == ["5", "1", "1"]
    (failure,) = root.iter("failure")
    (error,) = root.iter("error")
    assert (failure.get("message"), error.get("message")) == ("longest < 1 s: found 7", "late <&>")
    assert [case.get("name") for case in root.iter("testcase")] == ["burst", "mesh", "burst", "mesh", "mesh"]


def test_the_standard_scenarios_leave_the_relay_version_to_the_suite() -> None:
    assert {load_plan(path).relays.version for path in standard_scenarios()} == {DEFAULT_VERSION}
