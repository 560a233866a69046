"""The formats of run directories: what each number stands for.

`plan.json` says it from 6 on, as `format`; before, `machine.json` did, which the first one says nothing of. A version
reads run directories of its own format and of all before it; `tests/results/recorded` keeps one of each.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

RUN_FORMAT: Literal[6] = 6
"""That of the run directories which this version writes."""

RUN_FORMATS: Mapping[int, str] = MappingProxyType(
    {
        1: "`machine.json` has its rows by names; in `plan.json` all faults have the same keys, and both directions of "
        "a link one delay",
        2: "`machine.json` has typed rows, and says `format`",
        3: "`raw/hold-ups.parquet` and `raw/run-delays.parquet` belong to every run",
        4: "`raw/program-*.parquet` belong to a run with a relay that is a program",
        5: "`raw/link-bytes.parquet` belongs to a run in which a link has a rate",
        6: "`plan.json` says `format`, of the whole run directory",
    }
)
"""What is new in each. Whatever is no part of a format, such as a further column or key, readers do without."""
