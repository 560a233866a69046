"""The page on the Parquet files of a run directory, `docs/records.md`, as Markdown, made of the types of their rows."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import pairwise
from types import ModuleType

from results.run_files.record_tables import SESSION_COLUMNS, SESSIONS_FILE, TABLES, RecordTable, codes, meaning
from results.run_files.run_formats import RUN_FORMATS

_INTRODUCTION = """\
# The records of a run: every Parquet file and its columns

This page is made of the types that write the files (`.venv/bin/python -m scenarios.cli.schemas`); `docs/exports.md`
reads them with DuckDB, pandas and polars. Times are of one clock, CLOCK_MONOTONIC, in ns: all hosts of a run share it,
so that the difference of two of them is exact. `events.jsonl` has a record of the kind `media-start`, from whose
`at_ns` on the times of a scenario count. CLUSTER stands for the name of a cluster; its *ordinal* is its number in
`plan.json`. What a file of an earlier version lacks was not recorded then.

"""


def records_page() -> str:
    """The whole page."""
    sections = (_formats(), _sessions(), *map(_section, TABLES))
    return _INTRODUCTION + "\n".join(line for section in sections for line in section)


def _formats() -> Iterator[str]:
    yield "## Formats of run directories\n"
    yield (
        "`format` in `plan.json` is that of the run directory. Run directories of all formats are read, and come to "
        "the same figures as then; of a later one than it knows, a version says so and reads nothing.\n"
    )
    yield "| format | what is new in it |"
    yield "|---|---|"
    yield from (f"| {number} | {about} |" for number, about in RUN_FORMATS.items())
    yield ""


def _sessions() -> Iterator[str]:
    yield from _head(SESSIONS_FILE, "every run", "One direction of a session: the RTP packets of one SSRC.")
    yield from _columns("sessions", SESSION_COLUMNS)


def _section(table: RecordTable) -> Iterator[str]:
    yield from _head(table.file, table.when, _docstrings(table.module)[table.rows])
    yield from _columns(table.rows, table.columns)


def _head(file: str, when: str, about: str) -> Iterator[str]:
    yield f"## `{file}`\n"
    yield f"In {when}.\n" if not when.startswith("for each") else f"One {when}.\n"
    yield f"{_as_prose(about)}\n"


def _columns(rows: str, columns: Mapping[str, str]) -> Iterator[str]:
    yield "| column | type | |"
    yield "|---|---|---|"
    for name, kind in columns.items():
        shown = name if name.startswith("dropped_") else f"`{name}`"  # those are names of reasons, put together
        yield f"| {shown} | {kind} | {meaning(rows, name)} |"
    yield ""
    for name in columns:
        if known := codes(rows, name):
            yield f"`{name}`: " + ", ".join(f"{number} {text}" for number, text in known.items()) + ".\n"


def _as_prose(text: str) -> str:
    """A docstring, its paragraphs kept and their lines joined."""
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in re.split(r"\n\s*\n", text.strip()))


@cache
def _docstrings(module: ModuleType) -> Mapping[str, str]:
    """Docstrings below the constants of a module, by name."""
    body = ast.parse(inspect.getsource(module)).body
    return {
        constant.targets[0].id: ast.literal_eval(text.value)
        for constant, text in pairwise(body)
        if isinstance(constant, ast.Assign)
        and isinstance(constant.targets[0], ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
    }
