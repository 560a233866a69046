"""The processes of a run on which faults may act."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from results.run_files.faults import Process
from results.run_files.plan import Plan
from scenarios.process_faults.controller import Controller, controller_target
from scenarios.process_faults.directory import DirectoryLife, directory_target
from scenarios.process_faults.fault_target import FaultTarget
from scenarios.supervision.supervised import SupervisedProcess


def fault_targets(
    plan: Plan,
    relays: Mapping[str, SupervisedProcess[Any]],
    servers: Mapping[str, SupervisedProcess[Any]],
    directory: SupervisedProcess[DirectoryLife],
    controller: SupervisedProcess[Controller],
) -> dict[Process, FaultTarget]:
    """A fault target for every relay (`relays`, and the `servers` behind some: by cluster), the directory and the
    controller."""
    return {
        **{
            Process("relay", cluster): FaultTarget(relay, server=servers.get(cluster))
            for cluster, relay in relays.items()
        },
        Process("directory"): directory_target(directory),
        Process("controller"): controller_target(controller, plan),
    }
