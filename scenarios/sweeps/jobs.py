"""From a combination of a sweep to a job: the plan to play, and the key under which its result is kept."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from results.run_files.documents import dump_line
from results.run_files.plan import Plan
from results.sweeps.result import AxisValue
from scenarios.errors import ScenarioError
from scenarios.language import yamlfile
from scenarios.language.library import load_plan
from scenarios.sweeps.space import SEEDS, Combination, Space
from scenarios.sweeps.versions import kind_version

_DIGITS = 32


@dataclass(frozen=True, slots=True)
class Job:
    """A run to play. `point`: the value of each axis, by name; `kinds`: version of each relay program, by folder."""

    key: str
    plan: Plan
    point: Mapping[str, AxisValue]
    repeat: int
    kinds: Mapping[str, str]

    @property
    def label(self) -> str:
        """What is said of it to the user."""
        texts = [f"{name}={value}" for name, value in self.point.items()]
        return "  ".join([*texts, f"seed={self.plan.seed}"] if "seed" not in self.point else texts)


@dataclass(frozen=True, slots=True)
class JobMaker:
    """Makes the jobs of a space. `scenario`: the file; `seed`: the scenario's own; `code`: version of the code."""

    scenario: Path
    space: Space
    seed: int
    code: str

    def jobs(self) -> Iterator[Job | ScenarioError]:
        """A job for each combination, or what is wrong with the scenario that it makes."""
        version = cache(kind_version)
        for combination in self.space.combinations():
            try:
                plan = self.plan(combination)
            except ScenarioError as error:
                yield error
                continue
            kinds = {each.folder: version(Path(each.folder)) for each in plan.relays.programs.values()}
            key = job_key(plan, self.code, kinds, combination.repeat)
            yield Job(key, plan, self.space.point(combination), combination.repeat, kinds)

    def kinds(self) -> dict[str, str]:
        """The version of each relay program of the scenario and of the sweep's relay kinds, by its folder."""
        overrides = [[], *([f"relays.kind={kind}"] for kind in self.space.relays)]
        plans = [load_plan(self.scenario, overrides=each) for each in overrides]
        folders = dict.fromkeys(each.folder for plan in plans for each in plan.relays.programs.values())
        return {folder: kind_version(Path(folder)) for folder in folders}

    def plan(self, combination: Combination) -> Plan:
        """The plan of a combination. ScenarioError."""
        overrides = [
            *(
                f"{axis.path}={value_text(value)}"
                for axis, value in zip(self.space.axes, combination.values, strict=True)
            ),
            *([] if combination.relay is None else [f"relays.kind={combination.relay}"]),
        ]
        seed = combination.seed
        if seed is None and combination.repeat:
            seed = (self.seed + combination.repeat) % SEEDS
        return load_plan(self.scenario, seed=seed, overrides=overrides)


def job_key(plan: Plan, code: str, kinds: Mapping[str, str], repeat: int) -> str:
    """A hash of what is played: equal for runs of which one can stand for the other, whatever the file is called."""
    played = dump_line(replace(plan, command=(), description="", environment=None))
    text = json.dumps([played, code, sorted(kinds.items()), repeat])
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]


def value_text(value: AxisValue) -> str:
    """A value as `--set` takes it: one that would be read as something else is in quotes."""
    text = value if isinstance(value, str) else json.dumps(value)
    try:
        plain = yamlfile.parse_scalar(text, text) == value
    except ScenarioError:
        plain = False
    return text if plain else json.dumps(text)
