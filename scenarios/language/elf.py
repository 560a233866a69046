"""The kind of machine that a program in the ELF format (elf(5)) is built for."""

from __future__ import annotations

import platform
import struct
import sys
from pathlib import Path

_MAGIC = b"\x7fELF"
_BYTES = 20
_KINDS = {3: "i386", 40: "arm", 62: "x86_64", 183: "aarch64", 243: "riscv"}
_ALSO_RUN = {62: 3, 183: 40}
"""Machines that mostly run the programs of another as well."""


def built_for_another(program: Path) -> str | None:
    """The kind of machine that a program is built for, if that is not this one; None of what is no ELF file."""
    machine, ours = _machine(program), _machine(Path(sys.executable))
    if machine is None or ours is None or machine in (ours, _ALSO_RUN.get(ours)):
        return None
    return _KINDS.get(machine, f"ELF machine {machine}")


def this_machine() -> str:
    """The kind of this machine."""
    return platform.machine()


def _machine(program: Path) -> int | None:
    """The field e_machine, whose byte order the file states."""
    with program.open("rb") as file:
        head = file.read(_BYTES)
    if len(head) < _BYTES or not head.startswith(_MAGIC):
        return None
    (machine,) = struct.unpack(">H" if head[5] == 2 else "<H", head[18:20])
    return int(machine)
