from dataclasses import replace
from pathlib import Path

import pytest
from synthetic_machine import machine
from synthetic_media import BLIP, plan

from controller.decisions import Decision, HealthChange, Kept
from results.run_files import documents
from results.run_files.document_error import DocumentError
from results.run_files.events import End, FaultEdge, MediaStart, Phase
from results.run_files.machine import MachineReport
from results.run_files.plan import Plan

EVENTS = (Phase("fabric up", 1), MediaStart(2), FaultEdge(0, "start", 3, 4, 5, 6), End(7, 8, interrupted=True))
DECISIONS = (
    HealthChange("a", "b", "clean", "down", 1, "no probe"),
    Decision("a", "b", "c", (0, 1), "down", 1, 2, 3, 4),
    Decision("a", "b", "c", (0, 1), "down", 1, 2, 3, 4, repaired_ns=1),
    Kept("a", "b", "no relay left", 5),
)


def test_a_plan_survives_the_file(tmp_path: Path) -> None:
    written = plan(faults=(BLIP,))
    (tmp_path / "plan.json").write_text(documents.dump(written))
    assert documents.read(Plan, tmp_path / "plan.json") == written


def test_a_machine_report_survives_the_file() -> None:
    assert documents.load(MachineReport, documents.dump(machine()), "machine.json") == machine()


def test_dump_is_stable_and_ends_with_a_newline() -> None:
    text = documents.dump(plan())
    assert text == documents.dump(documents.load(Plan, text, "plan.json"))
    assert text.endswith("}\n")


def test_lines_are_told_apart_by_kind() -> None:
    events = documents.load_events("".join(map(documents.dump_line, EVENTS)), "events.jsonl")
    decisions = documents.load_decisions("".join(map(documents.dump_line, DECISIONS)), "controller.jsonl")
    assert (events.records, events.truncated) == (EVENTS, False)
    assert (decisions.records, decisions.truncated) == (DECISIONS, False)


@pytest.mark.parametrize("cut", [1, 2, 20])
def test_a_last_line_cut_short_is_said_and_left_out(cut: int) -> None:
    text = "".join(map(documents.dump_line, EVENTS))
    lines = documents.load_events(text[:-cut], "events.jsonl")
    assert (lines.records, lines.truncated) == (EVENTS[:-1], True)


def test_an_empty_file_has_no_lines() -> None:
    assert documents.load_events("", "events.jsonl").records == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"kind": "media-start", "at_ns": 1}\nnonsense\n', r"^events\.jsonl:2: Invalid JSON"),
        ('{"kind": "lunch", "at_ns": 1}\n', r"^events\.jsonl:1: Input tag 'lunch'"),
        (
            '{"kind": "media-start", "at_ns": "1"}\n',
            r"^events\.jsonl:1: media-start\.at_ns: Input should be a valid integer",
        ),
        ('{"kind": "media-start"}\n', r"^events\.jsonl:1: media-start\.at_ns: Field required"),
    ],
)
def test_a_bad_line_is_named(text: str, message: str) -> None:
    with pytest.raises(DocumentError, match=message):
        documents.load_events(text, "events.jsonl")


def test_nothing_is_coerced() -> None:
    text = documents.dump(plan()).replace('"seed": 7', '"seed": "7"')
    with pytest.raises(DocumentError, match=r"^plan\.json: seed: Input should be a valid integer$"):
        documents.load(Plan, text, "plan.json")


def test_a_missing_file_is_named_without_its_folder(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match=r"^plan\.json is missing$"):
        documents.read(Plan, tmp_path / "plan.json")


def test_a_folder_is_not_a_file(tmp_path: Path) -> None:
    (tmp_path / "plan.json").mkdir()
    with pytest.raises(DocumentError, match=r"^plan\.json cannot be read: Is a directory$"):
        documents.read(Plan, tmp_path / "plan.json")


def test_equal_plans_give_equal_text() -> None:
    assert documents.dump(replace(plan())) == documents.dump(plan())
