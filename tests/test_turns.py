"""In which order workers take the files of tests."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest
from turns import in_turn


@dataclass(frozen=True)
class Item:
    """As much of a test as its turn depends on."""

    path: Path
    mark: str = ""

    def get_closest_marker(self, name: str) -> str | None:
        return name if name == self.mark else None


def test_long_files_come_first_one_that_waits_beside_one_that_computes_and_the_machine_last(tmp_path: Path) -> None:
    lengths = {"short": 1, "longest": 9, "long": 5, "waits-long": 4, "waits-short": 2, "runs": 99}
    for name, length in lengths.items():
        (tmp_path / name).write_text("x" * length)
    marks = {"waits-long": "waits", "waits-short": "waits", "runs": "root"}
    items = [Item(tmp_path / name, marks.get(name, "")) for name in sorted(lengths)]
    found = in_turn(cast("list[pytest.Item]", items))
    assert [item.path.name for item in found] == ["longest", "waits-long", "long", "waits-short", "short", "runs"]
