"""Compiled loops that run without the interpreter lock, and the system calls they make. The only importer of numba.

Compiled code lives in `*_loop.py` and `*_loops.py`, which are event loops, in `*_compiled.py` and here. It is cached in
the environment's `numba-cache`, in a folder named by a hash of these modules and of all that they import: numba itself
notices only a change in the file of the function it compiled, and not in the functions and constants that one uses.

System calls return -1 on failure, as in C; errno is not to be had.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from hostio.caches import cache_folder

Function = TypeVar("Function", bound=Callable[..., Any])

CLOCK_REALTIME = 0
CLOCK_MONOTONIC = 1
TIMER_ABSTIME = 1
MSG_DONTWAIT = 0x40

_PATTERNS = ("*_loop.py", "*_loops.py", "*_compiled.py", "compiled.py")
_PROJECT_IMPORT = re.compile(r"^from (\w+(?:\.\w+)+) import", re.MULTILINE)


def compiled_sources(house: Path) -> set[Path]:
    """The compiled modules of every room, and the project's modules that they import, directly or through others."""
    rooms = [path.parent for path in house.glob("*/__init__.py")]
    pending = [path for room in rooms for pattern in _PATTERNS for path in room.rglob(pattern)]
    found: set[Path] = set()
    while pending:
        source = pending.pop()
        if source not in found and source.is_file():
            found.add(source)
            modules = _PROJECT_IMPORT.findall(source.read_text(encoding="utf-8"))
            pending += [house.joinpath(*module.split(".")).with_suffix(".py") for module in modules]
    return found


def _cache_folder() -> Path:
    digest = hashlib.sha256()
    for source in sorted(compiled_sources(Path(__file__).parent.parent)):
        digest.update(source.read_bytes())
    return cache_folder(f"numba-cache/{digest.hexdigest()[:16]}")


os.environ.setdefault("NUMBA_CACHE_DIR", str(_cache_folder()))

import numba  # noqa: E402 - numba reads the setting above while it is imported
from numba import types  # noqa: E402


def compiled(function: Function) -> Function:
    """Decorator: compile at the first call, or load from the cache; runs without the interpreter lock."""
    return numba.njit(cache=True, nogil=True, boundscheck=False)(function)  # type: ignore[no-any-return]


def precompile(function: Callable[..., Any], *arguments: Any) -> None:
    """Compile for the types of these arguments without calling. Processes forked from here on need not compile it."""
    function.compile(tuple(numba.typeof(argument) for argument in arguments))  # type: ignore[attr-defined]


def _system_call(name: str, result: Any, *arguments: Any) -> Callable[..., int]:
    return types.ExternalFunction(name, result(*arguments))  # type: ignore[no-any-return]


_pointer = types.intp

recvmmsg = _system_call("recvmmsg", types.int32, types.int32, _pointer, types.uint32, types.int32, _pointer)
"""recvmmsg(fd, messages, count, flags, timeout) → messages received."""

sendmmsg = _system_call("sendmmsg", types.int32, types.int32, _pointer, types.uint32, types.int32)
"""sendmmsg(fd, messages, count, flags) → messages sent."""

ppoll = _system_call("ppoll", types.int32, _pointer, types.uint64, _pointer, _pointer)
"""ppoll(descriptors, count, timeout, signal mask) → descriptors ready."""

clock_gettime = _system_call("clock_gettime", types.int32, types.int32, _pointer)
"""clock_gettime(clock, timespec) → 0."""

clock_nanosleep = _system_call("clock_nanosleep", types.int32, types.int32, types.int32, _pointer, _pointer)
"""clock_nanosleep(clock, flags, request, remain) → 0; TIMER_ABSTIME is flag 1."""

read_descriptor = _system_call("read", _pointer, types.int32, _pointer, types.uint64)
"""read(fd, buffer, size) → bytes."""

write_descriptor = _system_call("write", _pointer, types.int32, _pointer, types.uint64)
"""write(fd, buffer, size) → bytes."""

pthread_mutex_lock = _system_call("pthread_mutex_lock", types.int32, _pointer)
"""pthread_mutex_lock(mutex) → 0; waits. A mutex of zero bytes is a free one of the default kind."""

pthread_mutex_trylock = _system_call("pthread_mutex_trylock", types.int32, _pointer)
"""pthread_mutex_trylock(mutex) → 0 if it was free."""

pthread_mutex_unlock = _system_call("pthread_mutex_unlock", types.int32, _pointer)
"""pthread_mutex_unlock(mutex) → 0."""


@compiled
def monotonic_ns(timespec: Any) -> int:
    """CLOCK_MONOTONIC in ns; `timespec` is scratch space, int64[2]."""
    clock_gettime(CLOCK_MONOTONIC, timespec.ctypes.data)
    return timespec[0] * 1_000_000_000 + timespec[1]  # type: ignore[no-any-return]


@compiled
def realtime_offset_ns(timespec: Any) -> int:
    """CLOCK_REALTIME − CLOCK_MONOTONIC, ns: subtract it from a kernel receive timestamp to have CLOCK_MONOTONIC."""
    clock_gettime(CLOCK_REALTIME, timespec.ctypes.data)
    realtime = timespec[0] * 1_000_000_000 + timespec[1]
    return realtime - monotonic_ns(timespec)  # type: ignore[no-any-return]


@compiled
def sleep_until(deadline_ns: int, timespec: Any) -> None:
    """Sleep until an absolute CLOCK_MONOTONIC time, ns."""
    timespec[0] = deadline_ns // 1_000_000_000
    timespec[1] = deadline_ns % 1_000_000_000
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, timespec.ctypes.data, 0)


@compiled
def wait_readable(descriptors: Any, count: int, timeout_ns: int, timespec: Any) -> int:
    """Wait at most `timeout_ns` until one of the first `count` of POLLFD[n] is readable; how many are."""
    timespec[0] = timeout_ns // 1_000_000_000
    timespec[1] = timeout_ns % 1_000_000_000
    return ppoll(descriptors.ctypes.data, count, timespec.ctypes.data, 0)
