"""`docs/commands.md` is what the parsers of the commands and the scripts say."""

from __future__ import annotations

import subprocess
import sys
from difflib import unified_diff

from scenarios.commands.reference import REFERENCE, help_of
from scenarios.paths import PROJECT

WRITES = """
from scenarios.commands.reference import page, scripts_of
from scenarios.paths import PROJECT
print(page(scripts_of(PROJECT)), end="")
"""


def test_the_page_is_what_the_parsers_make_it() -> None:
    """In an interpreter of its own, as whoever writes it anew has (python -m scenarios.commands.reference)."""
    made = subprocess.run(
        [sys.executable, "-c", WRITES], cwd=PROJECT, capture_output=True, text=True, check=True
    ).stdout
    was = REFERENCE.read_text(encoding="utf-8")
    assert [*unified_diff(was.splitlines(), made.splitlines(), lineterm="", n=0)] == []


def test_a_script_prints_what_the_page_has() -> None:
    script = PROJECT / "scripts" / "check"
    printed = subprocess.run([script, "--help"], capture_output=True, text=True, check=True).stdout
    assert printed == help_of(script.read_text(encoding="utf-8"))
