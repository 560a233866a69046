"""The system call that a thread is blocked in, and the owner of the lock that it waits for.

/proc/PID/task/TID/syscall (proc_pid_syscall(5)) has the call's number and arguments. A thread that waits for a mutex is
in futex(2); who holds it stands in the memory of the lock. Pure.
"""

from __future__ import annotations

import platform
import struct
from collections.abc import Mapping
from typing import NamedTuple

_NUMBERS: Mapping[str, str] = {
    "x86_64": """
        read=0 write=1 poll=7 pread64=17 pwrite64=18 readv=19 writev=20 select=23 nanosleep=35 connect=42 accept=43
        sendto=44 recvfrom=45 sendmsg=46 recvmsg=47 wait4=61 fsync=74 fdatasync=75 futex=202 clock_nanosleep=230
        epoll_wait=232 pselect6=270 ppoll=271 epoll_pwait=281 accept4=288 recvmmsg=299 sendmmsg=307
    """,
    "aarch64": """
        epoll_pwait=22 read=63 write=64 readv=65 writev=66 pread64=67 pwrite64=68 pselect6=72 ppoll=73 fsync=82
        fdatasync=83 futex=98 nanosleep=101 clock_nanosleep=115 accept=202 connect=203 sendto=206 recvfrom=207
        sendmsg=211 recvmsg=212 accept4=242 recvmmsg=243 wait4=260 sendmmsg=269
    """,
}
"""By machine; those in which a thread may be blocked for long."""

_HERE = (each.partition("=") for each in _NUMBERS.get(platform.machine(), "").split())
_NAMES = {int(number): name for name, _, number in _HERE}

FUTEX = next((number for number, name in _NAMES.items() if name == "futex"), None)
"""Number of futex(2); None on a machine whose numbers are not known here."""

_OF_NO_DESCRIPTOR = ("poll", "ppoll", "select", "pselect6", "nanosleep", "clock_nanosleep", "wait4", "futex")

_WORDS = struct.Struct("=3I")
LOCK_BYTES = _WORDS.size
"""As much of a lock's memory as `owner_of` needs."""

_COMMAND = 0x7F
_WAIT, _LOCK_PI, _WAIT_BITSET, _LOCK_PI2 = 0, 6, 9, 13
_CONTENDED = 2
_WAITERS = 0x8000_0000
_THREAD = 0x3FFF_FFFF


class BlockedCall(NamedTuple):
    """A system call: its number and the six arguments."""

    number: int
    arguments: tuple[int, ...]

    @property
    def name(self) -> str:
        """Name of the call; its number where that is not known here."""
        return _NAMES.get(self.number, f"system call {self.number}")

    @property
    def descriptor(self) -> int | None:
        """The descriptor it works on, which is then its first argument; None if it is of none, or of several."""
        known = self.number in _NAMES and self.name not in _OF_NO_DESCRIPTOR
        return self.arguments[0] if known else None


def parse_blocked_call(text: str) -> BlockedCall | None:
    """From /proc/PID/task/TID/syscall; None if the thread runs, or is blocked outside of a call."""
    number, *rest = text.split() or ("",)
    if not number.isdecimal() or len(rest) < 6:
        return None
    return BlockedCall(int(number), tuple(int(each, 16) for each in rest[:6]))


def lock_address(call: BlockedCall) -> int | None:
    """Where the lock is that a call waits for; None if it waits for none, or for one that names no owner.

    A condition variable is waited for by futex(2) as well, with other values, and belongs to nobody.
    """
    return call.arguments[0] if call.number == FUTEX and _kind(call) else None


def owner_of(call: BlockedCall, memory: bytes) -> int:
    """Number of the thread that holds the lock that a call waits for, in the thread's own pid namespace; 0 if nobody
    does. `memory`: of the lock, LOCK_BYTES.

    A mutex of glibc has the lock, a count and the owner (pthread_mutex_t); musl and robust mutexes have the owner in
    the lock itself, as those with priority inheritance have (futex(2)).
    """
    lock, _, owner = _WORDS.unpack(memory)
    return owner if _kind(call) == "mutex" and lock else lock & _THREAD if _kind(call) == "owner in lock" else 0


def _kind(call: BlockedCall) -> str:
    command, value = call.arguments[1] & _COMMAND, call.arguments[2] & 0xFFFF_FFFF
    if command in (_LOCK_PI, _LOCK_PI2) or (command in (_WAIT, _WAIT_BITSET) and value & _WAITERS):
        return "owner in lock"
    return "mutex" if command in (_WAIT, _WAIT_BITSET) and value == _CONTENDED else ""
