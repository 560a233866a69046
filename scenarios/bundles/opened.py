"""A bundle that is unpacked to be played again, and what its run was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from results.run_files.document_error import DocumentError
from results.run_files.plan import Plan
from results.run_files.plan_formats import read_plan
from results.run_files.run_dir import RunDir
from scenarios.bundles.archive import unpack
from scenarios.bundles.bundling import same_inputs
from scenarios.bundles.manifest import Manifest
from scenarios.errors import ScenarioError
from scenarios.language.capture_points import with_captures
from scenarios.language.inputs import LIST, Arguments, arguments_of
from scenarios.language.library import load_plan


@dataclass(frozen=True, slots=True)
class Changes:
    """What is to be otherwise than in the bundle's run."""

    seed: int | None = None
    overrides: tuple[str, ...] = ()
    captured: tuple[str, ...] = ()

    @property
    def words(self) -> tuple[str, ...]:
        """As arguments of `run`."""
        seed = () if self.seed is None else ("--seed", str(self.seed))
        return (*seed, *(word for each in self.overrides for word in ("--set", each)))


@dataclass(frozen=True, slots=True)
class Opened:
    """A bundle. `file`: as the user calls it; `run`: its run directory, unpacked; `plan`: what is to be played, with
    its changes; `made_of`: of what that is made. `remark`: that it is not what was played, though nothing is changed.
    """

    file: Path
    manifest: Manifest
    run: RunDir
    plan: Plan
    made_of: Arguments
    remark: str | None


def open_bundle(file: Path, folder: Path, changes: Changes, version: str) -> Opened:
    """Unpack a bundle into an empty folder and make its plan. ScenarioError, DocumentError: it is none, is broken, or
    cannot be played here."""
    manifest = unpack(file, folder)
    run = RunDir(folder)
    if not (run.inputs / LIST).exists():
        raise ScenarioError(str(file), "its run directory has no inputs, so that it cannot be played again", None)
    try:
        recorded = read_plan(run.plan)
        made_of = arguments_of(run.inputs, changes.seed, changes.overrides)
        plan = load_plan(made_of.path, seed=made_of.seed, overrides=made_of.overrides)
    except DocumentError as error:
        raise ScenarioError(str(file), str(error), None) from None
    except ScenarioError as error:
        raise _renamed(error, f"{folder}/", f"{file}: ") from None
    changed = changes.seed is not None or changes.overrides
    remark = None if changed or same_inputs(plan, recorded) else _differs(manifest, version)
    plan = replace(plan, command=("run", str(file), *changes.words))
    return Opened(file, manifest, run, with_captures(plan, changes.captured), made_of, remark)


def _differs(manifest: Manifest, version: str) -> str:
    return f"its scenario makes another plan here than where it was played, by {manifest.blipnet}; this is {version}"


def _renamed(error: ScenarioError, folder: str, name: str) -> ScenarioError:
    """The error with the bundle in place of where it was unpacked."""

    def renamed(text: str) -> str:
        return text.replace(folder, name)

    others: Sequence[ScenarioError] = [_renamed(each, folder, name) for each in error.others]
    return ScenarioError(renamed(error.file), renamed(error.message), error.mark, others)
