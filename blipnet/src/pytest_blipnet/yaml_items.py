"""Scenario files as tests of their own."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from pytest_blipnet.plays import judge, play, settings_for

_SUFFIXES = (".yaml", ".yml")
_KEYS = ("name", "topology", "duration", "sessions")
"""What every scenario has at its top. Whether the rest of it is one the command says."""


def is_scenario(path: Path) -> bool:
    """Whether a YAML file has the keys that all scenarios have."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return False
    return all(re.search(rf"^['\"]?{key}['\"]?\s*:", text, re.MULTILINE) for key in _KEYS)


def collected(file_path: Path, parent: pytest.Collector) -> ScenarioFile | None:
    """The test of a scenario file; also of another YAML file, if that was named on the command line."""
    if file_path.suffix not in _SUFFIXES:
        return None
    if parent.session.isinitpath(file_path) or is_scenario(file_path):
        file: ScenarioFile = ScenarioFile.from_parent(parent, path=file_path)
        return file
    return None


class ScenarioFile(pytest.File):
    """A scenario file, which is one test."""

    def collect(self) -> Iterable[ScenarioItem]:
        """That test."""
        yield ScenarioItem.from_parent(self, name=self.path.stem)


class ScenarioItem(pytest.Item):
    """A scenario file, played with the relay that the command line names."""

    def runtest(self) -> None:
        """Play it. ScenarioFailedError, NoVerdictError."""
        judge(play(self, self.path, settings_for(self).relay, (), None))

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where it is, and what it is called."""
        return self.path, None, f"scenario {self.name}"
