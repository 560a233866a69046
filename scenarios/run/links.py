"""Starts the link back end of a run, by its name in the plan's environment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from relay_app.ports import MEDIA_PORTS
from results.run_files.plan import Plan
from results.run_files.run_dir import RunDir
from scenarios.supervision.processes import spawn
from topologies.back_ends import BackendName
from topologies.link_backend import LinkBackend
from topologies.netem.backend import NetemLinks
from topologies.wire import process as wire
from topologies.wire.backend import UserspaceWire
from topologies.wire.messages import wire_config


def _start_netem(plan: Plan, _: RunDir) -> LinkBackend:
    seed = plan.seed if plan.link_capabilities.takes_seed else None
    return NetemLinks(plan.topology, plan.topology.base_states, seed, MEDIA_PORTS)


def _start_wire(plan: Plan, run: RunDir) -> LinkBackend:
    states, fates = plan.topology.base_states, run.staged(run.link_fates)
    config = wire_config(plan.topology, states, plan.seed, plan.wire_tick_ns, media_ports=MEDIA_PORTS, fates=fates)
    links = UserspaceWire(plan.topology, states, spawn("wire", wire.serve, config, run.log("wire")).control)
    links.wait_ready()
    return links


STARTERS: Mapping[BackendName, Callable[[Plan, RunDir], LinkBackend]] = MappingProxyType(
    {"netem": _start_netem, "userspace": _start_wire}
)
"""By name of the back end: starts it, and returns when it emulates every link of the plan's topology; LinkError."""
