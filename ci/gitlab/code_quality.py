"""Makes a Code Quality report of GitLab of what `run --json` printed: what failed, or was undecided, at its line of the
scenario file. Reads standard input, writes standard output, and needs Python 3.10 alone.

The format: https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SEVERITIES = {"fail": "major", "inconclusive": "minor"}


def report(played: dict[str, Any], folder: Path) -> list[dict[str, Any]]:
    """An entry for each expectation that does not hold, and for each scenario that no expectation explains.

    Files are told from `folder`, the repository's.
    """
    return [entry for scenario in played["played"] for entry in _entries(scenario, folder)]


def _entries(scenario: dict[str, Any], folder: Path) -> Iterator[dict[str, Any]]:
    if (severity := SEVERITIES.get(scenario["verdict"])) is None:
        return
    missed = [each for each in scenario["expectations"] if each["ok"] is not True and not each["not_told"]]
    for each in missed:
        word = "expected" if each["ok"] is False else "undecided:"
        found = "found nothing" if each["value"] is None else f"found {each['value']:g}"
        yield _entry(scenario, f"{word} {each['text']}, {found}", each["text"], severity, folder)
    if not missed:
        yield _entry(scenario, "; ".join(scenario["reasons"]) or scenario["verdict"], "", severity, folder)


def _entry(scenario: dict[str, Any], said: str, expectation: str, severity: str, folder: Path) -> dict[str, Any]:
    path = os.path.relpath(Path(scenario["file"] or scenario["scenario"]).resolve(), folder.resolve())
    identity = f"{path}\n{scenario['scenario']}\n{scenario['relay']}\n{expectation}"
    return {
        "description": f"{scenario['scenario']}, relay {scenario['relay']}: {said}",
        "check_name": "blipnet",
        "fingerprint": hashlib.sha256(identity.encode()).hexdigest(),
        "severity": severity,
        "location": {"path": path, "lines": {"begin": scenario["lines"].get(expectation, 1)}},
    }


def main() -> None:
    """Report of a command that was refused, and so printed nothing: no entries."""
    text = sys.stdin.read()
    entries = report(json.loads(text), Path.cwd()) if text.strip() else []
    json.dump(entries, sys.stdout, indent=2, ensure_ascii=False)
    print()


if __name__ == "__main__":
    main()
