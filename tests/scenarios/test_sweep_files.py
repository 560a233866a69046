"""Every wrong sweep file gets its exact lines: files beside their message."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import jsonschema
import pytest
from command_lab import run_command
from sweep_lab import BILLION, COUNTS, HEAD, ONE_BLIP, sweep_of

from scenarios.errors import ScenarioError
from scenarios.language import yamlfile
from scenarios.paths import PROJECT
from scenarios.sweeps.loading import load_sweep

ERRORS = Path(__file__).parent / "sweep_errors"
CASES = sorted(ERRORS.glob("*.yaml"))
SCHEMA = json.loads((PROJECT / "scenarios" / "sweep.schema.json").read_text(encoding="utf-8"))
PAGE = PROJECT / "docs" / "sweeps.md"
EXAMPLES = re.findall(r"^```yaml\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_a_wrong_file_gets_its_exact_lines(case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(case, tmp_path)
    shutil.copy(ONE_BLIP, tmp_path)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ScenarioError) as caught:
        load_sweep(Path(case.name))
    assert f"{caught.value}\n" == case.with_suffix(".txt").read_text(encoding="utf-8")


def test_every_message_belongs_to_a_case() -> None:
    assert CASES
    assert {path.stem for path in ERRORS.glob("*.txt")} == {path.stem for path in CASES}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda text: text.splitlines()[0])
def test_an_example_of_the_page_is_a_sweep_and_as_the_schema_says(example: str, tmp_path: Path) -> None:
    path = tmp_path / "example.yaml"
    path.write_text(example.replace("scenario: ", f"scenario: {PROJECT}/"), encoding="utf-8")
    jsonschema.Draft202012Validator(SCHEMA).validate(yamlfile.read(path).data)
    assert load_sweep(path).space.size > 1


def test_there_are_examples() -> None:
    assert len(EXAMPLES) == 2


def test_a_scenario_is_found_from_the_folder_of_the_sweep(tmp_path: Path) -> None:
    shutil.copy(ONE_BLIP, tmp_path / "a.yaml")
    (tmp_path / "sweep.yaml").write_text("name: s\nscenario: a.yaml\n")
    assert load_sweep(tmp_path / "sweep.yaml").plan.scenario == "one-blip"


def test_a_billion_runs_are_one_line_and_start_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "s.yaml").write_text(HEAD + BILLION)
    assert run_command(monkeypatch, "sweep", tmp_path / "s.yaml", "--out", tmp_path / "out") == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "1 000 000 000 runs" in line
    assert not (tmp_path / "out").exists()


def test_results_of_an_earlier_sweep_are_not_mixed_in_unasked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sweep_of(tmp_path, COUNTS)
    done = tmp_path / "out" / "done"
    done.mkdir(parents=True)
    (done / "k.json").write_text("{}")
    assert run_command(monkeypatch, "sweep", tmp_path / "sweep.yaml", "--out", tmp_path / "out") == 2
    assert "1 results are there; add --resume to go on" in capsys.readouterr().err


def test_a_report_of_nothing_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sweep_of(tmp_path, COUNTS)
    assert run_command(monkeypatch, "sweep", tmp_path / "sweep.yaml", "--out", tmp_path / "out", "--report") == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line == f"{tmp_path / 'out'}: no results are there; name the folder of the sweep with --out"
