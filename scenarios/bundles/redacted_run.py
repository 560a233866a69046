"""A copy of a run directory without names of hosts and users, and without paths.

What can be computed is computed anew of what was copied: summary, tables, plots and page. Logs and captures, which are
what other programs said and sent, are left out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import results
import scenarios
from results.run_files.document_error import DocumentError
from results.run_files.documents import dump, read_decisions, read_events
from results.run_files.machine_formats import read_machine_report
from results.run_files.plan import Plan
from results.run_files.plan_formats import read_plan
from results.run_files.records import RecordsError, change_texts, texts_of
from results.run_files.run_dir import RunDir
from scenarios.bundles.known_names import known_folders, known_names
from scenarios.bundles.redactor import PATH, Redactor
from scenarios.errors import ScenarioError
from scenarios.run.reporting import report_again

_SCHEMAS = (
    Path(results.__file__).parent / "summary.schema.json",
    Path(scenarios.__file__).parent / "scenario.schema.json",
)
_KEPT = ("raw", "locks", "inputs")
_MADE_ANEW = (".json", ".csv", ".html")
_TEXTS = (".json", ".jsonl", ".csv", ".yaml", ".txt", ".trace", ".html")


def redacted(run: RunDir, folder: Path) -> RunDir:
    """Copy what is recorded of a run into a folder that is made, and report on it. ScenarioError if something could not
    be taken out, or nothing can be read without it; DocumentError; OSError."""
    plan = read_plan(run.plan)
    redactor = redactor_for(run, plan)
    copy = RunDir(folder)
    copy.root.mkdir()
    for path in sorted(run.root.rglob("*")):
        name = path.relative_to(run.root)
        if path.is_file() and not path.is_symlink() and _kept(run, path):
            target = copy.root / redactor.name(str(name))
            target.parent.mkdir(parents=True, exist_ok=True)
            _copy(path, target, redactor)
    _require_readable(run, copy)
    _report(copy, tuple(redactor.name(Path(file).name) for file in plan.command[1:2]))
    _forget(copy.root)
    _require_taken_out(copy.root, redactor)
    return copy


def redactor_for(run: RunDir, plan: Plan) -> Redactor:
    """What takes out the names known here, and those of the homes that plan, events and controller's log name."""
    texts = [
        path.read_text(encoding="utf-8", errors="replace")
        for path in (run.plan, run.events, run.decisions)
        if path.exists()
    ]
    vocabulary = [word for path in _SCHEMAS for word in _words(json.loads(path.read_text(encoding="utf-8")))]
    return Redactor.of(known_names(run.root), known_folders(run.root, plan), texts, vocabulary)


def _words(schema: object) -> Iterator[str]:
    """The names of properties in a schema, and the words that values can be."""
    if isinstance(schema, dict):
        yield from schema.get("properties", ())
        yield from (str(word) for word in (*schema.get("enum", ()), schema.get("const")))
        for value in schema.values():
            yield from _words(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from _words(value)


def _kept(run: RunDir, path: Path) -> bool:
    """Whether a file is a record, or an input."""
    records = (run.plan, run.events, run.decisions, run.machine, run.flow_tables)
    return path in records or path.relative_to(run.root).parts[0] in _KEPT


def _copy(path: Path, target: Path, redactor: Redactor) -> None:
    if path.suffix == ".parquet":
        try:
            change_texts(path, target, redactor.text)
        except RecordsError:
            return  # of a run that was cut off: what cannot be read can be anything
        return
    if path.suffix not in _TEXTS:
        target.write_bytes(path.read_bytes())  # a stream that is played, which we wrote
        return
    changes: dict[str, Callable[[str], str]] = {".json": redactor.document, ".jsonl": redactor.lines}
    try:
        text = changes.get(path.suffix, redactor.text)(path.read_text(encoding="utf-8"))
    except ValueError:
        return
    target.write_text(text, encoding="utf-8")


def _require_readable(run: RunDir, copy: RunDir) -> None:
    """Require that what can be read of the run can be read of the copy: a report would be made without it."""
    documents: list[tuple[Path, Path, Callable[[Path], object]]] = [
        (run.events, copy.events, read_events),
        (run.decisions, copy.decisions, read_decisions),
        (run.machine, copy.machine, read_machine_report),
    ]
    for before, after, read in documents:
        if _can_be(read, before) and not _can_be(read, after):
            raise _needed(f"{before.name} would be of another form")


def _can_be(read: Callable[[Path], object], path: Path) -> bool:
    try:
        read(path)
    except DocumentError:
        return False
    return True


def _needed(why: str) -> ScenarioError:
    text = f"the records cannot be read without the names of this machine and its users ({why})"
    return ScenarioError("--redact", text, None)


def _report(copy: RunDir, scenario: tuple[str, ...]) -> None:
    """Report on the copy, whose plan must still be one. `scenario`: the file in its command, without a folder."""
    try:
        copied = read_plan(copy.plan)
        bare = (*copied.command[:1], *scenario, *copied.command[2:])
        copy.plan.write_text(dump(replace(copied, command=bare)), encoding="utf-8")
        report_again(copy)
    except DocumentError as error:
        raise _needed(str(error)) from None


def _forget(root: Path) -> None:
    """Take the copy's own path out of what was made in it."""
    for path in root.iterdir():
        if path.suffix in _MADE_ANEW:
            path.write_text(path.read_text(encoding="utf-8").replace(str(root), PATH), encoding="utf-8")


def _require_taken_out(root: Path, redactor: Redactor) -> None:
    """Look through all that was copied once more. The page is made of it, and has a library's words as well."""
    for path in sorted(root.rglob("*")):
        if path.suffix == ".parquet":
            texts = texts_of(path)
        elif path.suffix in _TEXTS and path.suffix != ".html":
            texts = (path.read_text(encoding="utf-8"),)
        else:
            continue
        if left := next(filter(None, map(redactor.left_in, texts)), None):
            raise ScenarioError("--redact", f"{path.name} would still have {left!r}: this is a bug in Blipnet", None)
