"""A machine that takes jobs of GitHub or GitLab, as far as a shell is one: it runs a template's steps in a repository.

What the template's own actions do (check out, cache, upload) is not done.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

SUDO = """\
#!/bin/bash
# As sudo(8) with env_reset: of the caller's variables only those that it is told to keep.
kept=(PATH="$PATH" HOME="$HOME")
while [[ "$1" == -* ]]; do
    if [[ "$1" == --preserve-env=* ]]; then
        IFS=, read -ra names <<<"${1#*=}"
        for name in "${names[@]}"; do kept+=("$name=${!name}"); done
    fi
    shift
done
exec env -i "${kept[@]}" "$@"
"""

SETUP = """\
#!/bin/bash
echo set-up >>"$(dirname "$0")/../calls"
mkdir -p "$(dirname "$0")/../.venv"
touch "$(dirname "$0")/../.venv/installed"
"""

PROGRAM = '''\
#!/usr/bin/python3 -I
"""In the place of run_scenario.py: plays nothing, notes down how it was called, and writes what it is told to write."""
import json, os, pathlib, sys

given = sys.argv[1:]
with (pathlib.Path(__file__).parent / "called.jsonl").open("a") as calls:
    calls.write(json.dumps([given, dict(os.environ)]) + "\\n")
if given[0] == "doctor":
    sys.exit(0)
for option in ("--junit", "--markdown"):
    if option in given:
        pathlib.Path(given[given.index(option) + 1]).write_text("written by " + option + "\\n")
out = pathlib.Path(given[given.index("--out") + 1]) / "blip" / "run"
out.mkdir(parents=True, exist_ok=True)
(out / "report.html").touch()
if "--json" in given:
    print((pathlib.Path(__file__).parent / "printed.json").read_text())
if summary := os.environ.get("GITHUB_STEP_SUMMARY"):
    pathlib.Path(summary).open("a").write("a summary\\n")
sys.exit(int((pathlib.Path(__file__).parent / "code").read_text()))
'''


@dataclass(frozen=True)
class Called:
    """A call of run_scenario.py."""

    argv: tuple[str, ...]
    environ: Mapping[str, str]


@dataclass(frozen=True)
class Ended:
    """A job that has ended: the exit code of its first step that failed, or 0, and all that was printed."""

    code: int
    printed: str


@dataclass(frozen=True)
class Machine:
    """One that is new.

    `home`: of its user; `repository`: what is checked out; `origin`: a repository with a Blipnet that plays nothing.
    """

    home: Path
    repository: Path
    origin: Path

    def calls(self, blipnet: Path) -> list[Called]:
        """Those of the command line of a clone, in order."""
        lines = (blipnet / "called.jsonl").read_text().splitlines()
        return [Called(tuple(argv), environ) for argv, environ in map(json.loads, lines)]

    def run(self, script: str, environ: Mapping[str, str]) -> Ended:
        """Run a step as both do, by bash -e with pipefail, in the repository."""
        path = f"{self.home}/bin:{os.environ['PATH']}"
        ended = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
            cwd=self.repository,
            env={"HOME": str(self.home), "PATH": path, "LANG": "C.UTF-8", **environ},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )
        return Ended(ended.returncode, ended.stdout)


def machine(folder: Path, code: int, printed: Mapping[str, Any] = MappingProxyType({})) -> Machine:
    """Make one. Its Blipnet's runs end with `code`, and print `printed` as JSON."""
    home, origin, repository = folder / "home", folder / "origin", folder / "repository"
    files = {
        home / "bin" / "sudo": SUDO,
        origin / "scripts" / "setup": SETUP,
        origin / "run_scenario.py": PROGRAM,
        origin / "code": str(code),
        origin / "printed.json": json.dumps(dict(printed)),
        origin / "constraints.txt": "a==1\n",
        origin / ".gitignore": ".venv\ncalls\ncalled.jsonl\n",
    }
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755 if text.startswith("#!") else 0o644)
    (repository / "blips").mkdir(parents=True)
    for name in ("one", "two"):
        (repository / "blips" / f"{name}.yaml").write_text(f"name: {name}\n")
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b", "-C", str(origin)]
    for command in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-q", "-m", "All"]):
        subprocess.run([*git, *command], check=True)
    return Machine(home, repository, origin)


_EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")


def substituted(text: str, values: Mapping[str, str]) -> str:
    """A text with GitHub's expressions replaced; KeyError for one without a value."""
    return _EXPRESSION.sub(lambda found: values[found[1]], text)


def files_of(patterns: Sequence[str], folder: Path) -> list[list[Path]]:
    """The files that each pattern of artifacts finds."""
    return [sorted(folder.glob(f"{each}**" if each.endswith("/") else each)) for each in patterns]
