"""Finds the project's topologies and scenarios, and makes the plan of a run from a scenario file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import reduce
from pathlib import Path

import scenarios
from relay_app.streams import ConnectionGroup, SessionGroup
from results.run_files.plan import Plan, RelaySettings
from scenarios.errors import ScenarioError
from scenarios.language import consents, permissions, semantics, yamlfile
from scenarios.language.calls import calls_of
from scenarios.language.document import Document, Problem
from scenarios.language.expectation_names import Names, connection_name
from scenarios.language.expectations import expectations
from scenarios.language.overrides import Override, overridden, parse_override
from scenarios.language.partial import remainder
from scenarios.language.recordings import with_recordings
from scenarios.language.relay_kinds import RelayKinds, relay_kinds
from scenarios.language.relay_problems import kind_problems, succession_problems
from scenarios.language.schema import ScenarioFile, read_as, validated
from scenarios.language.session_media import group_name, media_of_groups
from scenarios.language.topology_files import topology_of
from scenarios.language.traces import with_traces
from scenarios.language.values import LONGEST_SPAN
from scenarios.language.webrtc_semantics import call_groups, turn_problems
from topologies.model import Topology


def plan_of(scenario: ScenarioFile, topology: Topology, kinds: RelayKinds) -> Plan:
    """The plan of a scenario that has passed all checks; its environment is None. `kinds`: its relay kinds."""
    names = Names.of(scenario, topology)
    return Plan(
        scenario=scenario.name,
        description=scenario.description,
        seed=scenario.seed,
        duration_ns=scenario.duration,
        topology=topology,
        sessions=tuple(
            SessionGroup(
                group_name(group, index),
                *group.between,
                group.count,
                media.name,
                group.path == "relayed",
                calls_of(scenario.sessions, index, scenario.duration),
                group.permission.permission() if group.permission else None,
                media.own,
                group.consent.consent() if group.consent else None,
            )
            for index, (group, media) in enumerate(media_of_groups(scenario.sessions))
        ),
        relays=RelaySettings(
            directory=scenario.directory or topology.clusters[0].name,
            warm=dict(scenario.relays.warm),
            version=kinds.names[scenario.relays.kind],
            versions={cluster: kinds.names[kind] for cluster, kind in scenario.relays.kinds.items()},
            programs=kinds.programs,
            idle_ns=scenario.relays.idle,
            lock_audit=scenario.relays.lock_audit,
            capacity={cluster: int(rate) for cluster, rate in scenario.relays.capacity.items()},
        ),
        controller=scenario.controller,
        faults=tuple(kinds.named(fault) for event in scenario.events for fault in event.faults(topology)),
        connections=tuple(
            ConnectionGroup(connection_name(group), *group.between, group.count, group.kind)
            for group in scenario.connections
        ),
        webrtc=call_groups(scenario.webrtc),
        expectations=tuple(each for text in scenario.expect for each in expectations(text, names)),
        wire_tick_ns=scenario.emulation.wire_tick,
        links=scenario.emulation.links,
        clock_shift=scenario.emulation.clock_shift,
        fidelity=scenario.fidelity,
    )


LIBRARY = Path(scenarios.__file__).parent


def scenario_files(library: Path = LIBRARY) -> tuple[Path, ...]:
    """Files of all scenarios of the project."""
    return tuple(sorted(library.rglob("*.yaml")))


def standard_scenarios(library: Path = LIBRARY) -> tuple[Path, ...]:
    """Files of the scenarios that a relay version must pass before it is deployed."""
    return tuple(sorted((library / "suite").glob("*.yaml")))


def description_of(path: Path) -> str:
    """What a scenario shows, whether the relays that it names are installed or not. ScenarioError."""
    return validated(ScenarioFile, yamlfile.read(path)).description


def load_plan(path: Path, *, seed: int | None = None, overrides: Sequence[str] = ()) -> Plan:
    """The plan of the scenario in a file; its environment is None. Only reads files.

    `overrides`: texts `path=value`, applied in order; `seed`, if given, is applied last. ScenarioError.
    """
    changes = [parse_override(text) for text in overrides]
    if seed is not None:
        changes.append(Override(("seed",), seed, f"--seed {seed}"))
    document = overridden(yamlfile.read(path), changes)
    scenario, wrong = read_as(ScenarioFile, document)
    if scenario is None:
        raise _error_of_all(document, wrong)
    topology, traced = topology_of(document), with_traces(scenario, document)
    scenario, unread = with_recordings(traced.scenario, document)
    if error := traced.error(document, (*unread, *semantics.problems(scenario, topology))):
        raise error
    plan = plan_of(scenario, topology, relay_kinds(scenario, document))
    of_kinds = (
        *kind_problems(plan),
        *permissions.kind_problems(plan),
        *consents.kind_problems(plan),
        *succession_problems(plan, scenario.events),
    )
    if problems := (*of_kinds, *turn_problems(plan)):
        raise document.error(problems)
    return replace(plan, command=_command(path, seed, overrides))


def _command(path: Path, seed: int | None, overrides: Sequence[str]) -> tuple[str, ...]:
    """The arguments of `run_scenario.py` that play it."""
    set_ones = (word for text in overrides for word in ("--set", text))
    return ("run", str(path), *(() if seed is None else ("--seed", str(seed))), *set_ones)


_STAND_INS = {"name": "unnamed", "duration": LONGEST_SPAN}
"""With these nothing is wrong in the rest of a file that has to have them."""


def _error_of_all(document: Document, wrong: Sequence[Problem]) -> ScenarioError:
    """The error of a scenario file: what is wrong, and the problems of what is left without that."""
    rest = remainder(document, wrong, _STAND_INS)
    scenario, _ = read_as(ScenarioFile, rest.document)
    if scenario is None:
        return document.error(wrong)
    traced = with_traces(scenario, rest.document)
    scenario, unread = with_recordings(traced.scenario, rest.document)
    try:
        further = (*traced.problems, *unread, *semantics.problems(scenario, topology_of(rest.document)))
    except ScenarioError as error:
        return document.error(wrong).beside(error)
    return reduce(ScenarioError.beside, traced.errors, document.error((*wrong, *rest.of_the_whole(further))))
