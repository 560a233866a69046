"""Makes a bundle of a run directory, and says what a reader of it will miss."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from results.run_files.captured import NOTHING_CAPTURED
from results.run_files.document_error import DocumentError
from results.run_files.plan import Plan
from results.run_files.plan_formats import read_plan
from results.run_files.run_dir import RunDir
from scenarios.bundles.archive import files_in, write_bundle
from scenarios.bundles.manifest import FORMAT, Manifest
from scenarios.bundles.redacted_run import redacted
from scenarios.errors import ScenarioError
from scenarios.language.inputs import LIST, arguments_of
from scenarios.language.library import load_plan
from scenarios.run.reporting import is_over


@dataclass(frozen=True, slots=True)
class Bundled:
    """A bundle that was written. `remarks`: what it lacks, a sentence each."""

    path: Path
    manifest: Manifest
    remarks: tuple[str, ...]


def bundle(run: RunDir, target: Path, version: str, *, redact: bool) -> Bundled:
    """Write a run directory as a bundle. ScenarioError if the run still lasts; DocumentError without a readable plan;
    OSError."""
    if not is_over(run):
        raise ScenarioError(str(run.root), "the run still lasts; bundle it when it is over", None)
    plan = read_plan(run.plan)
    about = Manifest(FORMAT, version, plan.scenario, plan.seed, redact, {})
    remarks = tuple(_remarks(run, plan))
    if not redact:
        return Bundled(target, write_bundle(target, files_in(run.root), about), remarks)
    with TemporaryDirectory(prefix="blipnet-redacted-") as folder:
        copy = redacted(run, Path(folder) / "run")
        about = replace(about, scenario=read_plan(copy.plan).scenario)
        return Bundled(target, write_bundle(target, files_in(copy.root), about), remarks)


def same_inputs(one: Plan, other: Plan) -> bool:
    """Whether two plans are the same but for the machine: environment, captures, and where relay programs lie."""
    first, second = (
        replace(plan, environment=None, captured=NOTHING_CAPTURED, relays=replace(plan.relays, programs={}))
        for plan in (one, other)
    )
    return first == second


def _remarks(run: RunDir, plan: Plan) -> Iterator[str]:
    if not (run.inputs / LIST).exists():
        yield "it cannot be played again: the run directory has no inputs, as those of earlier versions"
        return
    for name, program in plan.relays.programs.items():
        yield f"the relay program {name} ({program.folder}) is not in it; who plays it needs it there, or --relay"
    try:
        made = _made_again(run)
    except (ScenarioError, DocumentError, OSError) as error:
        yield f"it cannot be played again as it is: {str(error).splitlines()[0]}"
        return
    if not same_inputs(made, plan):
        yield "its inputs are not those of the run: a file was changed while it was read, or since by hand"


def _made_again(run: RunDir) -> Plan:
    """The plan that the kept inputs give; from a copy, because not every path can stand in a scenario."""
    with TemporaryDirectory(prefix="blipnet-inputs-") as folder:
        inputs = Path(shutil.copytree(run.inputs, Path(folder) / "inputs"))
        path, seed, overrides = arguments_of(inputs)
        return load_plan(path, seed=seed, overrides=overrides)
