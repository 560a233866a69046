"""Finds the project's topologies and scenarios, and makes the plan of a run from a scenario file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import scenarios
import topologies
from relay_app.streams import ConnectionGroup, SessionGroup
from results.run_files.plan import Plan, RelaySettings
from scenarios.language import semantics, yamlfile
from scenarios.language.document import DataPath, Document, Problem
from scenarios.language.expectations import expectation
from scenarios.language.overrides import Override, overridden, parse_override
from scenarios.language.partial import remainder
from scenarios.language.quantities import time_text
from scenarios.language.relay_kinds import RelayKinds, kind_problems, relay_kinds
from scenarios.language.schema import MAX_CLUSTERS, LinkEntry, ScenarioFile, TopologyFile, read_as, validated
from scenarios.language.semantics import connection_name, group_name
from scenarios.language.values import LONGEST_SPAN
from scenarios.language.wording import quoted, suggestion
from topologies.model import Cluster, Link, Topology


def plan_of(scenario: ScenarioFile, topology: Topology, kinds: RelayKinds) -> Plan:
    """The plan of a scenario that has passed all checks; its environment is None. `kinds`: its relay kinds."""
    clusters = [cluster.name for cluster in topology.clusters]
    groups = [connection_name(group) for group in scenario.connections]
    return Plan(
        scenario=scenario.name,
        description=scenario.description,
        seed=scenario.seed,
        duration_ns=scenario.duration,
        topology=topology,
        sessions=tuple(
            SessionGroup(group_name(group, index), *group.between, group.count, group.media, group.path == "relayed")
            for index, group in enumerate(scenario.sessions)
        ),
        relays=RelaySettings(
            directory=scenario.directory or topology.clusters[0].name,
            warm=dict(scenario.relays.warm),
            version=kinds.names[scenario.relays.kind],
            versions={cluster: kinds.names[kind] for cluster, kind in scenario.relays.kinds.items()},
            programs=kinds.programs,
            idle_ns=scenario.relays.idle,
            lock_audit=scenario.relays.lock_audit,
        ),
        controller=scenario.controller,
        faults=tuple(fault for event in scenario.events for fault in event.faults(topology)),
        connections=tuple(
            ConnectionGroup(connection_name(group), *group.between, group.count, group.kind)
            for group in scenario.connections
        ),
        expectations=tuple(expectation(text, clusters, groups) for text in scenario.expect),
        wire_tick_ns=scenario.emulation.wire_tick,
        links=scenario.emulation.links,
        clock_shift=scenario.emulation.clock_shift,
        fidelity=scenario.fidelity,
    )


CATALOGUE = Path(topologies.__file__).parent / "catalogue"


def topology_names(catalogue: Path = CATALOGUE) -> tuple[str, ...]:
    """Names of all topologies in a catalogue."""
    return tuple(sorted(path.stem for path in catalogue.glob("*.yaml")))


def load_topology(name: str, catalogue: Path = CATALOGUE) -> Topology:
    """A topology by its name, which must be one of `topology_names`; ScenarioError if its file is wrong."""
    return read_topology(catalogue / f"{name}.yaml")


def read_topology(path: Path) -> Topology:
    """The topology in a file; ScenarioError if it is wrong."""
    document = yamlfile.read(path)
    file = validated(TopologyFile, document)
    problems = (*_name_problems(file, path.stem), *_cluster_problems(file), *_link_problems(file))
    if problems:
        raise document.error(problems)
    clusters = tuple(Cluster(cluster.name, ordinal) for ordinal, cluster in enumerate(file.clusters, start=1))
    return Topology(file.name, clusters, tuple(map(_link, file.links)))


def _link(entry: LinkEntry) -> Link:
    source = entry.source or f"assumption: {entry.assumption}"
    return Link(*entry.between, one_way_ns=entry.rtt // 2, jitter_ns=entry.jitter, source=source)


def _name_problems(file: TopologyFile, stem: str) -> Iterator[Problem]:
    if file.name != stem:
        yield Problem(("name",), f"the name {quoted(file.name)} is not the file's; write {stem}")


def _cluster_problems(file: TopologyFile) -> Iterator[Problem]:
    names = [cluster.name for cluster in file.clusters]
    if not 2 <= len(names) <= MAX_CLUSTERS:
        yield Problem(("clusters",), f"the number of clusters is {len(names)}; write 2 to {MAX_CLUSTERS}")
    for index, name in enumerate(names):
        if name in names[:index]:
            yield Problem(("clusters", index, "name"), f"there is already a cluster {quoted(name)}; rename one")


def _link_problems(file: TopologyFile) -> Iterator[Problem]:
    seen: set[frozenset[str]] = set()
    for index, entry in enumerate(file.links):
        yield from _end_problems(entry, ("links", index, "between"), [cluster.name for cluster in file.clusters])
        yield from _figure_problems(entry, ("links", index))
        ends = frozenset(entry.between)
        if ends in seen:
            yield Problem(("links", index, "between"), f"the link {'–'.join(entry.between)} is there already; keep one")
        seen.add(ends)


def _end_problems(entry: LinkEntry, path: DataPath, names: list[str]) -> Iterator[Problem]:
    for end, name in enumerate(entry.between):
        if name not in names:
            yield Problem((*path, end), f"unknown cluster {quoted(name)}; {suggestion(name, names)}")
    if entry.between[0] == entry.between[1]:
        yield Problem((*path, 1), f"{quoted(entry.between[1])} twice; write two different clusters")


def _figure_problems(entry: LinkEntry, path: DataPath) -> Iterator[Problem]:
    if (entry.source is None) == (entry.assumption is None):
        given = "neither source nor assumption" if entry.source is None else "both source and assumption"
        yield Problem(path, f"{given}; say in exactly one of them where the rtt comes from")
    if entry.jitter > entry.rtt // 2:
        half = time_text(entry.rtt // 2)
        yield Problem((*path, "jitter"), f"more jitter than the one-way delay {half}; write at most {half}")


LIBRARY = Path(scenarios.__file__).parent


def scenario_files(library: Path = LIBRARY) -> tuple[Path, ...]:
    """Files of all scenarios of the project."""
    return tuple(sorted(library.rglob("*.yaml")))


def standard_scenarios(library: Path = LIBRARY) -> tuple[Path, ...]:
    """Files of the scenarios that a relay version must pass before it is deployed."""
    return tuple(sorted((library / "suite").glob("*.yaml")))


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
        raise document.error((*wrong, *_further_problems(document, wrong)))
    if problems := tuple(_problems(scenario)):
        raise document.error(problems)
    topology = load_topology(scenario.topology)
    plan = plan_of(scenario, topology, relay_kinds(scenario.relays, document))
    if problems := tuple(kind_problems(plan)):
        raise document.error(problems)
    return plan


_STAND_INS = {"name": "unnamed", "duration": LONGEST_SPAN}
"""With these nothing is wrong in the rest of a file that has to have them."""


def _further_problems(document: Document, wrong: Sequence[Problem]) -> Iterator[Problem]:
    """Problems of what is left of a scenario file without what is wrong with it."""
    rest = remainder(document, wrong, _STAND_INS)
    scenario, _ = read_as(ScenarioFile, rest.document)
    return rest.of_the_whole(_problems(scenario)) if scenario else iter(())


def _problems(scenario: ScenarioFile) -> Iterator[Problem]:
    name, names = scenario.topology, topology_names()
    if name in names:
        yield from semantics.problems(scenario, load_topology(name))
    else:
        yield Problem(("topology",), f"unknown topology {quoted(name)}; {suggestion(name, names)}")
