"""Puts the chosen link back end to work, with every link at its own delay."""

from __future__ import annotations

from relay_app.sessions import MEDIA_PORTS
from results.plan import Environment, Plan
from results.rundir import RunDir
from scenarios.crew import recruit
from scenarios.timeline import base_states
from topologies.links import LinkBackend
from topologies.netem.links import NetemLinks
from topologies.wire import process as wire
from topologies.wire.links import UserspaceWire
from topologies.wire.messages import wire_config


def start_links(plan: Plan, environment: Environment, run: RunDir) -> LinkBackend:
    """Start emulating every link of the plan's topology; on return all of them are in force."""
    states = base_states(plan.topology)
    if environment.link_backend == "netem":
        return NetemLinks(plan.topology, states, plan.seed if environment.link_backend_seeded else None, MEDIA_PORTS)
    fates = run.staged(run.link_fates)
    config = wire_config(plan.topology, states, plan.seed, plan.wire_tick_ns, media_ports=MEDIA_PORTS, fates=fates)
    carrier = UserspaceWire(plan.topology, states, recruit("wire", wire.serve, config, run.log("wire")).control)
    carrier.wait_ready()
    return carrier
