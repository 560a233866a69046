"""The page on Parquet files is what the types say, and so are the files of recorded runs."""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl
import pytest

from results.run_files.record_tables import SESSION_COLUMNS, SESSIONS_FILE, TABLES
from scenarios.cli.record_page import records_page
from scenarios.cli.schemas import RECORDS

RECORDED = Path(__file__).parent / "recorded"
COLUMNS = {SESSIONS_FILE: SESSION_COLUMNS, **{table.file: table.columns for table in TABLES}}
ARROW = {"String": "string", "Boolean": "bool"}


def test_the_page_is_what_the_types_make_it() -> None:
    fresh = RECORDS.read_text(encoding="utf-8") == records_page()
    assert fresh, f"{RECORDS.name} is not what the types say; run .venv/bin/python -m scenarios.cli.schemas"


@pytest.mark.parametrize("run", sorted(each.name for each in RECORDED.iterdir()))
def test_every_file_of_a_recorded_run_is_on_the_page_with_its_columns(run: str) -> None:
    """Columns may have been added since; none has gone, or changed its type."""
    found = sorted((RECORDED / run / "run" / "raw").glob("*.parquet"))
    assert found
    for path in found:
        (name,) = [name for name in COLUMNS if re.fullmatch(name.replace("CLUSTER", r"[\w-]+"), f"raw/{path.name}")]
        schema = {each: ARROW.get(str(kind), str(kind).lower()) for each, kind in pl.read_parquet_schema(path).items()}
        assert schema.items() <= COLUMNS[name].items()
