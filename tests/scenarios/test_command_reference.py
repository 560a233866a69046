"""`docs/commands.md` is what the parsers of the commands and the scripts say."""

from __future__ import annotations

import subprocess

from scenarios.commands.reference import REFERENCE, help_of, page, scripts_of
from scenarios.paths import PROJECT


def test_the_page_is_what_the_parsers_make_it() -> None:
    fresh = REFERENCE.read_text(encoding="utf-8") == page(scripts_of(PROJECT))
    assert fresh, f"{REFERENCE.name} is not what the parsers say; run .venv/bin/python -m scenarios.commands.reference"


def test_a_script_prints_what_the_page_has() -> None:
    script = PROJECT / "scripts" / "check"
    printed = subprocess.run([script, "--help"], capture_output=True, text=True, check=True).stdout
    assert printed == help_of(script.read_text(encoding="utf-8"))
