"""`scripts/setup` waits for apt's locks and says for whom: the real apt-get, on package lists of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

APT = Path(__file__).resolve().parent.parent / "scripts" / "apt.bash"
HOLD = """
import fcntl, sys
file = open(sys.argv[1], "w")
fcntl.lockf(file, fcntl.LOCK_EX)
print(flush=True)
sys.stdin.read()
"""
MISSING = "no-such-package-of-blipnet"


@pytest.fixture
def apt(tmp_path: Path) -> Path:
    """A folder with apt's state, no package and no source; configured by APT_CONFIG (apt.conf(5))."""
    for folder in ("state/lists/partial", "cache/archives/partial"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "state" / "status").touch()
    places = {
        "Dir::State": tmp_path / "state",
        "Dir::State::status": tmp_path / "state" / "status",
        "Dir::Cache": tmp_path / "cache",
        "Dir::Etc::sourcelist": "/dev/null",
        "Dir::Etc::sourceparts": "/dev/null",
    }
    (tmp_path / "apt.conf").write_text("".join(f'{name} "{place}";\n' for name, place in places.items()))
    return tmp_path


def start(apt: Path, *arguments: str, within_s: int = 100) -> subprocess.Popen[str]:
    script = f'set -euo pipefail; lock_within={within_s} lock_again=0.1; . "{APT}"; apt_get -- "$@"'
    return subprocess.Popen(
        ["bash", "-pc", script, "bash", *arguments],
        env={**os.environ, "APT_CONFIG": str(apt / "apt.conf"), "LC_ALL": "C"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@contextmanager
def held(lock: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process holds a lock as apt and dpkg do, until its input is closed (or the block ends)."""
    command = [sys.executable, "-c", HOLD, str(lock)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdin
        assert holder.stdout
        holder.stdout.readline()
        yield holder
        holder.stdin.close()


def name_of(process: subprocess.Popen[str]) -> str:
    return Path(f"/proc/{process.pid}/comm").read_text().strip()


@pytest.mark.parametrize(
    ("lock", "command", "code"),
    [("state/lists/lock", ["update"], 0), ("state/lock-frontend", ["install", "-y", MISSING], 100)],
)
def test_it_waits_says_for_whom_and_goes_on(lock: str, command: list[str], code: int, apt: Path) -> None:
    if lock.endswith("frontend") and os.geteuid() != 0:
        pytest.skip("apt-get looks at dpkg's lock only as root")
    with held(apt / lock) as holder, start(apt, *command) as waiting:
        assert waiting.stdout
        said = waiting.stdout.readline()
        assert said == f"Waiting for {name_of(holder)} (process {holder.pid}), which holds {apt / lock}\n"
        assert waiting.poll() is None
        assert holder.stdin
        holder.stdin.close()
        rest, complaint = waiting.communicate(timeout=60)
    assert (waiting.returncode, rest) == (code, "")
    assert complaint.partition(" ")[2] == ("" if code == 0 else f"Unable to locate package {MISSING}\n")


def test_a_lock_that_is_not_released_in_time_ends_it_with_what_apt_get_says(apt: Path) -> None:
    with held(apt / "state" / "lists" / "lock"), start(apt, "update", within_s=0) as waiting:
        said, complaint = waiting.communicate(timeout=60)
    assert (waiting.returncode, said) == (100, "")
    assert "Could not get lock " in complaint


def test_what_is_no_lock_is_not_waited_for(apt: Path) -> None:
    with start(apt, "install", "-y", "--simulate", MISSING) as failing:
        said, complaint = failing.communicate(timeout=60)
    assert (failing.returncode, said) == (100, "")
    assert complaint.partition(" ")[2] == f"Unable to locate package {MISSING}\n"


def test_a_holder_that_cannot_be_named_is_another_program() -> None:
    """In a container the holder of a lock on a mounted folder has no process number."""
    complaint = "E: Could not get lock /x/lock. - open (11: Resource temporarily unavailable)"
    script = f'. "{APT}"; lock_holder "$1"'
    done = subprocess.run(["bash", "-pc", script, "bash", complaint], capture_output=True, text=True, check=True)
    assert done.stdout == "another program, which holds /x/lock\n"
