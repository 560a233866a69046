"""What docs/fidelity.md says of the limits that a scenario may set, against what they are."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

from results.run_files.plan import DEFAULT_LIMITS, FidelityLimits
from scenarios.language.library import LIBRARY, load_plan

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "fidelity.md"
STATED = dict(re.findall(r"^\| `(\w+): ([^`]+)` \|", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE))


def test_every_limit_is_stated_with_its_default() -> None:
    assert STATED.keys() == {field.name.removesuffix("_ns") for field in fields(FidelityLimits)}
    settings = [f"fidelity.{name}={default}" for name, default in STATED.items()]
    assert load_plan(LIBRARY / "one-blip.yaml", overrides=settings).fidelity == DEFAULT_LIMITS
