"""A testbed that plays nothing: its command leaves what recorded runs left. And a session of pytest that used it."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from results.metrics.analysis import analyse
from results.report.report import read_evidence
from results.report.tables import InterruptionRow, interruption_rows, table_csv
from results.run_files.run_dir import RunDir

BESIDE = Path(__file__).parent
RECORDED = BESIDE.parent / "results" / "recorded"
OF_VERDICTS = {"pass": "one-blip", "fail": "incident-short"}

SCENARIO = "name: {name}\ntopology: us-triangle\nduration: 12s\nsessions: []\n"


@dataclass(frozen=True)
class StandIn:
    """The testbed at `home`."""

    home: Path

    def calls(self) -> list[dict[str, Any]]:
        """What its command was called with, since this was asked last."""
        path = self.home / "calls.jsonl"
        lines = path.read_text().splitlines() if path.exists() else []
        path.unlink(missing_ok=True)
        return [json.loads(line) for line in lines]


@dataclass(frozen=True)
class Session:
    """A session in a repository of its own: how it ended, what it printed, and what the testbed was asked."""

    folder: Path
    code: int
    text: str
    calls: list[dict[str, Any]]

    def called(self, name: str) -> list[dict[str, Any]]:
        """The calls with a scenario file of this path."""
        return [call for call in self.calls if call["file"] == str(self.folder / name)]

    def runs_of(self, scenario: str) -> list[Path]:
        """The run directories that are left of a scenario."""
        return sorted(self.folder.glob(f"blipnet-runs/*/{scenario}/*"))

    def shows(self, *lines: str) -> bool:
        """Whether these lines were printed."""
        printed = self.text.splitlines()
        return all(line in printed for line in lines)

    def outcome(self, test: str) -> str:
        """The word behind a test's name."""
        (line,) = [line for line in self.text.splitlines() if f"::{test} " in line and "%]" in line]
        return line.split(f"::{test} ")[1].split()[0]


def stand_in(home: Path) -> StandIn:
    """Make one in an empty folder."""
    shutil.copy(BESIDE / "stand_in.py", home / "run_scenario.py")
    for verdict, name in OF_VERDICTS.items():
        run = RunDir(home / verdict)
        shutil.copytree(RECORDED / name / "run", run.root)
        shutil.copy(RECORDED / name / "summary.json", run.summary)
        evidence = read_evidence(run)
        run.interruptions.write_text(
            table_csv(InterruptionRow, interruption_rows(analyse(evidence), evidence.plan)), encoding="utf-8"
        )
        run.latency_plot.touch()
    (home / "spoilt").mkdir()
    shutil.copy(home / "pass" / "plan.json", home / "spoilt")
    return StandIn(home)
