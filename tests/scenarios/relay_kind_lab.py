"""Plans with relay programs of a test."""

from __future__ import annotations

from pathlib import Path

from results.run_files.plan import Plan
from scenarios.language.library import LIBRARY, load_plan

ONE_BLIP = LIBRARY / "one-blip.yaml"


def folder(path: Path, text: str = "command: [sh, -c, 'exit 3']\n") -> Path:
    path.mkdir()
    (path / "relay.yaml").write_text(text)
    return path


def plan_with(kind: Path | str, *settings: str) -> Plan:
    return load_plan(ONE_BLIP, overrides=[f"relays.kind={kind}", *settings])
