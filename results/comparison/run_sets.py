"""Reads sets of runs: run directories, folders of them, and aggregates; writes aggregates."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from hostio.files import write_whole
from results.comparison.aggregate import FORMAT, Aggregate
from results.comparison.compared_sets import RunSet
from results.comparison.values import RunValues, run_values
from results.ledger.reconcile import reconcile
from results.metrics.analysis import analyse
from results.report.report import read_evidence, summarise
from results.report.steps import Step, untold
from results.run_files import documents
from results.run_files.document_error import DocumentError
from results.run_files.run_dir import RunDir
from results.verdict.summary import Summary

AGGREGATE = "aggregate.json"


def read_set(path: Path, told: Step = untold) -> RunSet:
    """The runs of a run directory, of an aggregate or of its folder, or of all run directories below a folder. `told`:
    is called for each of those, with the share of them that is read.

    DocumentError if there is none, one cannot be read, or they are of several scenarios.
    """
    if path.is_file():
        runs = _of_aggregate(path)
    elif RunDir(path).plan.exists():
        runs = (_of_run(path, path),)
    elif (path / AGGREGATE).exists():
        runs = _of_aggregate(path / AGGREGATE)
    else:
        runs = tuple(_of_runs([each.parent for each in sorted(path.rglob(RunDir(Path()).plan.name))], path, told))
    if not runs:
        raise DocumentError(f"{path}: no run directory is in it (none has a plan.json), and no {AGGREGATE}")
    if len(names := sorted({run.scenario for run in runs})) > 1:
        raise DocumentError(f"{path}: its runs are of several scenarios, {', '.join(names)}; name a folder of each")
    return RunSet(str(path), runs)


def named_apart(sets: list[RunSet]) -> list[RunSet]:
    """The sets, with a number behind names that several have."""
    names = [each.name for each in sets]
    return [
        replace(each, name=f"{each.name} ({names[: number + 1].count(each.name)})")
        if names.count(each.name) > 1
        else each
        for number, each in enumerate(sets)
    ]


def write_aggregate(folder: Path, found: Aggregate) -> Path:
    """Write an aggregate into the folder of its runs. OSError."""
    target = folder / AGGREGATE
    write_whole(target, documents.dump(found))
    return target


def summary_of(run: RunDir) -> Summary:
    """The summary of a run: that in its directory or, if there is none or an earlier version wrote it, one that is made
    of the records, of which nothing is written. DocumentError."""
    try:
        return documents.read(Summary, run.summary)
    except DocumentError:
        evidence = read_evidence(run)
        analysis = analyse(evidence)
        return summarise(evidence, analysis, reconcile(evidence, analysis))


def _of_runs(roots: list[Path], folder: Path, told: Step) -> Iterator[RunValues]:
    for number, root in enumerate(roots):
        told(str(root), number / len(roots))
        yield _of_run(root, folder)


def _of_run(root: Path, folder: Path) -> RunValues:
    name = str(root.relative_to(folder)) if root != folder else str(root)
    return run_values(_named(root), name)


def _named(root: Path) -> Summary:
    try:
        return summary_of(RunDir(root))
    except DocumentError as error:
        raise DocumentError(f"{root}: {error}") from error


def _of_aggregate(path: Path) -> tuple[RunValues, ...]:
    try:
        found = documents.read(Aggregate, path)
    except DocumentError as error:
        raise DocumentError(f"{path.parent}: {error}; it is no {AGGREGATE} that run --repeat wrote") from error
    if found.format != FORMAT:
        raise DocumentError(f"{path}: format {found.format} is of another version; this one reads {FORMAT}")
    return tuple(found.runs)
