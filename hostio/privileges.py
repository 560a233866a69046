"""Privileges of this process (prctl(2), capabilities(7))."""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Collection
from enum import IntEnum
from pathlib import Path

_PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS, _PR_CAP_AMBIENT = 24, 38, 47
_PR_CAP_AMBIENT_CLEAR_ALL = 4
_CAPABILITY_VERSION_3 = 0x20080522
_WORDS = struct.Struct("6I")
"""Of capset(2): effective, permitted and inheritable, for the capabilities below 32 and for those from there on."""


class Capability(IntEnum):
    """Capabilities by their numbers (linux/capability.h)."""

    DAC_OVERRIDE = 1
    NET_ADMIN = 12
    NET_RAW = 13
    SYS_NICE = 23


def forbid_new_privileges() -> None:
    """Have neither this process nor any that it starts gain privileges by a program that it runs. OSError."""
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)


def keep_capabilities(kept: Collection[Capability]) -> None:
    """Have the calling thread, and what it starts later, give up all other capabilities for good. OSError.

    Of `kept` those that it does not have stay absent.
    """
    _prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL)
    for number in range(int(Path("/proc/sys/kernel/cap_last_cap").read_text()) + 1):
        if number not in kept:
            _prctl(_PR_CAPBSET_DROP, number)
    wanted = sum(1 << number for number in kept)
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    words = ctypes.create_string_buffer(_WORDS.size)
    _check("capget", libc.capget(header, words))
    _, low, _, _, high, _ = _WORDS.unpack(words.raw)
    low, high = low & wanted, high & wanted >> 32
    words.raw = _WORDS.pack(low, low, 0, high, high, 0)
    _check("capset", libc.capset(header, words))


def _prctl(*arguments: int) -> None:
    # All arguments as wide as the kernel reads them: it refuses what is not zero.
    padded = (*arguments, *[0] * (5 - len(arguments)))
    _check("prctl", ctypes.CDLL(None, use_errno=True).prctl(*map(ctypes.c_ulong, padded)))


def _check(call: str, result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{call}: {os.strerror(number)}")
