"""Compiled code is where its name says so, and the cache's key covers all that may be compiled into it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hostio.compiled import compiled_sources

HOUSE = Path(__file__).resolve().parent.parent.parent
USES_COMPILER = re.compile(r"^@compiled$", re.MULTILINE)
COMPILED = [
    path
    for room in sorted(HOUSE.glob("*/__init__.py"))
    for path in sorted(room.parent.rglob("*.py"))
    if USES_COMPILER.search(path.read_text(encoding="utf-8"))
]
EVENT_LOOPS = {"client_loops.py", "forwarding_loop.py", "gateway_loop.py", "load_loop.py", "wire_loop.py"}


@pytest.mark.parametrize("path", COMPILED, ids=lambda path: str(path.relative_to(HOUSE)))
def test_the_name_says_that_it_is_compiled(path: Path) -> None:
    assert path.name in EVENT_LOOPS or path.name == "compiled.py" or path.name.endswith("_compiled.py")


def test_nothing_else_is_called_so() -> None:
    suspects = {path for room in HOUSE.glob("*/__init__.py") for path in room.parent.rglob("*_loop*.py")}
    assert {path.name for path in suspects} == EVENT_LOOPS


def test_the_key_covers_compiled_modules_and_what_they_import_at_any_distance() -> None:
    covered = compiled_sources(HOUSE)
    assert covered >= set(COMPILED)
    for distant in ("topologies/link_backend.py", "relay_app/records.py", "relay_app/rtp.py", "hostio/timing.py"):
        assert HOUSE / distant in covered


def test_setup_compiles_anew_when_any_of_them_changes() -> None:
    (line,) = [line for line in (HOUSE / "scripts/setup").read_text().splitlines() if line.startswith("compiled=")]
    patterns = re.findall(r"\S+\.py", line)
    hashed = {path for pattern in patterns for path in HOUSE.glob(pattern)}
    assert compiled_sources(HOUSE) <= hashed
