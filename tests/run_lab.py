"""Whole runs, as a user starts them, and what they leave."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import jsonschema
from run_record import InconclusiveError, RunRecord, undisturbed

from results.run_files.plan_formats import read_plan
from results.run_files.run_dir import RunDir
from scenarios.run.space import space_needed
from scenarios.suites.attempts import ATTEMPTS

PROJECT = Path(__file__).resolve().parent.parent
RUN_SCENARIO = PROJECT / "run_scenario.py"
ONE_BLIP = PROJECT / "scenarios" / "one-blip.yaml"
SCHEMA = json.loads((PROJECT / "results" / "summary.schema.json").read_text())

STARTED_WITHIN_S = 60.0
SMALL = ("--set", "sessions.0.count=10")
BRIEF = (*SMALL, "--set", "duration=6s", "--set", "events.0.at=1s")
"""One-blip in half its time."""


def start(*arguments: str | Path, stderr: int = subprocess.STDOUT, **options: Any) -> subprocess.Popen[str]:
    """In a `with`, so that a test that fails meanwhile leaves no run behind: one whose output nobody reads ends."""
    argv = [sys.executable, str(RUN_SCENARIO), *map(str, arguments)]
    return subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=stderr, text=True, **options)


def finished(process: subprocess.Popen[str]) -> tuple[int, str]:
    with process:
        output, _ = process.communicate(timeout=150)
    return process.returncode, output


def summary_of(runs: Path, scenario: str = "one-blip") -> tuple[Path, dict[str, Any]]:
    (run,) = (runs / scenario).iterdir()
    summary = json.loads((run / "summary.json").read_text())
    jsonschema.validate(summary, SCHEMA)
    return run, summary


def written(runs: Path, name: str) -> str:
    return "".join(path.read_text() for path in runs.glob(f"*/*/{name}"))


@dataclass(frozen=True)
class Run:
    """A run that came to its end: its directory, exit code and summary, and what was said while it went by."""

    root: Path
    code: int
    output: str
    summary: dict[str, Any]

    @property
    def has_verdict(self) -> bool:
        """Whether it passed or failed, whatever the machine did."""
        return bool(self.summary["verdict"] != "inconclusive")

    @property
    def conclusive(self) -> bool:
        """Whether it passed or failed, and every check of the testbed held: its figures are then the scenario's."""
        return self.has_verdict and all(check["ok"] for check in self.summary["fidelity"])

    @property
    def undisturbed(self) -> bool:
        """Whether it passed or failed, and nothing disturbed it."""
        return self.has_verdict and undisturbed(self.summary)

    def lines(self, name: str) -> list[dict[str, Any]]:
        """The records of a file with one JSON object per line."""
        return [json.loads(line) for line in (self.root / name).read_text().splitlines()]

    def require(self, believed: bool) -> None:
        """InconclusiveError if what a test is about to claim cannot be judged from this run."""
        if not believed:
            why = f"{'; '.join(self.summary['reasons'])}; others: {self.summary['machine']['others']}"
            raise InconclusiveError(f"{self.root.parent.name} is {self.summary['verdict']}: {why}")

    def bears(self, holds: bool) -> bool:
        """`holds`; InconclusiveError if a claim does not hold and other programs can be why.

        A claim that holds needs no quiet machine: others can only take away from a punctuality that was seen.
        """
        self.require(holds or self.undisturbed)
        return holds


Believed = Callable[[Run], bool]
Seen = TypeVar("Seen")


def conclusive(run: Run) -> bool:
    return run.conclusive


def played(out: Path, scenario: Path, *settings: str) -> Run:
    """Play a scenario once, with these settings. For claims that bear any load: it is not entered."""
    code, output = finished(
        start("run", scenario, "--out", out, *(word for each in settings for word in ("--set", each)))
    )
    (folder,) = out.iterdir()
    assert list(folder.glob("*/summary.json")), output
    root, summary = summary_of(out, folder.name)
    assert not any("the run failed" in each or "ended early" in each for each in summary["reasons"]), output
    assert size_of(root) <= space_needed(read_plan(RunDir(root).plan)).peak_bytes, "a run took more room than estimated"
    return Run(root, code, output, summary)


def play(runs: RunRecord, out: Path, scenario: Path, *settings: str) -> Run:
    """Play a scenario once, with these settings, and enter it."""
    run = played(out, scenario, *settings)
    runs.enter(run.summary)
    return run


def attempted(runs: RunRecord, out: Path, scenario: Path, *settings: str, believed: Believed = conclusive) -> Run:
    """The first of at most ATTEMPTS runs that can be believed, or else the last of those that nothing disturbed, or the
    last; all are entered. The first may have the company of other tests; what it shows nevertheless is true.

    One that nothing is known to have disturbed is repeated as well: no record has all that slows a virtual machine.
    """
    made = []
    for attempt in range(ATTEMPTS):
        if attempt:
            runs.alone()
        run = played(out / f"attempt-{attempt}", scenario, *settings)
        runs.enter(run.summary)
        if believed(run):
            return run
        made.append(run)
    runs.unmet += sum(each.undisturbed for each in made)
    return next((each for each in reversed(made) if each.undisturbed), made[-1])


def decided(runs: RunRecord, out: Path, scenario: Path, *settings: str) -> Run:
    """A conclusive run; InconclusiveError if no attempt came to one."""
    run = attempted(runs, out, scenario, *settings)
    run.require(run.conclusive)
    return run


def size_of(folder: Path) -> int:
    """Bytes of all files below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def descendants(pid: int) -> Iterator[int]:
    yield pid
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(FileNotFoundError, ProcessLookupError):
            for child in task.read_text().split():
                yield from descendants(int(child))


def seen(pids: Iterable[int], look: Callable[[int], Seen]) -> Iterator[Seen]:
    """What `look` finds of each process that is still there: a command of the run may have ended meanwhile."""
    for pid in pids:
        with suppress(FileNotFoundError, ProcessLookupError):
            yield look(pid)


def command_name(pid: int) -> str:
    return Path(f"/proc/{pid}/comm").read_text().strip()


def named(run: int, name: str) -> list[int]:
    """The processes of a run whose command has this name (its first 15 characters)."""
    return [pid for pid, its in seen(descendants(run), lambda pid: (pid, command_name(pid))) if its == name]


AS_NOBODY = """
set -e
project=$1
shift
mount -t tmpfs -o mode=755 tmpfs /mnt
mkdir /mnt/project /mnt/runs
mount --bind "$project" /mnt/project
mknod -m 666 /mnt/tun c 10 200
mount --bind /mnt/tun /dev/net/tun
chown 65534:65534 /mnt/runs
top=/$(echo "$project" | cut -d / -f 2)
mount -t tmpfs -o mode=1777 tmpfs "$top"
mkdir -p "$project"
mount --bind /mnt/project "$project"
mount -o remount,bind,ro "$project"
cd "$project"
nobody="setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all"
env -u HOME -u NUMBA_CACHE_DIR -u BLIPNET_LOCK \\
    $nobody ./run_scenario.py run scenarios/one-blip.yaml "$@" --out /mnt/runs >&2 || true
cat /mnt/runs/one-blip/*/plan.json
echo SUMMARY
cat /mnt/runs/one-blip/*/summary.json
"""
"""Whatever the permissions above the checkout: nobody sees it at its own path, where no one can write, and has no home,
but a tun device that all may open."""
