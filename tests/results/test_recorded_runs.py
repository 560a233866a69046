"""Runs recorded by an earlier version still come to the figures that it reported.

`recorded/NAME/run` is what the run wrote, `summary.json` and `ledger.json` beside it what was made of it then:
a blackhole and a reroute, three relays restarted one after another, and a stall behind a lock with TCP connections, of
the first format (`results.run_files.run_formats`); and a blackhole of format 5. Those between differ from that by what
they have not, and so are made of it.
"""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from results.report.report import make_report
from results.run_files.run_dir import RunDir
from results.run_files.run_formats import RUN_FORMATS

RECORDED = Path(__file__).parent / "recorded"

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
        assert without_additions(now, then) == then
        assert [key for key in now if key in then] == [*then]


@pytest.mark.parametrize("number", [2, 3, 4, 6])
def test_a_run_of_another_format_is_reported_with_the_same_figures(number: int, tmp_path: Path) -> None:
    run = RunDir(tmp_path / "run")
    shutil.copytree(RECORDED / "format-5" / "run", run.root)
    as_format(run, number)
    make_report(run)
    then, now = (json.loads(path.read_text()) for path in (RECORDED / "format-5" / "summary.json", run.summary))
    for part in ("media", "relay", "reroutes", "ledger", *(["verdict"] if number > 2 else [])):
        assert without_additions(now[part], then[part]) == then[part]
    assert (now["bounds"] is None) == (number < 3)  # what they are computed from was not recorded


def as_format(run: RunDir, number: int) -> None:
    """Make a run directory of format 5, without programs and without rates, one of another format."""
    machine = json.loads(run.machine.read_text())
    run.machine.write_text(json.dumps({**machine, "format": min(number, 5)}))
    if number < 3:
        run.hold_ups.unlink()
        run.run_delays.unlink()
    if number > 5:
        plan = json.loads(run.plan.read_text())
        run.plan.write_text(json.dumps({**plan, "format": number}))


def test_every_format_is_read_here() -> None:
    assert {format_of(each / "run") for each in RECORDED.iterdir()} | {2, 3, 4, 6} == {*RUN_FORMATS}


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
