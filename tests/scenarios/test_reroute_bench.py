"""What `scripts/bench reroute` and `scripts/bench watching` play, and the row that the former makes of a run."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from benchmarks import watching
from benchmarks.playing import ON_THE_VIRTUAL_CLOCK
from benchmarks.reroute import BLIPS, COLUMNS, TRIALS, Trial, asked, row_of, scenario
from results.metrics.network_figures import RerouteParts
from results.verdict.summary import Summary
from scenarios.language.library import load_plan


@pytest.mark.parametrize("trial", TRIALS, ids=lambda trial: trial.name)
def test_a_trial_is_a_scenario_whose_blips_end_before_it_does(trial: Trial, tmp_path: Path) -> None:
    file = tmp_path / "reroute.yaml"
    file.write_text(scenario(trial, 3), encoding="utf-8")
    plan = load_plan(file)
    assert [fault.what for fault in plan.faults] == [trial.fault] * 3
    assert plan.faults[-1].until_ns < plan.duration_ns
    assert plan.controller.bfd == trial.name.startswith("BFD")


def test_the_command_line_says_how_many_blips_on_which_clock_and_in_which_trials() -> None:
    assert asked([]) == (BLIPS, (), list(TRIALS))
    assert asked(["3"]) == (3, (), list(TRIALS))
    assert asked(["3", "virtual", "probes"]) == (3, ON_THE_VIRTUAL_CLOCK, [TRIALS[4]])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["0"], "BLIPS is '0'; write a whole number from 1"),
        (["many"], "BLIPS is 'many'; write a whole number from 1"),
        (["8", "wall"], "no clock 'wall'; write one of native, virtual"),
        (["8", "native", "bfd"], "no trial bfd; there are bfd-10ms, bfd-20ms, bfd-50ms, bfd-100ms, probes, port-down"),
    ],
)
def test_a_bad_command_line_gets_a_line(arguments: list[str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        asked(arguments)


@pytest.mark.parametrize("watched_by", watching.TRIALS)
def test_watching_is_compared_on_the_same_call(watched_by: str, tmp_path: Path) -> None:
    file = tmp_path / "watching.yaml"
    file.write_text(watching.scenario(watching.TRIALS[watched_by], 5), encoding="utf-8")
    plan = load_plan(file)
    assert (len(plan.sessions), len(plan.faults)) == (1, 0)
    assert plan.controller.bfd == watched_by.startswith("BFD")


def reroute(gaps_ms: list[float | None], parts: RerouteParts | None = None) -> SimpleNamespace:
    return SimpleNamespace(by_lane=[SimpleNamespace(interruption_ms=each) for each in gaps_ms], parts=parts)


def parts(detect_ms: float, install_ms: float | None) -> RerouteParts:
    return RerouteParts(detect_ms, 0.5, install_ms, 1.0, 2.0, 1.0, -1.0, 0.5, still=False)


def test_a_row_has_medians_of_parts_and_leaves_out_what_is_not_known() -> None:
    quiet = SimpleNamespace(percent=0.0)
    found = cast(
        "Summary",
        SimpleNamespace(
            verdict="pass",
            reroutes=[
                reroute([50.0, 51.0], parts(40.0, 1.5)),
                reroute([52.0, None], parts(44.0, 2.5)),
                reroute([60.0, 48.0], parts(90.0, None)),
                reroute([None]),
            ],
            machine=SimpleNamespace(others=quiet, stolen=quiet),
        ),
    )
    row = dict(zip(COLUMNS, row_of(TRIALS[0], found, 4, 0.514), strict=True))
    assert row == {
        "seen by": "BFD, 10 ms × 3",
        "gap p50": "51.0 ms",
        "gap p99": "59.7 ms",
        "longest": "60.0 ms",
        "detect": "44.0 ms",
        "switch": "2.5 ms",
        "first packet": "1.0 ms",
        "reroutes of blips": "4 of 4",
        "cores used": "0.51",
        "verdict": "pass",
    }
