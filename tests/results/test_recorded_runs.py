"""Runs recorded by an earlier version still come to the figures that it reported.

`recorded/NAME/run` is what the run wrote, `summary.json` and `ledger.json` beside it what was made of it then:
a blackhole and a reroute, three relays restarted one after another, and a stall behind a lock with TCP connections, of
the first format (`results.run_files.run_formats`); and a blackhole of each format since, made by the version of its
time, of 4 with a relay that is a program.
"""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from results.ledger.reconcile import reconcile
from results.metrics.analysis import analyse
from results.report.report import make_report, read_evidence, summarise
from results.run_files.run_dir import RunDir
from results.run_files.run_formats import RUN_FORMAT, RUN_FORMATS
from results.verdict.summary import Summary

RECORDED = Path(__file__).parent / "recorded"

WIDER_BOUNDS = ("format-3", "format-4")
"""Runs whose bounds the version of their time computed otherwise; what was measured is the same."""

_CHECKS_PASSED = re.compile(r"(?<=fidelity checks passed: )\d+")
"""Their number, which grows with each check that is added; that none has gone, the list of checks shows."""

_FOUND = re.compile(r"(?<=, found ).*")
"""The value that an expectation found, whose form has changed; the value itself is in `expectations`."""


@pytest.mark.parametrize("name", sorted(each.name for each in RECORDED.iterdir()))
def test_a_recorded_run_is_reported_with_the_same_figures(name: str, tmp_path: Path) -> None:
    run = RunDir(tmp_path / "run")
    shutil.copytree(RECORDED / name / "run", run.root)
    make_report(run)
    for path in (run.summary, run.ledger):
        then, now = (json.loads(each.read_text()) for each in (RECORDED / name / path.name, path))
        if name in WIDER_BOUNDS:
            then.pop("bounds", None)
        assert without_additions(now, then) == then
        assert [key for key in now if key in then] == [*then]


def test_there_is_a_run_of_each_format_before_the_present_one() -> None:
    assert sorted({format_of(each / "run") for each in RECORDED.iterdir()}) == [*RUN_FORMATS][:-1]


def test_the_present_format_says_its_number_and_nothing_else_new(tmp_path: Path) -> None:
    run = RunDir(tmp_path / "run")
    shutil.copytree(RECORDED / "format-5" / "run", run.root)
    before = summarised(run)
    run.plan.write_text(json.dumps({**json.loads(run.plan.read_text()), "format": RUN_FORMAT}))
    assert (format_of(run.root), summarised(run)) == (RUN_FORMAT, before)


def summarised(run: RunDir) -> Summary:
    evidence = read_evidence(run)
    analysis = analyse(evidence)
    return summarise(evidence, analysis, reconcile(evidence, analysis))


def format_of(run: Path) -> int:
    """What a run directory says of its format; of the first one, nothing."""
    plan, machine = (json.loads((run / name).read_text()) for name in ("plan.json", "machine.json"))
    return int(plan.get("format", machine.get("format", 1)))


@pytest.mark.parametrize(("name", "interval_ms"), [("one-blip", 20), ("incident-short", 100)])
def test_the_parts_of_recorded_reroutes_add_up_within_one_packet_interval(
    name: str, interval_ms: float, tmp_path: Path
) -> None:
    """Of every lane; half a millisecond more for what faults and links are late. When flow-mods were written was not
    recorded then."""
    run = RunDir(tmp_path / "run")
    shutil.copytree(RECORDED / name / "run", run.root)
    (reroute,) = make_report(run).reroutes
    assert (reroute.detector, reroute.flow_mods_sent_at) == ("link", None)
    assert sum(lane.directions for lane in reroute.by_lane) == reroute.directions > 0
    for lane in reroute.by_lane:
        assert lane.parts is not None
        lengths = [each for part, each in asdict(lane.parts).items() if part.endswith("_ms")]
        assert sum(lengths) == pytest.approx(lane.interruption_ms, abs=0.001)
        assert -0.5 <= lane.parts.unexplained_ms <= interval_ms + 0.5


def without_additions(now: Any, then: Any) -> Any:
    """`now` without the keys and the fidelity checks that `then` does not have, at any depth, and with their number."""
    if isinstance(now, dict) and isinstance(then, dict):
        return {key: without_additions(value, then[key]) for key, value in now.items() if key in then}
    if isinstance(now, list) and isinstance(then, list):
        kept = [row for row in now if not is_new_check(row, then)]
        return [without_additions(*pair) for pair in zip(kept, then, strict=True)] if len(kept) == len(then) else kept
    if isinstance(now, str) and isinstance(then, str) and fixed(now) == fixed(then):
        return then
    return now


def fixed(reason: str) -> str:
    """A reason without what changes from version to version."""
    return _FOUND.sub("", _CHECKS_PASSED.sub("", reason))


def is_new_check(row: Any, then: list[Any]) -> bool:
    """Whether a row of a list is a fidelity check that `then`, the same list, does not have."""
    return isinstance(row, dict) and "check" in row and row["check"] not in [each.get("check") for each in then]
