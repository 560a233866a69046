"""What a process waits for: its Python stacks, on a signal, and what the kernel tells of its threads (proc(5))."""

from __future__ import annotations

import faulthandler
import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

STACKS_SIGNAL = signal.SIGUSR1

_CAUGHT = "SigCgt:"
_OF_A_THREAD = ("wchan", "syscall", "stack")
_STATE = ("State:", "NSpid:", "voluntary_ctxt_switches:")


def write_stacks_on_signal() -> None:
    """From now on STACKS_SIGNAL has this process write the Python stacks of all its threads to standard error.

    The handler is C code that runs at once, even while compiled code or a system call keeps the interpreter.
    """
    faulthandler.register(STACKS_SIGNAL, all_threads=True)


def catches(pid: int, number: signal.Signals) -> bool:
    """Whether a process has a handler for a signal; false if it has ended."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith(_CAUGHT):
                return bool(int(line.removeprefix(_CAUGHT), 16) >> (number - 1) & 1)
    return False


def members(child_of: int) -> list[int]:
    """The processes of the pid namespace that a process has made for its children, by their numbers here.

    None before it is made: a process that has not called unshare(2) yet starts its children in our own.
    """
    try:
        wanted = Path(f"/proc/{child_of}/ns/pid_for_children").readlink()
    except OSError:
        return []
    if wanted == _namespace(os.getpid()):
        return []
    return sorted(pid for pid in _processes() if _namespace(pid) == wanted)


def first_process(pids: Sequence[int]) -> int | None:
    """The one of these that is process 1 of its own pid namespace."""
    return next((pid for pid in pids if _field(pid, "NSpid:").split()[-1:] == ["1"]), None)


def what_it_waits_for(pid: int) -> str:
    """State, wait channel, system call and kernel stack of each thread of a process; parts refused are left out."""
    with suppress(OSError):
        words = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").split()
        threads = sorted(Path(f"/proc/{pid}/task").iterdir(), key=lambda thread: int(thread.name))
        return "\n".join((f"process {pid}: {' '.join(words)[:200]}", *map(_thread, threads), ""))
    return f"process {pid} has ended\n"


def _thread(thread: Path) -> str:
    lines = [f"  thread {thread.name} {_read(thread / 'comm')}"]
    lines += [f"    {line}" for line in _read(thread / "status").splitlines() if line.startswith(_STATE)]
    lines += [f"    {name}: {text}" for name in _OF_A_THREAD if (text := _read(thread / name).replace("\n", "; "))]
    return "\n".join(lines)


def _read(path: Path) -> str:
    """The text of a file; empty if it is refused, or the thread has ended."""
    try:
        return path.read_text(errors="replace").strip()
    except OSError:
        return ""


def _field(pid: int, name: str) -> str:
    lines = _read(Path(f"/proc/{pid}/status")).splitlines()
    return next((line.removeprefix(name) for line in lines if line.startswith(name)), "")


def _namespace(pid: int) -> Path | None:
    try:
        return Path(f"/proc/{pid}/ns/pid").readlink()
    except OSError:
        return None


def _processes() -> Iterator[int]:
    return (int(name) for name in os.listdir("/proc") if name.isdecimal())  # noqa: PTH208 - names only
