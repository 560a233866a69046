"""In which order workers take the files of tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest
from turns import company_of, in_turn, without_long


@dataclass(frozen=True)
class Item:
    """As much of a test as its turn depends on."""

    path: Path
    marks: tuple[str, ...] = ()

    def get_closest_marker(self, name: str) -> str | None:
        return name if name in self.marks else None


def order(folder: Path, lengths: dict[str, int], marks: Mapping[str, tuple[str, ...]]) -> list[str]:
    for name, length in lengths.items():
        (folder / name).write_text("x" * length)
    items = [Item(folder / name, marks.get(name, ())) for name in sorted(lengths)]
    return [item.path.name for item in in_turn(cast("list[pytest.Item]", items))]


def test_long_files_come_first_one_that_waits_beside_one_that_computes_and_the_machine_last(tmp_path: Path) -> None:
    lengths = {"short": 1, "longest": 9, "long": 5, "waits-long": 4, "waits-short": 2, "runs": 99}
    marks = {"waits-long": ("waits",), "waits-short": ("waits",), "runs": ("root",)}
    assert order(tmp_path, lengths, marks) == ["longest", "waits-long", "long", "waits-short", "short", "runs"]


def test_a_file_with_a_time_limit_of_its_own_comes_before_longer_ones(tmp_path: Path) -> None:
    lengths = {"short": 1, "long": 5, "limited": 2, "waits": 4, "waits-limited": 3}
    marks = {"limited": ("timeout",), "waits": ("waits",), "waits-limited": ("waits", "timeout")}
    assert order(tmp_path, lengths, marks) == ["limited", "waits-limited", "long", "waits", "short"]


def test_what_bears_load_has_company_and_machines_are_booted_first(tmp_path: Path) -> None:
    lengths = {"short": 1, "long": 5, "boots": 2, "runs": 99, "bears": 3, "some": 4, "slow": 4}
    marks = {
        "boots": ("vm", "bears_load"),
        "runs": ("root",),
        "bears": ("root", "bears_load", "waits"),
        "slow": ("root", "repeats_alone", "timeout"),
        "some": ("root", "repeats_alone"),
    }
    assert order(tmp_path, lengths, marks) == ["boots", "long", "bears", "short", "slow", "some", "runs"]


@pytest.mark.parametrize(
    ("marks", "company", "late"),
    [
        ((), "all", "few"),
        (("root",), "none", "none"),
        (("root", "bears_load"), "all", "few"),
        (("vm", "repeats_alone"), "few", "few"),
    ],
)
def test_a_test_has_the_company_that_it_bears_and_comes_late_with_its_file(
    marks: tuple[str, ...], company: str, late: str, tmp_path: Path
) -> None:
    item = cast("pytest.Item", Item(tmp_path, marks))
    assert (company_of(item, set()), company_of(item, {tmp_path})) == (company, late)


def test_a_file_of_which_one_test_runs_alone_is_taken_with_those_that_do(tmp_path: Path) -> None:
    mixed, other = tmp_path / "mixed", tmp_path / "other"
    for path in (mixed, other):
        path.touch()
    items = [Item(mixed), Item(mixed, ("root",)), Item(other)]
    found = in_turn(cast("list[pytest.Item]", items))
    assert [(item.path, item.get_closest_marker("root")) for item in found] == [
        (other, None), (mixed, None), (mixed, "root")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "selected"),
    [
        ("", ""),
        ("root and long", "root and long"),
        ("not vm and not long", "not vm and not long"),
        ("root or vm", "(root or vm) and not long"),
    ],
)
def test_what_takes_long_is_selected_by_its_name_or_with_all(asked: str, selected: str) -> None:
    assert without_long(asked) == selected
    assert without_long(selected) == selected, "workers are given what was made of it"
