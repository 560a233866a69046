"""What `scripts/bench policies` plays, and the rows and the table that it makes of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest

from benchmarks import policies
from benchmarks.policies import PAGE, finished, is_of, main, order, recorded, scenario_text, write
from benchmarks.policy_table import BEGIN, COLUMNS, END, NOTHING, Row, merged, most_per_s, rewritten, row_of, section
from benchmarks.policy_trials import Trial, compared, selected, trials
from controller.policies import POLICIES
from relay_app.records import RELAY_SAMPLE
from results.bounds.interval import Interval
from results.metrics.figure_types import LengthQuantiles
from results.run_files.documents import dump
from results.run_files.plan import Plan
from results.run_files.run_dir import RunDir
from results.verdict.summary import Summary
from scenarios.cli.exit_codes import ExitCode
from scenarios.language.library import LIBRARY, load_plan

COLD = LIBRARY / "policies" / "cold-burst.yaml"
KEY = ("cold-burst", "spread", "link")


def summary(verdict: str = "pass", *, others: float = 0.0, still: int = 0, never: int = 0) -> Summary:
    relays = {
        "near": SimpleNamespace(catch_up_ms=120.4, never_forwarded=0),
        "far": SimpleNamespace(catch_up_ms=2400.4, never_forwarded=never),
        "idle": SimpleNamespace(catch_up_ms=None, never_forwarded=0),
    }
    media = SimpleNamespace(
        interruption_ms=LengthQuantiles(310.2, 2900.0, 3011.6),
        still_interrupted=still,
        sessions=40,
        hit_sessions=12,
        order=SimpleNamespace(reordered=7),
    )
    bounds = {"media.interruption_ms.max": Interval(2999.0, 3100.0)}
    machine = SimpleNamespace(others=SimpleNamespace(percent=others), stolen=SimpleNamespace(percent=0.0))
    return cast(
        "Summary",
        SimpleNamespace(
            verdict=verdict, reasons=["late by 9 ms"], media=media, relay=relays, machine=machine, bounds=bounds
        ),
    )


def row(key: tuple[str, str, str] = KEY, found: Summary | None = None) -> Row:
    return row_of(key, found or summary(), {"near": 3900.4, "far": 120.0})


def test_every_scenario_is_played_under_every_policy_and_detector() -> None:
    """Twelve patterns of the field and two bursts, watched three ways."""
    found = compared(LIBRARY)
    assert [path.parent.name for path in found] == ["policies"] * 2 + ["patterns"] * 12
    assert len(order()) == len(set(order())) == 14 * len(POLICIES) * 3
    detectors = {(policy, detectors) for _, policy, detectors in order()}
    assert {policy for policy, _ in detectors} == set(POLICIES)
    assert {each for policy, each in detectors if policy == "failover"} == {
        "link",
        "link, relay-canary",
        "link, receiver-reports",
    }
    assert {each for policy, each in detectors if policy == "warm-first"} == {
        "link, relay-cache",
        "link, relay-canary, relay-cache",
        "link, receiver-reports, relay-cache",
    }


@pytest.mark.parametrize("scenario", compared(LIBRARY), ids=lambda path: path.stem)
def test_a_trial_changes_policy_and_detectors_and_nothing_else(scenario: Path, tmp_path: Path) -> None:
    """The reader of scenarios takes each; but for what a trial is about, the plan is that of the file."""
    own = load_plan(scenario)
    for trial in trials([scenario]):
        (tmp_path / "scenario.yaml").write_text(scenario_text(trial))
        plan = load_plan(tmp_path / "scenario.yaml")
        chosen = plan.controller.policy
        assert (chosen.name, plan.controller.detect) == (trial.policy, trial.detectors)
        stated = {cluster.name: 4000 for cluster in plan.topology.clusters} if trial.policy == "headroom" else {}
        assert plan.relays.capacity == (own.relays.capacity or stated)
        assert plan.controller.reroute
        assert chosen.relays == (3 if trial.policy == "spread" else 2)
        assert plan.controller.move_pace_ns == (8_000_000_000 if trial.policy == "paced" else 0)
        mine = own.controller
        same = replace(plan.controller, policy=mine.policy, detect=mine.detect, reroute=mine.reroute)
        assert replace(plan, controller=same, relays=replace(plan.relays, capacity=own.relays.capacity)) == own


def test_the_cold_burst_leaves_each_policy_a_choice() -> None:
    """By the topology: the nearest relay is cold, the warm one the third; the calls fill 100 % of a relay."""
    plan = load_plan(COLD)
    own = {"us-east", "us-west"}
    vias = [cluster.name for cluster in plan.topology.clusters if cluster.name not in own]
    near = sorted(vias, key=lambda via: plan.topology.one_way_ns("us-east", via, "us-west"))
    assert near == ["us-east-2", "us-central", "us-south", "us-northwest"]
    assert plan.relays.warm == {"us-south": 1.0}
    (group,) = plan.sessions
    assert plan.relays.capacity == dict.fromkeys(near, 2 * 10 * group.count)


def test_words_choose_scenarios_and_policies(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    everything = compared(LIBRARY)
    assert selected([], everything) == (everything, [*POLICIES])
    assert selected(["spread", "cold-burst", "failover"], everything) == ([COLD], ["failover", "spread"])
    assert selected(["spread"], everything) == (everything, ["spread"])
    assert main([str(tmp_path), "sprawl"]) == ExitCode.BAD_INPUT
    assert "'sprawl' is neither a policy nor a scenario; write some of failover, " in capsys.readouterr().err


def test_a_row_is_what_the_summary_says() -> None:
    lengths = ("310.2 ms", "2 900 ms", "3 012 ms (2 999 … 3 100)")
    assert row().cells == (*KEY, *lengths, "12 of 40", "2 400 ms", "3900/s near", "7", "pass")
    assert row().doubts == []
    silent = row_of(KEY, summary(still=1, never=3), {}).cells
    assert (silent[5], silent[7], silent[8]) == ("≥ 3 012 ms (2 999 … 3 100)", "120.4 ms, 3 never", "–")


def test_what_is_in_doubt_says_why() -> None:
    undecided, busy = row(found=summary("inconclusive", others=90.0)), row(found=summary("fail", others=90.0))
    assert (undecided.cells[-1], undecided.doubts) == ("inconclusive", ["late by 9 ms"])
    assert (busy.cells[-1], busy.doubts) == ("fail, busy", ["the machine was busy"])
    lines = [*section([undecided, row()], 168)]
    assert lines[0].startswith("2 of 168 runs")
    assert lines[-3:] == ["In doubt: 1.", "", "- cold-burst · spread · link: late by 9 ms"]
    assert [*section([row()], 168)][-1] == "In doubt: none."
    assert {line.count("|") for line in lines if line.startswith("|")} == {len(COLUMNS) + 1}


def test_the_peak_is_of_the_worst_second() -> None:
    """Analytic: 100 packets/s, and in one second 1000, sampled every 100 ms but for a hold-up within the calm."""
    at = np.delete(np.arange(51), [5, 6, 7])
    samples = np.zeros(len(at), RELAY_SAMPLE)
    samples["at_ns"] = at * 100_000_000
    samples["received"] = 10 * at + 90 * np.clip(at - 30, 0, 10)
    assert most_per_s(samples) == pytest.approx(1000.0)
    assert most_per_s(samples[:5]) is None
    assert most_per_s(samples[:0]) is None


def test_rows_found_now_replace_those_recorded_and_what_is_no_more_goes() -> None:
    other, gone = ("cold-burst", "failover", "link"), ("gone", "failover", "link")
    old, new = replace(row(), hit=1), replace(row(), hit=2)
    assert merged([old, row(other), row(gone)], [new], [other, KEY]) == [row(other), new]


def test_only_what_is_between_the_markers_is_rewritten() -> None:
    page = f"# A\n\n{BEGIN}\n\nold\n\n{END}\n\nafter\n"
    assert rewritten(page, ["new"]) == f"# A\n\n{BEGIN}\n\nnew\n\n{END}\n\nafter\n"
    for wrong in ("", f"{END} {BEGIN}", f"{page}{page}"):
        with pytest.raises(ValueError, match="has not once"):
            rewritten(wrong, ["new"])


def test_what_is_written_is_read_again_and_shown(tmp_path: Path) -> None:
    record, page = tmp_path / "rows.json", tmp_path / "page.md"
    page.write_text(f"{BEGIN}\n\n{NOTHING}\n\n{END}\n")
    assert recorded(record) == ()
    write([row()], record, page)
    assert recorded(record) == [row()]
    assert "| 12 of 40 |" in page.read_text()


def test_the_page_shows_the_rows_that_are_recorded() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert rewritten(text, section(recorded(), len(order()))) == text
    assert [each.key for each in recorded()] == [key for key in order() if key in {row.key for row in recorded()}]


def test_a_run_of_another_scenario_is_not_kept(tmp_path: Path) -> None:
    """Such as one of the file as it was before; one without a summary was interrupted."""
    plan = load_plan(COLD)
    for root in (tmp_path / "0" / plan.scenario / "whole", tmp_path / "1" / plan.scenario / "interrupted"):
        root.mkdir(parents=True)
        (root / "plan.json").write_text(dump(plan))
    (tmp_path / "0" / plan.scenario / "whole" / "summary.json").touch()
    (run,) = finished(tmp_path)
    assert run.root.name == "whole"
    assert is_of(run, plan)
    assert not is_of(run, replace(plan, seed=2))


@pytest.mark.parametrize(
    ("there", "busy", "played"),
    [
        (False, 0, ["paced/0", "spread/0"]),  # nothing is there
        (True, 0, []),  # kept
        (True, 99, ["paced/0", "spread/0", "paced/1", "spread/1", "paced/2", "spread/2"]),  # there, and busy as all are
        (False, 2, ["paced/0", "spread/0", "paced/1", "spread/1"]),  # busy at first
    ],
)
def test_what_is_in_doubt_is_played_again_after_all_others(
    there: bool, busy: int, played: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that is there is kept, and the attempts have an end."""
    plays: list[str] = []
    written: list[Row] = []

    def play(_: Path, plan: Plan, runs: Path) -> RunDir:
        plays.append(f"{plan.controller.policy.name}/{runs.name}")
        return RunDir(runs)

    def row_from(trial: Trial, _: RunDir) -> Row:
        return row(trial.key, summary(others=90.0 if busy == 99 or len(plays) in range(1, busy + 1) else 0.0))

    two = [Trial(COLD, policy, ("link",)) for policy in ("paced", "spread")]
    monkeypatch.setattr(policies, "trials", lambda *_: iter(two))
    monkeypatch.setattr(policies, "recorded", tuple)
    monkeypatch.setattr(policies, "write", written.extend)
    monkeypatch.setattr(policies, "finished", lambda _: iter([RunDir(tmp_path)] if there else []))
    monkeypatch.setattr(policies, "is_of", lambda *_: True)
    monkeypatch.setattr(policies, "played", play)
    monkeypatch.setattr(policies, "row_from", row_from)
    assert main([str(tmp_path)]) == (ExitCode.INCONCLUSIVE if busy == 99 else ExitCode.PASS)
    assert plays == played
    assert written[-1].key == two[-1].key
