"""Turns a checked scenario file into the plan of a run. Pure."""

from __future__ import annotations

from relay_app.streams import ConnectionGroup, SessionGroup
from results.run_files.plan import Plan, RelaySettings
from scenarios.language.expectations import expectation
from scenarios.language.schema import ScenarioFile
from scenarios.language.semantics import connection_name, group_name
from topologies.model import Topology


def plan_of(scenario: ScenarioFile, topology: Topology) -> Plan:
    """The plan of a scenario that has no problems, without an environment."""
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
            version=scenario.relays.version,
            versions=dict(scenario.relays.versions),
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
