"""Plays plans for the command `run`, and has what is known of them written whatever ends that."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from time import monotonic

from results.run_files.plan import Plan
from scenarios.cli.expectation_cases import Source
from scenarios.cli.outputs import Outputs
from scenarios.suites.attempts import Attempt
from scenarios.suites.standings import Trial, trial_of


def tried(
    plans: Sequence[Plan],
    tries: Sequence[Callable[[], Sequence[Attempt]]],
    outputs: Outputs,
    sources: Mapping[str, Source],
) -> list[Trial]:
    """Play plans, each by its function; what is known so far is written whatever ends it."""
    trials: list[Trial] = []
    try:
        for plan, play in zip(plans, tries, strict=True):
            begun_s = monotonic()
            made = play()
            trials.append(trial_of(plan.relays.version, plan.scenario, made, monotonic() - begun_s))
    finally:
        outputs.write(trials, len(plans), sources, os.environ)
    return trials
