"""docs/architecture.md tells the truth: its journeys lead through files that exist and know one another."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from test_layers import MODULES, PACKAGES, edges, module_of

PROJECT = Path(__file__).resolve().parent.parent
DOCUMENT = (PROJECT / "docs" / "architecture.md").read_text(encoding="utf-8")
MOST_FILES = 25
TITLES = ("Journey: a packet", "Journey: a fault", "Journey: a reroute")

STEP = re.compile(r"^(\d+)\. `([^`]+\.py)` \S", re.MULTILINE)


def journeys() -> dict[str, list[str]]:
    """The files of each journey, in order, by its title."""
    sections = re.split(r"^## ", DOCUMENT, flags=re.MULTILINE)[1:]
    found = {section.splitlines()[0]: section for section in sections if section.startswith("Journey: ")}
    return {title: steps_of(text) for title, text in found.items()}


def steps_of(text: str) -> list[str]:
    steps = STEP.findall(text)
    numbered = re.findall(r"^\d+\. ", text, re.MULTILINE)
    assert len(steps) == len(numbered), "a step does not begin with a file and what it does"
    assert [int(number) for number, _ in steps] == list(range(1, len(steps) + 1))
    return [file for _, file in steps]


def project_imports(file: str) -> set[str]:
    """The files of this project that a file imports."""
    return {str(MODULES[module].relative_to(PROJECT)) for module in edges()[module_of(PROJECT / file)]}


def test_there_are_the_three_journeys() -> None:
    assert tuple(journeys()) == TITLES


@pytest.mark.parametrize("title", TITLES)
def test_a_journey_is_short_and_its_files_exist(title: str) -> None:
    files = journeys()[title]
    assert 10 <= len(files) <= MOST_FILES
    assert len(set(files)) == len(files)
    assert [file for file in files if not (PROJECT / file).is_file()] == []


@pytest.mark.parametrize("title", TITLES)
def test_each_file_of_a_journey_is_reached_from_one_before_it(title: str) -> None:
    """By an import, in one direction or the other: a call, or a type that is handed over."""
    files = journeys()[title]
    imports = {file: project_imports(file) for file in files}
    lost = [
        file
        for place, file in enumerate(files[1:], start=1)
        if not any(earlier in imports[file] or file in imports[earlier] for earlier in files[:place])
    ]
    assert lost == []


def test_every_room_has_its_line() -> None:
    """The inner rooms too: every folder of modules is in the table."""
    folders = {str(path.parent.relative_to(PROJECT)) for path in PACKAGES.values()}
    stated = set(re.findall(r"`([a-z_/]+)/`", DOCUMENT))
    outer_with_inner_rooms = {folder.split("/")[0] for folder in folders if "/" in folder}
    assert folders - stated - outer_with_inner_rooms == set()
    assert {room for room in stated if not (PROJECT / room).is_dir()} == set()
