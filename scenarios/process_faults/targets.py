"""The processes of a run on which faults may act."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from results.run_files.faults import Cut, Process
from results.run_files.plan import Plan
from scenarios.process_faults.controller import Controller, OpenFlowConnections, controller_target
from scenarios.process_faults.directory import DirectoryLife, directory_target
from scenarios.process_faults.fault_target import FaultTarget, Target
from scenarios.process_faults.switches import SwitchDaemon, SwitchTarget
from scenarios.supervision.processes import RunProcess
from scenarios.supervision.supervised import SupervisedProcess
from topologies.interface_names import switch


def fault_targets(
    plan: Plan,
    relays: Mapping[str, SupervisedProcess[Any]],
    servers: Mapping[str, SupervisedProcess[Any]],
    directory: SupervisedProcess[DirectoryLife],
    controller: SupervisedProcess[Controller],
    openflow_proxy: RunProcess | None,
) -> dict[Process, Target]:
    """A fault target for every relay (`relays`, and the `servers` behind some: by cluster), the directory, the
    controller with the proxy in front of it, if there is one, and what of the switches faults strike."""
    return {
        **_switch_targets(plan),
        **{
            Process("relay", cluster): FaultTarget(relay, server=servers.get(cluster))
            for cluster, relay in relays.items()
        },
        Process("directory"): directory_target(directory),
        Process("controller"): controller_target(controller, plan, openflow_proxy),
    }


def _switch_targets(plan: Plan) -> dict[Process, Target]:
    struck = {fault.process for fault in plan.process_faults}
    found: dict[Process, Target] = {
        each: _switch_target(plan, each.cluster) for each in struck if each.kind == "switch"
    }
    return {**found, **({Process("switches"): SwitchDaemon()} if Process("switches") in struck else {})}


def _switch_target(plan: Plan, cluster: str) -> SwitchTarget:
    """The hook of a cut is set up only if needed."""
    ordinal = plan.topology.cluster(cluster).ordinal
    on_it = (fault for fault in plan.process_faults if fault.process == Process("switch", cluster))
    is_cut = any(isinstance(fault.action, Cut) for fault in on_it)
    return SwitchTarget(switch(ordinal), OpenFlowConnections(ordinal) if is_cut else None)
