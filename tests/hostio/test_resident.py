"""Files in memory, against the kernel's own account (mincore's, in /proc/self/smaps)."""

from __future__ import annotations

import mmap
from pathlib import Path

from hostio.resident import file_mappings, make_resident

MAPS = """55d623c4c000-55d623c4f000 r--p 00000000 fe:00 260850                     /usr/bin/a file
55d623c4f000-55d623c63000 ---p 00003000 fe:00 260850                     /usr/bin/a file
7ffe1f1e2000-7ffe1f203000 rw-p 00000000 00:00 0                          [stack]
7ffe1f204000-7ffe1f205000 rw-p 00000000 00:00 0
"""


def test_readable_mappings_of_files_are_found() -> None:
    assert file_mappings(MAPS) == [(0x55D623C4C000, 0x55D623C4F000)]


def resident_kib(path: Path) -> int:
    lines = Path("/proc/self/smaps").read_text().splitlines()
    (at,) = (number for number, line in enumerate(lines) if line.endswith(str(path)))
    return next(int(line.split()[1]) for line in lines[at:] if line.startswith("Rss:"))


def test_every_page_of_a_mapped_file_is_in_memory(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(4 << 20))
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as mapped:
        assert len(mapped) == 4 << 20
        assert resident_kib(path) < 4 << 10
        make_resident()
        assert resident_kib(path) == 4 << 10
