"""Where the parts of a virtual machine are kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from scenarios.errors import MachineError
from scenarios.vm import build


def test_a_folder_of_parts_that_cannot_be_made_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a read-only checkout."""
    (tmp_path / "file").touch()
    monkeypatch.setattr(build, "FOLDER", tmp_path / "file" / ".vm")
    with pytest.raises(MachineError) as caught:
        build.project_sources((), lambda _: None)
    assert str(caught.value) == (
        f"no virtual machine without a place for its parts: {tmp_path}/file/.vm: Not a directory"
    )
