"""The examples of `docs/exports.md`, run as they stand there, come to the figures of the summary."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from results.ledger.reconcile import reconcile
from results.metrics.analysis import analyse
from results.report.report import read_evidence, summarise
from results.run_files.run_dir import RunDir
from results.verdict.summary import Summary

pytestmark = pytest.mark.long  # pandas and DuckDB take a second to import

PROJECT = Path(__file__).resolve().parent.parent
EXAMPLES = re.findall(
    r"^```python\n(.*?)^```$", (PROJECT / "docs" / "exports.md").read_text(), re.MULTILINE | re.DOTALL
)
DELAYS = [each for each in EXAMPLES if "p50_ms" in each]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunDir:
    root = tmp_path_factory.mktemp("exports") / "run"
    return RunDir(Path(shutil.copytree(PROJECT / "tests" / "results" / "recorded" / "one-blip" / "run", root)))


@pytest.fixture(scope="module")
def summary(run: RunDir) -> Summary:
    evidence = read_evidence(run)
    analysis = analyse(evidence)
    return summarise(evidence, analysis, reconcile(evidence, analysis))


def found_by(example: str, run: RunDir, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The rows of the table that an example finds."""
    monkeypatch.chdir(run.root)
    names: dict[str, Any] = {}
    exec(compile(example, "docs/exports.md", "exec"), names)  # noqa: S102 - the page's own examples
    table = names["found"]
    frame = table.df() if hasattr(table, "df") else table.to_pandas() if hasattr(table, "to_pandas") else table
    rows: list[dict[str, Any]] = json.loads(frame.reset_index().to_json(orient="records", double_precision=15))
    return rows


def test_there_is_one_for_each_library() -> None:
    assert [name for name in ("duckdb", "pandas", "polars") if any(f"import {name}" in each for each in DELAYS)] == [
        "duckdb",
        "pandas",
        "polars",
    ]
    assert len(EXAMPLES) == len(DELAYS) + 1


@pytest.mark.parametrize("example", DELAYS, ids=["duckdb", "pandas", "polars"])
def test_delays_are_those_of_the_summary(
    example: str, run: RunDir, summary: Summary, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = {(each["source"], each["destination"]): each for each in found_by(example, run, monkeypatch)}
    assert rows.keys() == {(pair.source, pair.destination) for pair in summary.pairs}
    for pair in summary.pairs:
        row = rows[pair.source, pair.destination]
        assert row["packets"] == pair.received + pair.duplicates
        assert (row["p50_ms"], row["p99_ms"]) == (
            pytest.approx(pair.one_way_ms.p50, abs=0.001),
            pytest.approx(pair.one_way_ms.p99, abs=0.001),
        )


def test_missing_packets_are_those_of_the_summary(
    run: RunDir, summary: Summary, monkeypatch: pytest.MonkeyPatch
) -> None:
    (example,) = [each for each in EXAMPLES if each not in DELAYS]
    rows = found_by(example, run, monkeypatch)
    assert sum(each["missing"] for each in rows) == summary.media.lost + summary.media.in_flight > 0
    assert all(3 <= each["second"] <= 6 for each in rows)
