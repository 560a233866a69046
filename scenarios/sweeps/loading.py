"""Reads a sweep file: all that is wrong with it, and with the scenarios that it makes, at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from results.run_files.plan import Plan
from results.sweeps.result import RELAY, SEED, AxisValue
from scenarios.errors import START, ScenarioError
from scenarios.language import yamlfile
from scenarios.language.document import Document, Problem
from scenarios.language.library import load_plan
from scenarios.language.partial import remainder
from scenarios.language.schema import read_as
from scenarios.language.wording import quoted
from scenarios.sweeps.axis import Axis, axes_problems, axis_name, axis_of
from scenarios.sweeps.constraints import constraint, constraint_problems
from scenarios.sweeps.jobs import JobMaker, value_text
from scenarios.sweeps.space import Space
from scenarios.sweeps.sweep_file import SweepFile, repeated
from scenarios.sweeps.versions import code_version

CHECKED = 2_000
"""Up to so many runs, each scenario is made before the first is played: that takes some seconds."""

_STAND_INS = {"name": "unnamed", "scenario": "nosuch.yaml"}


@dataclass(frozen=True, slots=True)
class Sweep:
    """A sweep that can be played. `plan`: the scenario's own; `attempts`: of a run that is inconclusive."""

    name: str
    description: str
    text: str
    space: Space
    attempts: int
    plan: Plan
    maker: JobMaker


def load_sweep(path: Path) -> Sweep:
    """The sweep in a file. ScenarioError with all that is wrong."""
    document = yamlfile.read(path)
    file, wrong = read_as(SweepFile, document)
    if file is None:
        raise document.error((*wrong, *_of_the_rest(document, wrong)))
    if problems := [*_problems(file), *_scenario_problems(file, document)]:
        raise document.error(problems)
    space = _space(file, document)
    scenario = document.path_of(file.scenario, ("scenario",))
    plan = load_plan(scenario)
    maker = JobMaker(scenario, space, plan.seed, code_version())
    sweep = Sweep(file.name, file.description, yamlfile.read_text(path), space, file.attempts, plan, maker)
    _require_combinations(sweep, document)
    return sweep


def _of_the_rest(document: Document, wrong: Sequence[Problem]) -> Iterator[Problem]:
    """What is wrong with a file besides what is not of its form."""
    rest = remainder(document, wrong, _STAND_INS)
    file, _ = read_as(SweepFile, rest.document)
    if file is None:
        return
    found = [*_problems(file)]
    if ("scenario",) in rest.document.keys:
        found += _scenario_problems(file, rest.document)
    untold = {"where"} if "axes" in rest.lost else set()
    yield from rest.of_the_whole(each for each in found if each.path[0] not in untold)


def _problems(file: SweepFile) -> Iterator[Problem]:
    """What can be told of a file by itself."""
    yield from axes_problems(file)
    for key, values in (("relays", file.relays), ("seeds", file.seeds)):
        if problem := repeated(values):
            yield Problem((key,), problem)
    sample = file.sample
    if sample.method == "grid" and sample.points is not None:
        yield Problem(("sample", "points"), "a grid has all points; write method: sobol, or no points", at_key=True)
    if sample.method != "grid" and sample.points is None:
        yield Problem(("sample",), f"'points' is missing; add points: 64 to method: {sample.method}")
    if sample.method != "grid" and not file.axes:
        yield Problem(("sample",), "there are no axes to sample; add axes, or leave out sample")
    yield from constraint_problems(file.where, _values(file))


def _values(file: SweepFile) -> Mapping[str, tuple[AxisValue, ...]]:
    """Of each axis its values, or the ends of its range."""
    found: dict[str, tuple[AxisValue, ...]] = {}
    for entry in file.axes:
        ends = tuple(each for each in (entry.first, entry.last) if each is not None)
        if values := entry.values or ends:
            found[axis_name(entry)] = values
    return {**found, **({RELAY: file.relays} if file.relays else {}), **({SEED: file.seeds} if file.seeds else {})}


def _scenario_problems(file: SweepFile, document: Document) -> Iterator[Problem]:
    """What is wrong with the scenario, or with it once one value of one axis is set."""
    path = document.path_of(file.scenario, ("scenario",))
    try:
        load_plan(path)
    except ScenarioError as error:
        yield Problem(("scenario",), _said(error))
        return
    for index, kind in enumerate(file.relays):
        folder = _kind(kind, document)
        for problem in _set_problem(path, f"relays.kind={folder}", ("relays", index)):
            yield replace(problem, message=problem.message.replace(quoted(folder), quoted(kind)))
    for index, entry in enumerate(file.axes):
        for number, value in enumerate(entry.values or ()):
            yield from _set_problem(path, f"{entry.path}={value_text(value)}", ("axes", index, "values", number))
        for key, end in (("from", entry.first), ("to", entry.last)):
            if entry.values is None and end is not None:
                yield from _set_problem(path, f"{entry.path}={value_text(end)}", ("axes", index, key))


def _set_problem(path: Path, override: str, at: tuple[str | int, ...]) -> Iterator[Problem]:
    """The problem of a scenario that has another value. Problems of a path that is not there are those of its key."""
    try:
        load_plan(path, overrides=[override])
    except ScenarioError as error:
        of_path = error.file == f"--set {override}" and (
            "unknown key" in error.message or "has no parts" in error.message
        )
        yield Problem((*at[:2], "set") if of_path and at[0] == "axes" else at, _said(error))


def _said(error: ScenarioError) -> str:
    """The first problem of a scenario; where, unless the argument that is at fault says it."""
    where = error.file if error.mark is None else f"{error.file}:{error.mark.line}"
    more = f" (and {len(error.others)} more)" if error.others else ""
    return f"{error.message}{more}" if where.startswith("--set ") else f"{where}: {error.message}{more}"


def _kind(kind: str, document: Document) -> str:
    """A relay kind as an override has it, of which a folder counts from the current one."""
    return str(document.path_of(kind, ("relays",)).resolve()) if "/" in kind else kind


def _space(file: SweepFile, document: Document) -> Space:
    axes: tuple[Axis, ...] = tuple(map(axis_of, file.axes))
    values = _values(file)
    where = tuple(constraint(text, values) for text in file.where)
    kinds = tuple(_kind(kind, document) for kind in file.relays)
    return Space(axes, kinds, file.seeds, file.repeats, where, file.sample)


def _require_combinations(sweep: Sweep, document: Document) -> None:
    """ScenarioError if there are no combinations or, where they are few, if one of them makes no scenario."""
    if next(sweep.space.combinations(), None) is None:
        raise document.error([Problem(("where",), "no combination meets all of this; leave out a line")])
    if sweep.space.size > CHECKED:
        return
    wrong: dict[str, None] = {}
    for combination in islice(sweep.space.combinations(), CHECKED):
        try:
            sweep.maker.plan(combination)
        except ScenarioError as error:
            text = ", ".join(f"{name}={value}" for name, value in sweep.space.point(combination).items())
            wrong[f"{_said(error)} (with {text}); leave it out by where"] = None
    if wrong:
        first, *others = (ScenarioError(document.file, text, START) for text in wrong)
        raise ScenarioError(first.file, first.message, document.values.get(("axes",), START), others)
