"""Privileges of this process (prctl(2), capabilities(7))."""

from __future__ import annotations

import ctypes
import os

_PR_SET_NO_NEW_PRIVS = 38


def forbid_new_privileges() -> None:
    """Have neither this process nor any that it starts gain privileges by a program that it runs. OSError."""
    # All arguments as wide as the kernel reads them: it refuses what is not zero.
    arguments = map(ctypes.c_ulong, (1, 0, 0, 0))
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_NO_NEW_PRIVS, *arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"prctl: {os.strerror(number)}")
