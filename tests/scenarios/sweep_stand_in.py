"""Stands in for `sweep-run`: takes the same plan, the same lock and the same leash, and judges without a network.

    python sweep_stand_in.py JOURNAL --out RUNS

In the journal is a line for each beginning of a run, with the process that started it, and for each end, in order.
A run ends once fewer have ended than the file beside the journal permits, if there is one. It fails if it has more
than 50 sessions, and its interruption is as long in ms as it has sessions. Needs the standard library alone.
"""

from __future__ import annotations

import fcntl
import json
import os
import select
import sys
from pathlib import Path
from typing import Any

FAILS_ABOVE = 50
POLL_S = 0.02


def main() -> int:
    journal, runs = Path(sys.argv[1]), Path(sys.argv[3])
    plan = json.loads(sys.stdin.buffer.readline())
    with Path(os.environ["BLIPNET_LOCK"]).open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        name = f"{plan['seed']}-{count_of(plan)}"
        note(journal, f"begin {name} {os.getppid()}")
        if let_go_before_permitted(journal):
            note(journal, f"stop {name}")
            return 130
        note(journal, f"end {name}")
    root = runs / plan["scenario"] / f"run-{os.getpid()}"
    root.mkdir(parents=True)
    (root / "report.html").write_text(f"page of {name}")
    print(json.dumps({"root": str(root), "seconds": 0.0, "values": values_of(plan, root)}))
    return 1 if count_of(plan) > FAILS_ABOVE else 0


def count_of(plan: dict[str, Any]) -> int:
    return int(plan["sessions"][0]["count"])


def values_of(plan: dict[str, Any], root: Path) -> dict[str, object]:
    count = count_of(plan)
    fails = count > FAILS_ABOVE
    measured = {"value": float(count), "low": float(count), "high": float(count), "better": "lower"}
    return {
        "run": str(root),
        "scenario": plan["scenario"],
        "seed": plan["seed"],
        "verdict": "fail" if fails else "pass",
        "reasons": ["too many"] if fails else ["all is well"],
        "failed": False,
        "expected": ["media.interruption_ms.max"],
        "values": {"media.interruption_ms.max": measured},
    }


def let_go_before_permitted(journal: Path) -> bool:
    """Wait until the run may end; whether the leash was let go of before that."""
    while not permitted(journal):
        if select.select([0], [], [], POLL_S)[0] and not os.read(0, 4096):
            return True
    return False


def permitted(journal: Path) -> bool:
    permits = journal.with_suffix(".permits")
    ended = sum(line.startswith("end ") for line in journal.read_text().splitlines())
    return not permits.exists() or ended < int(permits.read_text())


def note(journal: Path, line: str) -> None:
    with journal.open("a") as file:
        file.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
