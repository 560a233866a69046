#!/usr/bin/python3 -I
"""In the place of `run_scenario.py`: plays nothing, and leaves what a run left that was recorded.

What becomes of a scenario its file's name says: that of a folder beside this program, whose run is copied, or a word in
ENDS. `waits` waits for SIGTERM. `flaky-N` is inconclusive up to its Nth attempt, which passes. Its command lines are
in a file beside it.
"""

import fcntl
import json
import os
import shutil
import signal
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import NoReturn

BESIDE = Path(__file__).resolve().parent
CODES = {"pass": 0, "fail": 1, "inconclusive": 3}
ENDS = {
    "refused": (2, "refused.yaml:3:11: unknown topology 'us-triangel'; did you mean 'us-triangle'?"),
    "bug": (70, "run_scenario.py: a bug in Blipnet itself: boom; the traceback is in /var/tmp/x.txt"),
    "unwritable": (74, "run_scenario.py: standard output: No space left on device"),
    "sudo": (1, "sudo: a password is required"),
}


def main() -> int:
    """Do as the real command would, by the scenario's name."""
    parser = ArgumentParser()
    parser.add_argument("command", choices=["run"])
    for option in ("--out", "--relay", "--seed"):
        parser.add_argument(option)
    parser.add_argument("--attempts", type=int, default=1)
    parser.add_argument("--set", action="append", default=[])
    parser.add_argument("file")
    given = parser.parse_args()
    with (BESIDE / "calls.jsonl").open("a") as calls:
        calls.write(json.dumps(vars(given)) + "\n")
    name = Path(given.file).stem
    if name == "waits":
        wait_for_the_end()
    if name in ENDS:
        code, line = ENDS[name]
        print(line, file=sys.stderr)
        return code
    with Path(os.environ["BLIPNET_LOCK"]).open("a") as machine:
        fcntl.flock(machine, fcntl.LOCK_EX)
        return CODES[verdict_of(name, given)]


def wait_for_the_end() -> NoReturn:
    """Tell the caller that SIGTERM is waited for, and leave `ended` when it comes."""

    def end(*_: object) -> NoReturn:
        (BESIDE / "ended").touch()
        sys.exit(130)

    signal.signal(signal.SIGTERM, end)
    os.kill(os.getppid(), signal.SIGUSR1)
    while True:
        signal.pause()


def verdict_of(name: str, given: Namespace) -> str:
    """Make the run directories of all attempts; the verdict of the last one."""
    word, _, number = name.partition("-")
    for attempt in range(1, given.attempts + 1):
        undecided = word == "flaky" and attempt < int(number)
        run = Path(given.out) / name / f"20260512T17160{attempt}Z-abcdef"
        verdict = made(run, "pass" if word == "flaky" else name, given.seed, undecided)
        if verdict != "inconclusive":
            break
    return verdict


def made(run: Path, recorded: str, seed: str, undecided: bool) -> str:
    """Make a run directory; the verdict of its summary, `inconclusive` of a run without one."""
    shutil.copytree(BESIDE / recorded, run, copy_function=shutil.copy)
    plan = json.loads((run / "plan.json").read_text())
    (run / "plan.json").write_text(json.dumps({**plan, "seed": int(seed or plan["seed"])}))
    if not (run / "summary.json").exists():
        print("the run was kept from its end: no space left", file=sys.stderr)
        return "inconclusive"
    summary = json.loads((run / "summary.json").read_text())
    if undecided:
        summary |= {"verdict": "inconclusive", "reasons": ["undecided: media.interruption_ms.max < 400ms"]}
        (run / "summary.json").write_text(json.dumps(summary))
    return str(summary["verdict"])


if __name__ == "__main__":
    sys.exit(main())
