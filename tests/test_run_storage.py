"""Runs whose directory takes no more, at every phase: one line says so, nothing is left running, the rest is kept."""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from run_lab import ONE_BLIP, RUN_SCENARIO, STARTED_WITHIN_S, command_name, descendants, seen, written

from hostio.storage import room_at
from hostio.timing import wait_until
from results.run_files.plan import Plan
from results.run_files.run_dir import RunDir
from scenarios.cli.doctor import diagnose
from scenarios.cli.environment import environment_for
from scenarios.language.library import load_plan
from scenarios.paths import new_run_dir
from scenarios.run.host_side import run_plan
from scenarios.run.limits import Allowances

pytestmark = [pytest.mark.bears_load, pytest.mark.waits]

SHORT = ("duration=3s", "events.0.at=1s", "events.0.for=500ms", "sessions.0.count=10")
ROOMY = "size=40m"
RECORDED = Path(__file__).parent / "results" / "recorded" / "one-blip" / "run"

ON_DISK = 'mount -t tmpfs -o "$1" tmpfs "$2"; shift 2; exec "$@"'
"""In a mount namespace of its own: nobody else sees the file system, and it goes with the last process that uses it."""


@dataclass(frozen=True)
class OnDisk:
    """A command, the file system that it writes to as seen from here, and its mount namespace."""

    process: subprocess.Popen[str]
    folder: Path
    mounts: str

    def finished(self) -> tuple[int, str, str]:
        output, errors = self.process.communicate(timeout=150)
        return self.process.returncode, output, errors


@contextmanager
def on_disk(tmp_path: Path, options: str, *command: str | Path) -> Iterator[OnDisk]:
    """Start a command with a tmpfs of these options at `tmp_path`."""
    script = ["unshare", "--mount", "sh", "-ec", ON_DISK, "sh", options, str(tmp_path), *map(str, command)]
    process = subprocess.Popen(script, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    seen = Path(f"/proc/{process.pid}/root{tmp_path}")
    assert wait_until(lambda: seen.stat().st_dev != tmp_path.stat().st_dev, 30)
    # Both keep the file system when the command has ended.
    folder = os.open(seen, os.O_RDONLY | os.O_DIRECTORY)
    mounts = os.open(f"/proc/{process.pid}/ns/mnt", os.O_RDONLY)
    try:
        yield OnDisk(process, Path(f"/proc/self/fd/{folder}"), f"/proc/{os.getpid()}/fd/{mounts}")
    finally:
        process.kill()
        process.communicate()
        os.close(folder)
        os.close(mounts)


def a_run(out: Path) -> list[str | Path]:
    settings = [word for each in SHORT for word in ("--set", each)]
    return [sys.executable, RUN_SCENARIO, "run", ONE_BLIP, "--out", out, *settings]


def fill(folder: Path) -> None:
    """Leave not one block."""
    with (folder / "ballast").open("wb", buffering=0) as ballast, suppress(OSError):
        while ballast.write(bytes(4096)):
            pass
    assert room_at(folder).free_bytes == 0


def one_line(errors: str) -> str:
    lines = errors.splitlines()
    assert len(lines) == 1, errors
    return lines[0]


@pytest.mark.root
def test_a_run_that_will_not_fit_is_refused_before_it_starts(tmp_path: Path) -> None:
    with on_disk(tmp_path, "size=1m", *a_run(tmp_path)) as disk:
        code, output, errors = disk.finished()
        assert list(disk.folder.iterdir()) == []
    assert code == 2
    assert output == ""
    assert one_line(errors).startswith(f"{tmp_path}: a run of one-blip needs ")
    assert "1.0 MB are free; say with --out where there is more" in errors


@pytest.mark.root
def test_a_read_only_file_system_is_one_line_before_anything_starts(tmp_path: Path) -> None:
    with on_disk(tmp_path, f"ro,{ROOMY}", *a_run(tmp_path)) as disk:
        code, output, errors = disk.finished()
    assert (code, output) == (2, "")
    assert one_line(errors).endswith("Read-only file system; say with --out where run directories may go")


MOMENTS = {
    "while the network is built": "building the network",
    "while media flow": '"start"',
    "when media have ended": "media ended",
}


@pytest.mark.root
@pytest.mark.parametrize("moment", [*list(MOMENTS)[:2], pytest.param("when media have ended", marks=pytest.mark.long)])
def test_a_disk_that_fills_up_ends_the_run_with_one_line(tmp_path: Path, moment: str) -> None:
    """It used to go on for ever: the runner had failed, and waited at its exit for processes that waited for it."""
    with on_disk(tmp_path, ROOMY, *a_run(tmp_path)) as disk:
        assert wait_until(lambda: MOMENTS[moment] in written(disk.folder, "events.jsonl"), STARTED_WITHIN_S)
        family = list(seen(descendants(disk.process.pid), os.pidfd_open))
        fill(disk.folder)
        code, output, errors = disk.finished()
        for descriptor in family:
            assert select.select([descriptor], [], [], 20)[0], "a process outlived the run"
            os.close(descriptor)
        assert code == 3, output + errors
        assert "cannot be written: No space left on device" in one_line(errors)
        assert "inconclusive" in output
        reported_once_there_is_room(disk, tmp_path)


def reported_once_there_is_room(disk: OnDisk, mounted_at: Path) -> None:
    (disk.folder / "ballast").unlink()
    (root,) = disk.folder.glob("one-blip/*")
    run = mounted_at / "one-blip" / root.name
    command = ["nsenter", f"--mount={disk.mounts}", sys.executable, str(RUN_SCENARIO), "report", str(run)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=150)
    assert done.returncode == 3, done.stderr
    summary = json.loads((root / "summary.json").read_text())
    assert summary["verdict"] == "inconclusive"
    assert not (root / "staging").exists()


@pytest.mark.root
def test_a_directory_that_is_removed_ends_the_run_and_is_not_made_again(tmp_path: Path) -> None:
    with on_disk(tmp_path, ROOMY, *a_run(tmp_path)) as disk:
        assert wait_until(lambda: '"start"' in written(disk.folder, "events.jsonl"), STARTED_WITHIN_S)
        shutil.rmtree(disk.folder / "one-blip")
        code, _, errors = disk.finished()
        assert list(disk.folder.iterdir()) == []
    assert code == 3
    assert one_line(errors).endswith("was removed while it lasted")


@pytest.mark.root
def test_a_report_that_does_not_fit_is_one_line(tmp_path: Path) -> None:
    copied = ["sh", "-ec", f'cp -r "$1" {tmp_path}/run; shift; cat; exec "$@"', "sh", str(RECORDED)]
    report = [sys.executable, RUN_SCENARIO, "report", tmp_path / "run"]
    stops = subprocess.PIPE
    script = ["unshare", "--mount", "sh", "-ec", ON_DISK, "sh", ROOMY, str(tmp_path), *copied, *map(str, report)]
    with subprocess.Popen(script, stdin=stops, stdout=stops, stderr=stops, text=True) as process:
        seen = Path(f"/proc/{process.pid}/root{tmp_path}")
        assert wait_until(lambda: (seen / "run" / "plan.json").exists(), 20)
        assert wait_until(lambda: "cat" in children_of(process.pid), 20)
        fill(seen)
        output, errors = process.communicate("")
    assert process.returncode == 74
    assert one_line(errors).endswith(": No space left on device")
    assert output == ""


def children_of(pid: int) -> list[str]:
    return list(seen(descendants(pid), command_name))


class Trap:
    """A watcher that acts once, as soon as the events have a word."""

    def __init__(self, run: RunDir, word: str, act: Callable[[], None]) -> None:
        self._run, self._word, self._act = run, word, act

    def look(self) -> None:
        if self._word and self._word in written(self._run.root.parent.parent, "events.jsonl"):
            self._word = ""
            self._act()

    def stopping(self) -> None:
        raise AssertionError


def short_plan() -> Plan:
    return load_plan(ONE_BLIP, overrides=SHORT)


@pytest.mark.root
@pytest.mark.long
def test_a_run_that_hangs_at_its_end_is_inconclusive_for_one_reason_and_keeps_its_records(tmp_path: Path) -> None:
    """Its runner opens for writing what nobody reads, and waits."""
    sandbox, found = diagnose().require()
    plan = short_plan()
    plan = replace(plan, environment=environment_for(plan, found))
    run = new_run_dir(plan.scenario, tmp_path)
    trap = Trap(run, "media ended", lambda: os.mkfifo(run.root / "machine.json.partial"))
    outcome = run_plan(plan, run, sandbox, trap, Allowances(300, 60, 8, saving_s=10, stopping_s=1))
    assert outcome.summary.verdict == "inconclusive"
    (reason,) = outcome.summary.reasons
    assert reason.startswith("the run failed: its collection was not done within 8 s, and hung for ")
    assert "in: writing machine.json; logs/hung.log" in reason
    assert outcome.summary.media.received > 0
    assert "write_whole" in run.log("runner").read_text(), "the Python stack of the process that hung"
