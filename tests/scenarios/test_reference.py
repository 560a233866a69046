"""`docs/scenarios.md` is what the types say, and every example in it is a file that can be read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from small_scenario import HEAD, TRACE, TRACE_NAME

from scenarios.cli.schemas import REFERENCE, reference
from scenarios.language.event_schema import WORDS
from scenarios.language.library import load_plan

EXAMPLES = re.findall(r"^```yaml\n(.*?)^```$", REFERENCE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def test_the_page_is_what_the_types_make_it() -> None:
    fresh = REFERENCE.read_text(encoding="utf-8") == reference()
    assert fresh, f"{REFERENCE.name} is not what the types say; run .venv/bin/python -m scenarios.cli.schemas"


def test_there_is_a_whole_file_and_an_example_of_each_word() -> None:
    assert len(EXAMPLES) == 1 + len(WORDS)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda text: re.sub(r"\W+", "-", text.splitlines()[-1])[:40])
def test_an_example_is_a_file_or_the_events_of_one(example: str, tmp_path: Path) -> None:
    (tmp_path / TRACE_NAME).write_text(TRACE)
    path = tmp_path / "example.yaml"
    path.write_text(example if "topology:" in example else HEAD + example)
    assert load_plan(path).faults
