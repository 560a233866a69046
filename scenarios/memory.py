"""How much memory the processes of this sandbox use together."""

from __future__ import annotations

import re
from pathlib import Path

_PSS = re.compile(r"^Pss:\s+(\d+) kB$", re.MULTILINE)


def proportional_memory_bytes() -> int:
    """Sum of the proportional set sizes (shared pages counted once) of every process in this pid namespace."""
    return sum(_pss_bytes(process) for process in Path("/proc").glob("[0-9]*"))


def _pss_bytes(process: Path) -> int:
    try:
        found = _PSS.search((process / "smaps_rollup").read_text())
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return 0
    return int(found[1]) * 1024 if found else 0
