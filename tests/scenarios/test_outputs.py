"""What `run` and `suite` tell to other programs, and `--json` of every command that plays nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest
from command_lab import ONE_BLIP, run_command

from controller.decisions import Decision
from hostio.timing import MS, S
from results.bounds.interval import Interval
from results.run_files.documents import dump, dump_line
from results.run_files.events import FaultEdge, MediaStart, Phase
from results.run_files.run_dir import RunDir
from results.verdict.summary import ExpectationRow
from scenarios.cli.annotations import annotation_lines
from scenarios.cli.doctor import Diagnosis, Requirement
from scenarios.cli.expectation_cases import Source, cases_of
from scenarios.cli.json_documents import checked_relay, machine, played
from scenarios.cli.json_progress import JsonProgress
from scenarios.cli.markdown import markdown
from scenarios.cli.outputs import Outputs
from scenarios.language.expectation_places import expectation_lines
from scenarios.language.library import load_plan
from scenarios.paths import PROJECT, OutputError
from scenarios.relay_check.finding import Finding
from scenarios.suites.standings import Trial

SCHEMA = json.loads((PROJECT / "scenarios" / "output.schema.json").read_text(encoding="utf-8"))
QUICK, SLOW, OPEN = "media.lost < 5", "media.interruption_ms.max < 200ms", "media.lost < 9 | <b>"


def row(text: str, *, ok: bool | None) -> ExpectationRow:
    return ExpectationRow(text, "media.lost", "<", 5.0, 7.0, Interval(6.0, 8.0), ok)


FAILED = Trial(
    "fixed", "blip", "fail", f"{SLOW}: found 7", "after 0.0 s", 2, 3.5, (f"expected {SLOW}, found 7",),
    (row(QUICK, ok=True), row(SLOW, ok=False), row(OPEN, ok=None)), (Path("runs/a"), Path("runs/b")),
)  # fmt: skip
UNDECIDED = replace(
    FAILED, scenario="late", verdict="inconclusive", evidence="late: 9 ms", reasons=("late: 9 ms",), roots=()
)
PASSED = replace(
    FAILED, scenario="calm", verdict="pass", evidence="", reasons=("met",), expectations=(row(QUICK, ok=True),)
)
SOURCES = {"blip": Source("cases/blip.yaml", {QUICK: 7, SLOW: 8})}


def document(kind: str, text: str) -> Any:
    """The JSON text, which is as the schema says of this command."""
    found = json.loads(text)
    part = {"$ref": f"#/properties/{kind}", "properties": SCHEMA["properties"], "$defs": SCHEMA["$defs"]}
    jsonschema.Draft202012Validator(part).validate(found)
    return found


def test_an_expectation_of_an_inconclusive_run_has_not_failed() -> None:
    assert [case.result for case in cases_of(FAILED)] == ["pass", "fail", "undecided"]
    assert [case.result for case in cases_of(UNDECIDED)] == ["pass", "undecided", "undecided"]
    assert [case.result for case in cases_of(PASSED)] == ["pass"]


def test_a_run_that_no_expectation_explains_is_a_case_of_its_own() -> None:
    doubted = replace(UNDECIDED, expectations=(row(QUICK, ok=True),))
    assert [(case.name, case.result, case.message) for case in cases_of(doubted)] == [
        ("late", "undecided", "late: 9 ms"),
        (QUICK, "pass", f"expected {QUICK}, found 7 (6 … 8)"),
    ]
    assert [case.result for case in cases_of(replace(PASSED, expectations=()))] == ["pass"]


def test_junit_has_a_case_per_expectation_and_an_error_for_what_was_not_played(tmp_path: Path) -> None:
    path = tmp_path / "junit.xml"
    Outputs(junit=path).write([FAILED, UNDECIDED], 3, SOURCES, {})
    root = ElementTree.parse(path).getroot()
    assert [root.get(name) for name in ("tests", "failures", "errors")] == ["7", "1", "4"]
    cases = list(root.iter("testcase"))
    assert [case.get("name") for case in cases][:3] == [QUICK, SLOW, OPEN]
    assert cases[0].get("classname") == "blipnet.fixed.blip"
    assert sum(float(case.get("time", 0)) for case in cases) == 7.0
    assert [error.get("message") for error in root.iter("error")][-1] == "1 of 3 were not played"


def test_markdown_names_what_did_not_pass_and_has_no_markup_of_others() -> None:
    text = markdown([FAILED, PASSED], 3)
    assert "| ❌ | blip | fixed | fail | after 0.0 s | 2 |" in text
    assert r"- expected media.interruption\_ms.max \< 200ms, found 7" in text
    assert "1 of 3 were not played." in text
    assert r"| ? | media.lost \< 9 \| \<b\> |" in text
    assert "### calm" not in text


def test_annotations_stand_at_the_line_of_the_expectation(tmp_path: Path) -> None:
    sources = {"blip": Source(str(tmp_path / "cases" / "blip.yaml"), {SLOW: 8})}
    hostile = replace(FAILED, expectations=(row(SLOW, ok=False), row("100% of\nsessions", ok=None)))
    assert list(annotation_lines([hostile, PASSED], sources, tmp_path)) == [
        f"::error file=cases/blip.yaml,line=8,title=blip%3A failed::expected {SLOW}, found 7 (6 … 8)",
        "::error file=cases/blip.yaml,title=blip%3A inconclusive::expected 100%25 of%0Asessions, found 7 (6 … 8)",
    ]


@pytest.mark.parametrize(
    ("environ", "annotated"), [({}, False), ({"GITHUB_ACTIONS": "true"}, True), ({"GITHUB_ACTIONS": "false"}, False)]
)
def test_a_job_of_github_gets_annotations(
    environ: Mapping[str, str], annotated: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    Outputs().write([FAILED], 1, SOURCES, environ)
    assert ("::error file=cases/blip.yaml,line=8" in capsys.readouterr().out) == annotated


def test_the_page_of_a_job_is_appended_to_and_a_file_replaced(tmp_path: Path) -> None:
    page, file = tmp_path / "page.md", tmp_path / "file.md"
    for _ in range(2):
        Outputs(markdown=file).write([FAILED], 1, SOURCES, {"GITHUB_STEP_SUMMARY": str(page)})
    assert page.read_text() == 2 * file.read_text() == 2 * markdown([FAILED], 1)


def test_a_file_that_cannot_be_written_gets_a_line(tmp_path: Path) -> None:
    for outputs in (Outputs(junit=tmp_path / "no" / "x"), Outputs(markdown=tmp_path / "no" / "x")):
        with pytest.raises(OutputError, match="no/x: No such file or directory"):
            outputs.write([FAILED], 1, SOURCES, {})


def test_what_was_played_as_json_is_alone_on_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    Outputs(json=True).write([FAILED, UNDECIDED], 2, SOURCES, {"GITHUB_ACTIONS": "true"})
    said = capsys.readouterr()
    found = document("run", said.out)
    assert (found["verdict"], found["planned"]) == ("fail", 2)
    assert (found["played"][0]["file"], found["played"][0]["lines"]) == ("cases/blip.yaml", {QUICK: 7, SLOW: 8})
    assert found["played"][0]["runs"] == ["runs/a", "runs/b"]
    assert said.err.startswith("::error ")


def test_what_was_cut_off_never_passes() -> None:
    assert [played([PASSED], {}, planned).verdict for planned in (1, 2)] == ["pass", "inconclusive"]
    assert (played([], {}, 1).verdict, played([FAILED], {}, 2).verdict) == ("inconclusive", "fail")


def test_lines_of_expectations_are_those_of_the_file() -> None:
    lines = Path(ONE_BLIP).read_text().splitlines()
    found = expectation_lines(Path(ONE_BLIP))
    assert found
    assert all(text in lines[line - 1] for text, line in found.items())
    first, *others = found
    assert list(expectation_lines(Path(ONE_BLIP), ["expect.0=media.lost < 3"])) == others
    assert {each.text for each in load_plan(Path(ONE_BLIP)).expectations} == set(found)
    assert first not in expectation_lines(Path(ONE_BLIP), ["expect.0=media.lost < 3"])


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        ("scenarios", ["list"]),
        ("check", ["check", ONE_BLIP]),
        ("topology_show", ["topology", "show", "us-6"]),
    ],
)
def test_commands_print_json_alone(
    kind: str, arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(monkeypatch, *arguments, "--json") == 0
    found = document(kind, capsys.readouterr().out)
    if kind == "check":
        assert found == [{"file": ONE_BLIP, "scenario": "one-blip", "chains": []}]
    elif kind == "topology_show":
        assert len(found["clusters"]) == 6
        assert {len(found["links"])} == {2 * len(found["repairs"])}


def test_what_doctor_and_relay_check_found_is_as_the_schema_says() -> None:
    lacking = Diagnosis((Requirement("tc", found=False, detail="not found", package="iproute2"),), None, None)
    found = document("doctor", dump(machine(lacking)))
    assert (found["ready"], found["checks"][0]["package"]) == (False, "iproute2")
    checked = document("relay_check", dump(checked_relay([Finding("starts", None), Finding("forwards", "none came")])))
    assert (checked["ok"], checked["steps"][1]["problem"]) == (False, "none came")


def test_progress_is_a_line_of_json_per_record_and_per_second(tmp_path: Path) -> None:
    run, start = RunDir(tmp_path), 500 * S
    progress = JsonProgress(load_plan(Path(ONE_BLIP)), run)
    assert json.loads(dump_line(progress.opening()))["kind"] == "run"
    assert list(progress.news(start)) == []
    edge = FaultEdge(0, "start", start + 4 * S, start + 4 * S + MS, start + 4 * S + 2 * MS, start + 4 * S + 3 * MS)
    run.events.write_text("".join(map(dump_line, (Phase("fabric up", start - S), MediaStart(start), edge))))
    move = Decision("us-east", "us-west", "us-central", (1,), "no probe", start, start, start, start + 5 * S)
    run.decisions.write_text(dump_line(move))
    lines = [json.loads(dump_line(line)) for line in progress.news(start + 5 * S)]
    assert [line["kind"] for line in lines] == ["step", "event", "event", "event", "clock"]
    assert (lines[2]["at_s"], lines[2]["what"]) == (4.001, "fault")
    assert (lines[-1]["at_s"], list(progress.news(start + 5 * S + MS))) == (5.0, [])
