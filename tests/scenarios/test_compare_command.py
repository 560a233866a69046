"""`compare`, and `run --repeat` with runs that are not played."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from command_lab import ONE_BLIP, one_line, run_command

from results.comparison.aggregate import Aggregate, Wanted, aggregate
from results.comparison.run_sets import AGGREGATE, summary_of, write_aggregate
from results.comparison.values import Measured, RunValues
from results.run_files.documents import read
from results.run_files.run_dir import RunDir
from results.verdict.summary import Summary, Verdict
from scenarios.cli.exit_codes import ExitCode
from scenarios.cli.repeat import Repeats, decide_together
from scenarios.language.library import load_plan
from scenarios.suites.attempts import Attempt

RECORDED = Path(__file__).parent.parent / "results" / "recorded" / "one-blip" / "run"
LOST = "media.lost"

Command = Callable[..., int]


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> Command:
    return partial(run_command, monkeypatch)


def written(folder: Path, *lost: float) -> Path:
    folder.mkdir()
    runs = [
        RunValues(f"r{n}", "burst", n, "pass", ["met"], False, [], {LOST: Measured(each, each, each, "lower")})
        for n, each in enumerate(lost)
    ]
    return write_aggregate(folder, aggregate(runs, len(runs), Wanted()))


def test_the_exit_code_says_whether_something_is_worse(
    command: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    few, much = written(tmp_path / "few", 1, 2, 3, 4), written(tmp_path / "much", 11, 12, 13, 14)
    assert command("compare", much, few, "--metric", LOST) == ExitCode.PASS
    assert f"{few} beside {much}: better in {LOST}" in capsys.readouterr().out
    assert command("compare", few, much, "--all", "--json") == ExitCode.FAIL
    (row,) = json.loads(capsys.readouterr().out)["rows"]
    assert (row["answer"], row["difference"], row["effect"]) == ("worse", 10.0, 1.0)
    one = written(tmp_path / "one", 100)
    assert command("compare", few, one, "--metric", LOST) == ExitCode.INCONCLUSIVE
    assert "too few runs" in capsys.readouterr().out
    assert command("compare", few, few, "--metric", LOST) == ExitCode.PASS
    assert command("compare", few, few) == ExitCode.INCONCLUSIVE  # it has none of the metrics that are compared
    assert "none of the metrics is known" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--metric", "media.lsot"), "did you mean 'media.lost'?"),
        (("--metric", "media.lost", "--all"), "--all is every metric: leave out --metric"),
        (("--confidence", "95"), "'95' has no unit; write 95%"),
        (("--confidence", "100%"), "'100%' is not between 0% and 100%"),
        (("--confidence", "x"), "write"),
    ],
)
def test_bad_options_get_one_line(
    command: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, ...], said: str
) -> None:
    path = written(tmp_path / "a", 1, 2)
    assert command("compare", path, path, *options) == ExitCode.BAD_INPUT
    assert said in one_line(capsys.readouterr().err)


def test_a_folder_without_runs_gets_one_line(
    command: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("compare", RECORDED, tmp_path) == ExitCode.BAD_INPUT
    assert one_line(capsys.readouterr().err).startswith(f"{tmp_path}: no run directory is in it")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--pass-share", "95%"), "--pass-share is of repeated runs: add --repeat"),
        (("--confidence", "90%"), "--confidence is of repeated runs: add --repeat"),
        (("--repeat", "0"), "0 is not in the range"),
        (("--repeat", "2", "--clock", "virtual"), "--clock is the virtual machine's: add --vm"),
    ],
)
def test_bad_options_of_repeated_runs_get_one_line(
    command: Command, capsys: pytest.CaptureFixture[str], options: tuple[str, ...], said: str
) -> None:
    assert command("run", ONE_BLIP, *options) == ExitCode.BAD_INPUT
    assert said in one_line(capsys.readouterr().err)


def test_seeds_follow_the_scenarios_own_or_the_one_that_was_given(tmp_path: Path) -> None:
    file, overrides = Path(ONE_BLIP), ("seed=4294967295",)
    plan = load_plan(file, overrides=overrides)
    (series,) = Repeats([file], [plan], 3, overrides, tmp_path, 1, None, 0.95).seeded()
    assert [each.seed for each in series] == [4294967295, 0, 1]
    assert series[0] == plan


@pytest.fixture(scope="module")
def summary() -> Summary:
    return summary_of(RunDir(RECORDED))


def test_repeated_runs_leave_an_aggregate_of_those_that_count(
    summary: Summary, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made: tuple[Verdict, ...] = ("pass", "inconclusive", "pass")
    verdicts = iter(made)

    def play(seed: int) -> Attempt:
        verdict = next(verdicts)
        return Attempt(replace(summary, seed=seed, verdict=verdict), tmp_path / "one-blip" / f"{seed}-{verdict}")

    code = decide_together(tmp_path, [partial(play, 7), partial(play, 8)], 2, Wanted())
    assert code == ExitCode.PASS
    found = read(Aggregate, tmp_path / AGGREGATE)
    assert (found.seeds, [each.run for each in found.runs]) == ([7, 8], ["one-blip/7-pass", "one-blip/8-pass"])
    assert found.metrics["media.lost"].n == 2
    assert "2 of 2 runs passed" in capsys.readouterr().out


def test_what_was_played_before_an_interrupt_is_kept(summary: Summary, tmp_path: Path) -> None:
    def interrupted() -> Attempt:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        decide_together(tmp_path, [lambda: Attempt(summary, tmp_path / "a"), interrupted], 1, Wanted())
    found = read(Aggregate, tmp_path / AGGREGATE)
    assert (found.planned, len(found.runs), found.verdict) == (2, 1, "inconclusive")


def test_the_page_shows_every_run_of_both_sets_and_what_is_said_of_them(command: Command, tmp_path: Path) -> None:
    few, much = written(tmp_path / "few", 1, 2, 3, 4), written(tmp_path / "<b>much", 11, 12, 13, 14)
    page = tmp_path / "compared.html"
    assert command("compare", few, much, "--metric", LOST, "--html", page) == ExitCode.FAIL
    html = page.read_text(encoding="utf-8")
    assert '<span class="badge" id="answer-word">worse</span>' in html
    assert '<td class="answer worse">worse</td>' in html
    assert "<b>much" not in html.partition('id="bokeh"')[0]
    (figures,) = re.findall(r'<script type="application/json" id="figures">(.*?)</script>', html)
    (figure,) = json.loads(figures)
    text = json.dumps(figure["models"])
    assert all(f'["told", ["{first}", ' in text for first in (1, 11))
    assert html.count('class="canvas"') == 1
    assert "<script src" not in html


def test_a_page_that_cannot_be_written_gets_one_line(
    command: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    few = written(tmp_path / "few", 1, 2)
    target = few / "page.html"  # in a file
    assert command("compare", few, few, "--metric", LOST, "--html", target) == ExitCode.BAD_INPUT
    assert one_line(capsys.readouterr().err).startswith(f"{target}: ")
