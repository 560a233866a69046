"""Every word of events: complete, loadable, documented, and verified as the documentation says."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, get_args

import pytest
from small_scenario import HEAD, TRACE, TRACE_NAME

from results.run_files import documents
from results.run_files.faults import Fault, LinkFault, ProcessFault, Verification
from results.run_files.plan import Plan
from scenarios.language.event_base import EventBase
from scenarios.language.event_schema import WORDS
from scenarios.language.library import load_plan
from scenarios.paths import PROJECT
from topologies.link_state import LinkChange

SHARED = {"what", "at", "for", "repeat", "every", "link", "direction", "match"}
"""Keys that the documentation tells of all events, or of all on a link."""

MODELS = {str(get_args(model.model_fields["what"].annotation)[0]): model for model in WORDS}
ALSO = {"loss": "loss: 30%"}
"""What an event of a word needs where no single key of it is required."""


def keys(model: type[EventBase], *, required: bool = False) -> dict[str, str]:
    """Keys of a word's events, each with its example."""
    fields = {field.alias or name: field for name, field in model.model_fields.items()}
    return {
        key: str((field.examples or [""])[0]) for key, field in fields.items() if field.is_required() or not required
    }


def plan_with(word: str, folder: Path) -> Plan:
    """A plan with an event that has the examples of what its word needs."""
    given = keys(MODELS[word], required=True) | {"what": word}
    parts = [f"{key}: {value}" for key, value in given.items()]
    (folder / TRACE_NAME).write_text(TRACE)
    path = folder / "small.yaml"
    path.write_text(f"{HEAD}events: [{{{', '.join([*parts, *filter(None, [ALSO.get(word)])])}}}]\n")
    return load_plan(path)


def fault_of(word: str, folder: Path) -> Fault:
    (fault,) = plan_with(word, folder).faults
    return fault


def documented() -> Iterator[tuple[str, str, str]]:
    """Word, keys and verification of every row of the tables; a row without a word goes on with the one above."""
    words: list[str] = []
    for line in (PROJECT / "docs" / "blips.md").read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")] if line.startswith("| ") else []
        if len(cells) == 4 and cells[0] != "word":
            words = re.findall(r"`([a-z-]+)`", cells[0]) or words
            yield from ((word, cells[2], cells[3]) for word in words)


def test_no_word_is_listed_twice() -> None:
    assert len(MODELS) == len(WORDS)


def test_each_word_is_documented_with_all_its_keys() -> None:
    rows = {word: [*group] for word, group in itertools.groupby(sorted(documented()), key=lambda row: row[0])}
    assert rows.keys() == MODELS.keys()
    for word, model in MODELS.items():
        told = " ".join(row[1] for row in rows[word])
        assert [key for key in keys(model).keys() - SHARED if f"`{key}" not in told] == [], word


@pytest.mark.parametrize("word", MODELS)
def test_a_word_is_verified_as_documented(word: str, tmp_path: Path) -> None:
    (stated,) = {verified for row, _, verified in documented() if row == word and verified}
    assert fault_of(word, tmp_path).verified_by == Verification(stated)


@pytest.mark.parametrize("word", MODELS)
def test_a_word_does_something_at_its_full_strength(word: str, tmp_path: Path) -> None:
    fault = fault_of(word, tmp_path)
    assert fault.what == word
    if isinstance(fault, LinkFault):
        assert fault.directions
        assert fault.change != LinkChange()


@pytest.mark.parametrize("word", MODELS)
def test_a_fault_survives_the_file(word: str, tmp_path: Path) -> None:
    plan = plan_with(word, tmp_path)
    assert documents.load(Plan, documents.dump(plan), "plan.json") == plan


def test_a_word_that_leaves_a_part_open_is_no_event() -> None:
    """Were it a blackhole by default, nobody would notice."""

    class Unfinished(EventBase):
        """It does not say what it does."""

        what: Literal["unfinished"]

    with pytest.raises(TypeError, match="abstract method"):
        Unfinished.model_validate({"what": "unfinished", "at": "1s", "for": "1s"})


def test_the_words_strike_links_and_every_kind_of_process(tmp_path: Path) -> None:
    found = [fault_of(word, tmp_path) for word in MODELS]
    assert {fault.process.kind for fault in found if isinstance(fault, ProcessFault)} == {
        *("relay", "controller", "directory", "switch", "switches")
    }
    assert {fault.verified_by for fault in found} == set(Verification)
